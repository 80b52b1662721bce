"""The list of `call --csv`: what is wrong with it is told before anything is sent, and without a word of its cells."""

import tracemalloc

import pytest

from functions.create_team import create_team
from functions.create_user_project import create_user_project
from handler import ROUTES
from lib.command_line.csv_rows import MOST_TOLD, Mistakes, Row, Rows, text_fields
from lib.endpoint import Endpoint
from lib.request.fields import OptionalText
from lib.request.model import ForCloud
from tests.support.pages import part_of, text_of

FIELDS = (
    "The first row names the fields, with a comma and no space between:"
    " username,cloud_user_id,password,email,name,project_id,billing_account_id"
)


def rows_of(text: str | bytes, function: Endpoint = create_user_project) -> list[Row]:
    """Returns the requests in this text."""
    return [*Rows(text if isinstance(text, bytes) else text.encode(), function)]


def test_lists_are_for_the_functions_whose_request_is_flat() -> None:
    """They are found by the models, and docs/reference.md names them."""
    flat = {function.__name__ for function in ROUTES.values() if text_fields(function.model)}
    assert flat >= {"create_user_project", "create_user", "create_team"}
    assert not flat & {"delete_user", "create_team_role", "running"}
    told = part_of(text_of("docs/reference.md"), "Command line").partition("**`call --csv`**")[2]
    missing = {name for name in flat if f"`{name}`" not in told}
    assert missing == set(), "docs/reference.md does not name these functions for `call --csv`"


def test_a_request_that_names_nobody_is_not_for_lists() -> None:
    """One of a function that only looks at the cloud is such a request."""

    class Look(ForCloud):
        email: OptionalText = None

    assert text_fields(ForCloud) == text_fields(Look) == []


def test_each_row_below_the_first_is_a_request() -> None:
    """A cell is taken as it stands, quotes undone. One that is blank is not sent, and neither is a blank row."""
    text = '\ufeffusername,password,email\r\nann, "x" ,\r\n\r\n , ,\r\nbob,"a,""b""\nc",bob@site.example'
    assert rows_of(text) == [
        Row(2, {"username": "ann", "password": ' "x" '}),
        Row(5, {"username": "bob", "password": 'a,"b"\nc', "email": "bob@site.example"}),
    ]


def test_a_row_may_have_an_id_in_place_of_the_password() -> None:
    """As in any request of a person whom the cloud has already."""
    assert rows_of("username,cloud_user_id\nann,6cff3\n") == [Row(2, {"username": "ann", "cloud_user_id": "6cff3"})]
    assert rows_of("name\n\nA B\n", create_team) == [Row(3, {"name": "A B"})]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ["The list is empty."]),
        ("\n , \n", ["The list is empty."]),
        ("username,password\n", ["There is no row below the first."]),
        (
            "ann,hunter2\nbob,hunter3\n",
            [
                "row 1, column 1: names no field of create_user_project",
                "row 1, column 2: names no field of create_user_project",
                "row 1: the column username is missing",
                "row 1: the column password is missing",
                FIELDS,
            ],
        ),
        (
            "\nuser_name, password,email,email\nann,hunter2,,\n",
            [
                "row 2, column 1: names no field of create_user_project (is it username?)",
                "row 2, column 2: names no field of create_user_project (is it password?)",
                "row 2, column 4: email is there twice",
                "row 2: the column username is missing",
                "row 2: the column password is missing",
                FIELDS,
            ],
        ),
        ("cloud_user_id\n6cff3\n", ["row 1: the column username is missing", FIELDS]),
        (
            "username,password\nann,hunter2\nbob\ncid,hunter2,hunter3\n ann ,hunter2\n",
            [
                "row 3: the number of cells is 1, and 2 in the first row",
                "row 4: the number of cells is 3, and 2 in the first row",
                "row 5, column 1: the same username as in row 2",
            ],
        ),
        ('username,password\nann,x\nbob,"hunter2\ncid,x\n', ["row 3: is not CSV: unexpected end of data"]),
        ('username,password\nann,"hunter2"3\n', ["row 2: is not CSV: ',' expected after '\"'"]),
        (b"username,password\nann,x\nbob,hunter2\xff\n", ["line 3: is not UTF-8"]),
        ("username,password\nann,x\n".encode("utf-16"), ["line 1: is not UTF-8"]),
    ],
)
def test_every_mistake_in_a_list_is_told_by_row_and_column(text: str | bytes, told: list[str]) -> None:
    """No cell is quoted: where the list has no row of names, a password stands in their place."""
    with pytest.raises(Mistakes) as raised:
        rows_of(text)
    assert [*raised.value.told] == told
    assert str(raised.value) == "\n".join(told)
    assert "hunter" not in repr(raised.value)


def test_of_very_many_mistakes_the_first_are_told() -> None:
    """A wrong separator makes a mistake of each row."""
    with pytest.raises(Mistakes) as raised:
        rows_of("username,password\n" + "ann;x\n" * (MOST_TOLD + 1))
    assert len(raised.value.told) == MOST_TOLD + 1
    assert raised.value.told[MOST_TOLD] == "There are more mistakes."


def test_a_long_list_takes_little_memory() -> None:
    """What is kept of a row is its login, as no two may have the same. A list may have a hundred thousand rows."""
    count = 20_000
    data = b"username,password,name\n" + b"".join(
        b"person-%d,correct-horse,Ann Example\n" % row for row in range(count)
    )
    tracemalloc.start()
    try:
        rows = Rows(data, create_user_project)
        assert (len(rows), sum(1 for _ in rows)) == (count, count)
        assert tracemalloc.get_traced_memory()[1] < 250 * count
    finally:
        tracemalloc.stop()
