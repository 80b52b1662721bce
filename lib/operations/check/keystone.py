"""Whether Keystone writes to the domain of Concertim's users, and sends its lists to the end."""

from lib.answer.operations import CheckItem
from lib.keystone import domains
from lib.keystone.client.connection import Connection
from lib.keystone.client.problems import REFUSALS
from lib.operations.check.items import ok, problem, unknown, warning

# Digits. The users that Keystone keeps by itself have ids of 32.
MAPPED_ID = 64
ELSEWHERE = "Name a domain that Keystone keeps by itself in the setting user_domain."


def writable_items(cloud: Connection) -> list[CheckItem]:
    """Returns whether users can be written to their domain, as far as Keystone's database tells its driver."""
    check, domain_id = "user_domain", domains.user_domain_id(cloud)
    try:
        driver = cloud.probes.identity_driver(domain_id)
    except REFUSALS:
        # It is in a file, or nobody but an administrator may read it.
        driver = ""
    if driver == "ldap":
        read_only = f"The users of domain {domain_id} are in LDAP, to which Keystone cannot write."
        return [problem(check, read_only, ELSEWHERE)]
    if driver == "sql":
        return [ok(check, f"The users of domain {domain_id} are in Keystone's own database.")]
    if domain_id == cloud.identity.user_domain_id and len(cloud.identity.user_id) == MAPPED_ID:
        mapped = (
            "The id of cloud_env's account is of the kind that Keystone gives to users whom it reads from elsewhere,"
        )
        return [warning(check, f"{mapped} such as LDAP: it can perhaps not write to their domain.", ELSEWHERE)]
    return [
        unknown(
            check,
            f"No call shows whether Keystone can write users to domain {domain_id}.",
            "Look at driver in [identity] of keystone.conf, or of the domain's own file: it must be sql, and not ldap.",
        )
    ]


def list_items(cloud: Connection) -> list[CheckItem]:
    """Returns whether Keystone sends lists in pages, so that none of them is cut."""
    if cloud.probes.lists_pages():
        return [ok("lists", "Keystone sends lists in pages, so that a long one can be read to its end.")]
    return [
        unknown(
            "lists",
            "Keystone sends no lists in pages, and no call shows whether it cuts long ones.",
            "Look at list_limit in [DEFAULT], [identity], [resource] and [assignment] of keystone.conf: better none.",
        )
    ]
