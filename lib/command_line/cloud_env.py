"""The `cloud_env` of a request that was left out on the command line: from the environment, or from the config file."""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from lib.errors import Misconfigured
from lib.settings.loading import DEFAULT_PATH, PATH_VARIABLE, TEXT_VARIABLE

# The fields of cloud_env, as OpenStack's own command line names them in the environment.
VARIABLES = {
    "auth_url": "OS_AUTH_URL",
    "password": "OS_PASSWORD",
    "user_id": "OS_USER_ID",
    "username": "OS_USERNAME",
    "user_domain_name": "OS_USER_DOMAIN_NAME",
    "project_id": "OS_PROJECT_ID",
    "project_name": "OS_PROJECT_NAME",
    "project_domain_name": "OS_PROJECT_DOMAIN_NAME",
}
# The section of the config file in which the other services of Concertim find their cloud.
SECTION = "openstack"


def finder(from_config: bool) -> Callable[[], dict[str, Any]]:
    """Returns what finds a cloud_env that was left out."""
    return from_config_file if from_config else from_environment


def from_environment(environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Returns what the variables OS_… of OpenStack's command line say."""
    if not environment.get(VARIABLES["auth_url"]):
        hint = "source the openrc file of an account, or use --cloud-env-from-config"
        print(f"the request has no cloud_env, and {VARIABLES['auth_url']} is not set: {hint}", file=sys.stderr)
    found = {field: environment[name] for field, name in VARIABLES.items() if environment.get(name)}
    for part in ("user", "project"):
        # Some openrc files name the default domain by its id. cloud_env has domains by name, and takes this one.
        domain_id = environment.get(f"OS_{part.upper()}_DOMAIN_ID") or environment.get("OS_DEFAULT_DOMAIN", "")
        if domain_id.lower() == "default":
            found.setdefault(f"{part}_domain_name", domain_id)
    return found


def from_config_file() -> dict[str, Any]:
    """Returns the section `openstack` of the config file. Raises Misconfigured where it cannot be had.

    The service itself never reads it.
    """
    text, path = os.environ.get(TEXT_VARIABLE), Path(os.environ.get(PATH_VARIABLE) or DEFAULT_PATH)
    source = f"the environment variable {TEXT_VARIABLE}" if text else str(path)
    try:
        # By this loader, everything is the text that was typed.
        document = yaml.load(text or path.read_text("utf-8"), yaml.BaseLoader)  # noqa: S506 - it makes texts alone
    except OSError as error:
        raise Misconfigured(f"{source}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        # The message of the error may quote a password.
        raise Misconfigured(f"{source}: is not YAML in UTF-8") from None
    section = document.get(SECTION) if isinstance(document, dict) else None
    if not isinstance(section, dict):
        raise Misconfigured(f"{source}: has no section {SECTION}")
    return {field: section[field] for field in VARIABLES if section.get(field)}
