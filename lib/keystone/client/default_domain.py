"""How Keystone may know the domain that Concertim calls `default` or `Default`: by one of these names, or by its id."""

from lib.request.model import CloudEnv

# Keystone's bootstrap gives this name. MariaDB does not tell the two apart, and other databases do.
NAME = "Default"
# Keystone's bootstrap gives this id. Some installers give another one, and an operator may change the name.
ID = "default"


def is_default(name: str | None) -> bool:
    """Whether Concertim means Keystone's default domain by this name."""
    return name in (NAME, ID)


def ways_to_name_domains(cloud_env: CloudEnv) -> list[dict[str, str | None]]:
    """Returns the ways in which a log-in may name its domains to Keystone: as sent, by the name, and by the id.

    An account or a project that is named by its id needs no domain.
    """
    sent = {}
    if not cloud_env.user_id:
        sent["user_domain"] = cloud_env.user_domain_name
    if not cloud_env.project_id:
        sent["project_domain"] = cloud_env.project_domain_name
    ways: list[dict[str, str | None]] = [{f"{domain}_name": name for domain, name in sent.items()}]
    if any(map(is_default, sent.values())):
        ways.append({f"{domain}_name": NAME if is_default(name) else name for domain, name in sent.items()})
        ways.append(
            dict(
                (f"{domain}_id", ID) if is_default(name) else (f"{domain}_name", name) for domain, name in sent.items()
            )
        )
    return [way for index, way in enumerate(ways) if way not in ways[:index]]
