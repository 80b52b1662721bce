"""`make image`: builds the container image and proves it, with docker or else with buildah and podman."""

import argparse
import signal
import sys

from tests.support.keystone import keystone
from tools.image.bill import write_bill
from tools.image.engine import engine, prepare
from tools.image.function_hosts import prove_functions_framework, prove_lambda
from tools.image.labels import build_labelled, prove_unlabelled
from tools.image.ports import reserved_ports
from tools.image.proof import prove, prove_another_address, prove_without_files
from tools.image.site import prove_compose


def main() -> None:
    """Builds, runs and checks the image, and removes it. Exits with 1 on the first thing that is not so."""
    options = argparse.ArgumentParser(prog="make image", description=__doc__)
    options.add_argument("--if-possible", action="store_true", help="end with 0 where no image can be built")
    if_possible = options.parse_args().if_possible
    # Containers outlive this program, so it removes them then, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    why_not = prepare()
    if why_not:
        print(f"NOT TESTED: the image cannot be built here: {why_not}")
        sys.exit(0 if if_possible else 1)
    with reserved_ports(), engine() as builder, keystone() as cloud:
        try:
            build_labelled(builder)
            prove_unlabelled(builder)
            write_bill(builder)
            prove(builder, cloud)
            prove_without_files(builder, cloud)
            prove_another_address(builder)
            prove_lambda(builder, cloud)
            prove_functions_framework(builder, cloud)
            prove_compose(builder, cloud)
        finally:
            builder.clear()
    print("The image is as it should be.")


if __name__ == "__main__":
    main()
