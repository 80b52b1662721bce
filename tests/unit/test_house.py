"""The rules of the house that a test can hold: who may import what, and who may know what."""

import ast
import re
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import distributions
from pathlib import Path

import pytest

import handler
from tests.faults.test_changes import CHANGES
from tests.support.bodies import FUNCTIONS as BY_ROUTE
from tests.support.service import ROOT

PRODUCT = [ROOT / "handler.py", *sorted((ROOT / "lib").rglob("*.py")), *sorted((ROOT / "functions").rglob("*.py"))]


# The floors of the house, from the bottom up. A module may import from its own floor and from those below.
FLOORS = (
    ("lib.errors",),
    ("lib.request",),
    ("lib.answer",),
    ("lib.settings",),
    ("lib.call",),
    ("lib.keystone.client",),
    ("lib.keystone",),
    ("lib.operations",),
    ("lib.endpoint",),
    ("functions", "lib.serving"),
    ("lib.command_line",),
    ("handler",),
)


def module_of(path: Path) -> str:
    """Returns the name by which the module in this file is imported."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_of(path): path for path in PRODUCT}


def imported_in(tree: ast.AST) -> set[str]:
    """Returns every module that is imported in a part of a file, also for type checkers alone."""
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= (inner & MODULES.keys()) or {node.module}
    return names


def packages_in(tree: ast.AST) -> set[str]:
    """Returns the top-level packages that are imported in a part of a file."""
    return {name.partition(".")[0] for name in imported_in(tree)}


def floor_of(module: str) -> int:
    """Returns on which floor a module is: that of the longest name which is its own or one of its packages'."""
    fitting = [
        (len(name), floor)
        for floor, names in enumerate(FLOORS)
        for name in names
        if module == name or module.startswith(f"{name}.")
    ]
    assert fitting, f"{module} is on no floor: put it into a folder that is, or add its folder to FLOORS"
    return max(fitting)[1]


@pytest.mark.parametrize("module", sorted(MODULES.keys() - {"lib"}))
def test_no_module_imports_from_a_floor_above_its_own(module: str) -> None:
    """So a reader can understand each floor without those above it."""
    imported = imported_in(ast.parse(MODULES[module].read_text())) & MODULES.keys()
    assert [one for one in sorted(imported - {"lib"}) if floor_of(one) > floor_of(module)] == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    """A circle can only be understood, loaded and tested as a whole."""
    graph = {name: imported_in(ast.parse(path.read_text())) & MODULES.keys() for name, path in MODULES.items()}
    assert {*TopologicalSorter(graph).static_order()} == MODULES.keys()


def test_a_circle_of_modules_is_found() -> None:
    """Otherwise the test before this one would prove nothing."""
    with pytest.raises(CycleError):
        [*TopologicalSorter({"one": {"other"}, "other": {"one"}}).static_order()]


@pytest.mark.parametrize("path", PRODUCT, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_imports_only_what_is_its_own_business(path: Path) -> None:
    """Keystone's libraries belong to lib/keystone/client, werkzeug to lib/serving, waitress and PyJWT to one file."""
    imported = packages_in(ast.parse(path.read_text()))
    if path.parent.name != "client":
        assert not imported & {"keystoneauth1", "keystoneclient", "requests", "urllib3"}
    assert "werkzeug" not in imported or path.parent.name == "serving"
    assert "waitress" not in imported or path.name == "server.py"
    assert "jwt" not in imported or path.name == "auth.py"


@pytest.mark.parametrize("path", PRODUCT, ids=lambda path: str(path.relative_to(ROOT)))
def test_error_statuses_are_known_to_one_file(path: Path) -> None:
    """Two files know where a range of statuses begins: endpoint.py and answers.py."""
    numbers = {node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)}
    known = {number for number in numbers if isinstance(number, int) and 400 <= number < 600}
    allowed = {"endpoint.py": {500}, "answers.py": {400, 500}}.get(path.name, set())
    assert path.name == "errors.py" or known <= allowed


def test_every_file_says_what_it_is_for() -> None:
    """In one sentence at its top."""
    for path in PRODUCT:
        assert (ast.get_docstring(ast.parse(path.read_text())) or "").endswith("."), path


def test_requirements_pin_everything_that_is_installed() -> None:
    """And nothing that is not: a fresh build gets what was tested."""
    names = ("requirements.txt", "requirements-dev.txt")
    lines = [line for name in names for line in (ROOT / name).read_text().splitlines()]
    pinned = {spelled(line) for line in lines if "==" in line}
    installed = {spelled(f"{one.name}=={one.version}") for one in distributions()}
    # Every virtual environment brings its own pip; up to Python 3.11 its own setuptools, too.
    assert {one for one in pinned ^ installed if not one.startswith(("pip==", "setuptools=="))} == set()


def spelled(requirement: str) -> str:
    """A requirement with its name spelled in the one way that pip compares by."""
    return re.sub("[-_.]+", "-", requirement.partition("==")[0]).lower() + "==" + requirement.partition("==")[2]


FUNCTIONS = sorted({path.stem for path in (ROOT / "functions").glob("*.py")} - {"__init__"})


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_is_served_and_has_the_name_of_its_file(function: str) -> None:
    """The tests of the promise go by the table of functions, so they would not try a function that is not in it."""
    assert function in handler.FUNCTIONS, f"handler.ROUTES has no row for functions/{function}.py"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_is_called_by_a_test_of_its_own(function: str) -> None:
    """The tests that go by the table of routes show that nothing breaks, and not that it does what it is for."""
    tests = [
        path.read_text()
        for folder in ("unit", "cloud", "operators")
        for path in (ROOT / "tests" / folder).glob("test_*.py")
    ]
    calls = [text for text in tests if re.search(rf"\b{function}\(", text)]
    assert calls, f"no test in tests/cloud calls {function}: add tests/cloud/test_{function}.py"


WRITING = {name for name, one in handler.FUNCTIONS.items() if one.model.changes_cloud}


@pytest.mark.parametrize("function", sorted(WRITING - {"create_user_project"}))
def test_every_function_that_writes_is_tried_with_faults(function: str) -> None:
    """`make faults` breaks each call of what is in CHANGES. The sign-up has trials of its own."""
    tried = {BY_ROUTE[change.route].__name__ for change in CHANGES if change.route in BY_ROUTE}
    assert function in tried, f"CHANGES in tests/faults/test_changes.py has no row for {function}"


@pytest.mark.parametrize("function", sorted({*FUNCTIONS} - {"running"}))
def test_every_function_is_tried_with_the_rights_that_the_policy_gives(function: str) -> None:
    """Whoever applies the policy in SECURITY.md relies on it for every function."""
    page = (ROOT / "tests" / "security" / "test_rights.py").read_text()
    assert re.search(rf"\bask\({function}[,)]", page), f"tests/security/test_rights.py does not ask {function}"


@pytest.mark.parametrize(
    ("package", "wrapper"), [("a2wsgi", "asgi"), ("serverless_wsgi", "aws_lambda"), ("azure", "azure_function")]
)
def test_what_a_host_needs_is_imported_by_its_wrapper_alone(package: str, wrapper: str) -> None:
    """And is not among the requirements of the service."""
    tree = ast.parse((ROOT / "lib" / "serving" / "adapters.py").read_text())
    [own] = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == wrapper]
    assert package in packages_in(own)
    assert package not in packages_in(ast.Module([node for node in tree.body if node is not own], []))
    assert package.replace("_", "-") not in (ROOT / "requirements.txt").read_text().lower()
