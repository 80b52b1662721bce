"""The Keystone and the service that `make demo` and `make run` start."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from lib.settings.loading import TEXT_VARIABLE
from tests.support.keystone import Keystone, keystone
from tests.support.service import Service, service


@contextmanager
def stack(listen: str = "127.0.0.1:0") -> Iterator[tuple[Keystone, Service]]:
    """Runs a Keystone, and the service at this address.

    The service has settings and a log file of its own. This machine may have those of a site, which must not be used.
    """
    print("Starting a Keystone. The first time, it is set up, which takes half a minute …", flush=True)
    with TemporaryDirectory(prefix="service-") as folder, keystone() as cloud:
        config, log = Path(folder) / "config.yaml", Path(folder) / "user-handler.log"
        config.write_text(f"user_handler:\n  log_file: {log}\n  allowed_auth_urls: ['{cloud.auth_url}']\n")
        with service("--config", str(config), listen=listen, **{TEXT_VARIABLE: ""}) as running:
            yield cloud, running
