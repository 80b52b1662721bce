"""Tests of the settings: what is read, what is refused, and how each mistake is reported."""

from pathlib import Path

import pytest

from lib.errors import Misconfigured
from lib.settings.loading import PATH_VARIABLE, TEXT_VARIABLE, current, load, parse
from lib.settings.placement import PLAINLY_OURS, SECTION
from lib.settings.settings import Settings


def ours(text: str) -> str:
    """Returns a config.yaml with these lines in UserHandler's section."""
    return f"{SECTION}:\n" + "".join(f"  {line}\n" for line in text.splitlines())


def test_without_a_section_all_settings_are_the_defaults() -> None:
    """The sections of other Concertim services are ignored."""
    text = "openstack: {auth_url: http://x, password: y}\nconcertim: {default_rack_height: 42}\nrmq: [1]\n"
    assert parse(text) == (Settings(), [])
    assert parse("") == (Settings(), [])
    assert parse(f"{SECTION}:\n") == (Settings(), [])


def test_log_level_is_read_in_any_case() -> None:
    """The older service crashed on a level in lower case (its defect 18)."""
    for spelling in ("debug", "DEBUG", "Debug"):
        assert parse(f"log_level: {spelling}") == (Settings(log_level="DEBUG"), [])
    assert parse("log_level: warn") == (Settings(log_level="WARNING"), [])


def test_log_format_is_read_in_any_case() -> None:
    """It is typed in upper case as readily as log_level beside it."""
    assert parse(ours("log_format: JSON")) == (Settings(log_format="json"), [])


def test_settings_of_the_section_are_read() -> None:
    """The settings have the names that the README gives them."""
    text = ours("user_name: CM_{username}\nuser_roles: [member, reader]\nbilling_keys: false\ndeadline: 20")
    expected = Settings(user_name="CM_{username}", user_roles=("member", "reader"), billing_keys=False, deadline=20)
    assert parse(text) == (expected, [])


def test_every_mistake_is_told_with_its_line() -> None:
    """All mistakes are reported together, so that an operator can mend them in one go."""
    text = "log_level: loud\n" + ours(
        "deadlin: 3\nuser_roles: [member, admin]\nuser_name: fixed\nstanding_grants:\n- username: x\n  role: [a]"
    )
    settings, problems = parse(text)
    assert settings is None
    assert [problem.split(": ")[0:2] for problem in problems] == [
        ["line 1", "log_level"],
        ["line 3", "user_handler.deadlin"],
        ["line 4", "user_handler.user_roles"],
        ["line 5", "user_handler.user_name"],
        ["line 7", "user_handler.standing_grants.0.roles"],
        ["line 8", "user_handler.standing_grants.0.role"],
    ]


def test_a_file_that_is_no_mapping_is_refused() -> None:
    """A list, a text, broken YAML and a section that is not a mapping are refused."""
    for text, problem in {
        "- a": "line 1: must be a mapping of keys to values",
        "text": "line 1: must be a mapping of keys to values",
        f"a: 1\n{SECTION}: 7": f"line 2: {SECTION}: must be a mapping of keys to values",
        "a: 1\nb: [": "line 2: expected the node content, but found '<stream end>'",
    }.items():
        assert parse(text) == (None, [problem])


def test_log_level_inside_the_section_is_sent_to_its_place() -> None:
    """The key log_level is shared with the other services, so it belongs at the top level of the file."""
    assert parse(ours("log_level: DEBUG")) == (None, ["line 2: log_level: belongs at the top level of the file"])


def test_users_never_get_the_role_admin() -> None:
    """The older service granted admin, which makes a cloud administrator on a stock Keystone (its defect 3)."""
    settings, [problem] = parse(ours("user_roles: [admin]"))
    assert settings is None
    assert "cloud administrator" in problem


def test_a_user_has_one_role_at_least() -> None:
    """A user without any role would count as unfinished, and another sign-up could take them over."""
    assert parse(ours("user_roles: []")) == (None, ["line 2: user_handler.user_roles: must hold a role at least"])


def test_mistakes_in_another_section_are_ignored() -> None:
    """An invalid date, a repeated key and an unsafe YAML tag are ignored where other services' settings have them."""
    assert parse("rmq: {since: 2024-99-99, since: 7}\nkillbill: !!python/name:os.system\n") == (Settings(), [])


def test_values_of_another_type_are_refused() -> None:
    """A section that is no mapping, a flag in place of seconds and a file that does not exist are refused."""
    for text in (f"{SECTION}: 0", f"{SECTION}: []", f"{SECTION}: false"):
        assert parse(text) == (None, [f"line 1: {SECTION}: must be a mapping of keys to values"])
    for text in ("deadline: true", "threads: '8'", "billing_keys: 'no'", "cacert: /nonexistent"):
        settings, [problem] = parse(ours(text))
        assert settings is None
        assert problem.startswith(f"line 2: {SECTION}.{text.partition(':')[0]}: ")


def test_yaml_that_is_nested_without_end_is_refused() -> None:
    """YAML that is nested too deeply is refused with a message, and not with a traceback."""
    settings, problems = parse(f"{SECTION}: " + "[" * 3000)
    assert settings is None
    assert len(problems) == 1


def test_a_folder_in_place_of_the_file_is_explained(tmp_path: Path) -> None:
    """Docker makes a folder when the settings file to mount is missing on the host, so the message says so."""
    with pytest.raises(Misconfigured) as refused:
        load(tmp_path)
    why = "Is a directory; Docker makes one where the file to mount is missing. Remove it and put the file there."
    assert refused.value.message == f"{tmp_path}: {why}"


def test_settings_come_whole_in_an_environment_variable_where_there_are_no_files(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Function hosts without files pass the settings in a variable, which is refused beside a file that is named."""
    monkeypatch.setenv(TEXT_VARIABLE, f"log_level: debug\n{SECTION}:\n  deadline: 3\n")
    named = f"{TEXT_VARIABLE} is given beside {PATH_VARIABLE} or --config: leave one of them out"
    with pytest.raises(Misconfigured) as refused:
        current()
    assert refused.value.message == named
    monkeypatch.delenv(PATH_VARIABLE)
    assert current() == Settings(log_level="DEBUG", deadline=3)
    monkeypatch.setenv(TEXT_VARIABLE, f"{SECTION}:\n  deadline: {SECTION}-secret\n")
    with pytest.raises(Misconfigured) as refused:
        current()
    assert refused.value.message.startswith(f"environment variable {TEXT_VARIABLE}: line 2: {SECTION}.deadline: ")
    assert "secret" not in refused.value.message


def test_a_key_that_is_given_twice_is_refused() -> None:
    """YAML itself would drop the first value without a message."""
    assert parse(f"{SECTION}: {{deadline: 3}}\n{SECTION}: {{}}") == (None, [f"line 2: {SECTION}: is given twice"])
    assert parse("log_level: info\nlog_level: debug") == (None, ["line 2: log_level: is given twice"])
    assert parse(ours("threads: 3\nthreads: 4")) == (None, ["line 3: threads: is given twice"])


def test_values_that_yaml_itself_cannot_read_are_told_with_their_line() -> None:
    """Control characters, invalid dates, mappings as keys and self-references are refused with their line."""
    assert parse('a: 1\nb: "\x01"') == (None, ["line 2: special characters are not allowed"])
    assert parse(ours("deadline: 2024-99-99")) == (
        None,
        [f"line 2: {SECTION}.deadline: Input should be a valid number"],
    )
    for odd in ("{[a]: 1}", "{{a: 1}: 2}", "&a {threads: *a}"):
        settings, [problem] = parse(f"{SECTION}: {odd}")
        assert settings is None
        assert problem.startswith("line 1: ")
    assert parse(ours("user_roles: member")) == (None, [f"line 2: {SECTION}.user_roles: must be a list"])


def test_certificates_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    """Unusable certificates are refused when the service starts, rather than at every sign-up."""
    none = tmp_path / "none.pem"
    none.write_text("no certificate")
    settings, [problem] = parse(ours(f"cacert: {none}"))
    assert settings is None
    assert problem.startswith(f"line 2: {SECTION}.cacert: cannot be used as certificates: ")


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        (ours("allowed_auth_url: [a]"), "allowed_auth_url: no such setting; did you mean allowed_auth_urls?"),
        (ours("DEADLINE: 3"), "DEADLINE: no such setting; did you mean deadline?"),
        (ours("threads: 3"), "threads: no such setting; config.sample.yaml has them all"),
        (ours("loglevel: x"), "loglevel: no such setting; did you mean log_level at the top level of the file?"),
        (
            ours("user_domain_name: x"),
            "user_domain_name: no such setting; did you mean user_domain or user_domain_name in standing_grants?",
        ),
        (
            ours("team_roles: {deadline: 3}"),
            f"team_roles.deadline: no such setting; did you mean deadline in {SECTION}?",
        ),
        (
            ours("standing_grants: [{username: x, roles: [y], rols: [z]}]"),
            "standing_grants.0.rols: no such setting; did you mean roles?",
        ),
    ],
)
def test_a_key_that_is_no_setting_is_told_with_what_was_meant(text: str, mistake: str) -> None:
    """A key is often misspelt, or one level too high or too low."""
    assert parse(text) == (None, [f"line 2: {SECTION}.{mistake}"])


def test_a_setting_outside_the_section_is_a_warning_as_it_may_be_another_services() -> None:
    """Other Concertim services have settings in this file, too, some of them at its top level."""
    deadline = f"line 1: deadline: is not read here; it belongs in {SECTION}, as {SECTION}.deadline"
    assert parse("deadline: 3\n") == (Settings(), [deadline])
    # Where the section has it as well, the other one is somebody else's.
    assert parse("deadline: 3\n" + ours("deadline: 4")) == (Settings(deadline=4), [])
    secret = "belongs in the environment variable JWT_SECRET, or in a file that jwt_secret_file names"
    assert parse("jwt_secret: x\n") == (Settings(), [f"line 1: jwt_secret: is not read here; it {secret}"])
    assert parse("loglevel: x\n") == (Settings(), ["line 1: loglevel: is not read; did you mean log_level?"])
    assert parse("loglevel: x\nlog_level: info\n") == (Settings(), [])


@pytest.mark.parametrize("name", sorted(PLAINLY_OURS))
def test_a_setting_outside_the_section_that_is_plainly_ours_is_a_mistake(name: str) -> None:
    """Otherwise the site would believe, for instance, that only its own Keystone may be asked."""
    where = f"line 1: {name}: is not read here; it belongs in {SECTION}, as {SECTION}.{name}"
    assert parse(f"{name}: [http://keystone:5000]\n") == (None, [where])


@pytest.mark.parametrize("name", ["user-handler", "userhandler", "user_handlers", "UserHandler", "USER_HANDLER"])
def test_a_section_of_nearly_the_right_name_does_not_go_unseen(name: str) -> None:
    """Without any other section, its settings would silently not be in force, so it stops the start."""
    told = f"{name}: is not read; did you mean {SECTION}?"
    assert parse(f"{name}: {{deadline: 3}}\n") == (None, [f"line 1: {told}"])
    assert parse(f"{ours('deadline: 4')}{name}: {{deadline: 3}}\n") == (Settings(deadline=4), [f"line 3: {told}"])
    # Another service may say here how it reaches this one.
    assert parse(f"{name}: {{url: x}}\n") == (Settings(), [f"line 1: {told}"])
    assert parse(f"{name}: http://10.0.0.1:42356\n") == (Settings(), [])


def test_the_keys_of_other_services_are_left_alone() -> None:
    """These are all that the Concertim services have had at the top level."""
    keys = ("openstack", "concertim", "rmq", "billing_platform", "killbill", "cloud_type", "message_queue")
    assert parse("log_level: DEBUG\n" + "".join(f"{key}: {{}}\n" for key in keys)) == (Settings(log_level="DEBUG"), [])
    assert parse("user_handler_url: x\nuser_handler_db: 1\nbilling_handler: {deadline: 3}\n") == (Settings(), [])


@pytest.mark.parametrize("text", ["\tdeadline: 3", "  deadline:\t3", "  deadline: 3\t# seconds", "  user_domain: a\tb"])
def test_a_tab_is_named_as_such(text: str) -> None:
    """YAML's own message has it as an escape, which looks like what a password may hold, and so is left out."""
    assert parse(f"{SECTION}:\n{text}\n") == (None, ["line 2: a tab character where spaces are needed"])


@pytest.mark.parametrize(
    ("text", "path", "read_as"),
    [
        ("user_roles: [member, no]", "user_roles.1", "true or false"),
        ("user_roles: [12:30]", "user_roles.0", "a number"),
        ("user_domain: 0123", "user_domain", "a number"),
        ("user_domain: 1.5", "user_domain", "a number"),
        ("project_domain: 2024-01-31", "project_domain", "a date"),
        ("project_domain: 2024-99-99", "project_domain", "a date"),
        ("user_name: {username}", "user_name", "a mapping"),
        ("team_roles: {admin: ~}", "team_roles.admin", "no value"),
        ("standing_grants: [{username: yes, roles: [a]}]", "standing_grants.0.username", "true or false"),
        ("allowed_auth_urls: [off]", "allowed_auth_urls.0", "true or false"),
        ("log_file: 1", "log_file", "a number"),
        ("cacert: on", "cacert", "true or false"),
        ("jwt_secret_file: 12345678901234567890123456789012", "jwt_secret_file", "a number"),
    ],
)
def test_what_yaml_does_not_read_as_text_is_refused_with_the_advice_to_quote_it(
    text: str, path: str, read_as: str
) -> None:
    """A role or domain may be named `no` or `12:30`. The value is not quoted, as it may be a secret."""
    assert parse(ours(text)) == (None, [f"line 2: {SECTION}.{path}: YAML reads this as {read_as}; put it into quotes"])


@pytest.mark.parametrize("number", ["1:30", "010", "2:00:00", "+1:30"])
def test_a_number_that_yaml_reads_as_another_is_refused(number: str) -> None:
    """1:30 would be 90 seconds, and 010 would be 8."""
    why = "YAML reads this as another number, to base 60 or 8; write it in plain digits"
    assert parse(ours(f"deadline: {number}")) == (None, [f"line 2: {SECTION}.deadline: {why}"])
    assert parse(ours("deadline: 10.5")) == (Settings(deadline=10.5), [])


def test_true_and_false_may_be_typed_as_yaml_allows() -> None:
    """A setting that is true or false is meant as it is typed."""
    assert parse(ours("insecure: no\nbilling_keys: off")) == (Settings(insecure=False, billing_keys=False), [])
