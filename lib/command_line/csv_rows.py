"""The requests in a CSV file: its first row names their fields, and each further row is one request."""

import csv
import io
from collections.abc import Iterator
from difflib import get_close_matches
from itertools import islice
from typing import Any, NamedTuple

from lib.endpoint import Endpoint
from lib.request.model import Model
from lib.request.schemas import WHITE_SPACE

# Of more mistakes than these, the rest is likely to be more of the same.
MOST_TOLD = 20


class Mistakes(Exception):
    """What is wrong with a file. Each mistake is a sentence that quotes no cell, as any of them may hold a password."""

    def __init__(self, *told: str) -> None:
        super().__init__("\n".join(told))
        self.told = told


class Row(NamedTuple):
    """One request, without cloud_env."""

    number: int
    """The number of the row in the file, as spreadsheets have it: the row with the names of the fields is 1."""
    request: dict[str, str]


def text_fields(model: type[Model]) -> list[str]:
    """Returns the fields of a request beside cloud_env, if all are texts and one of them is required. Otherwise, none.

    Without a required one, no row could say whom or what it is about.
    """
    schema = _schema_of(model)
    fields = {name: field for name, field in schema["properties"].items() if name != "cloud_env"}
    are_texts = all("string" in field.get("type", ()) for field in fields.values())
    return [*fields] if are_texts and fields.keys() & {*schema["required"]} else []


def _schema_of(model: type[Model]) -> dict[str, Any]:
    return {"properties": {}, "required": []} | model.model_json_schema()


class Rows:
    """The requests in a CSV file. Each pass parses the text again, so that only one of them is in memory at a time."""

    def __init__(self, data: bytes, function: Endpoint) -> None:
        """Looks through the whole file, whose requests are for this function. Raises Mistakes."""
        self._data, self._function = data, function.__name__
        self._fields, self._schema = text_fields(function.model), _schema_of(function.model)
        self.named_by = [name for name in self._fields if name in self._schema["required"]]
        """The fields that say whom or what a request is about. No two rows may have the same values there."""
        self._columns: list[str] = []
        self._count = 0
        if told := [*islice(self._mistakes(), MOST_TOLD + 1)]:
            raise Mistakes(*told[:MOST_TOLD], *(["There are more mistakes."] if told[MOST_TOLD:] else []))

    def __len__(self) -> int:
        """Returns the number of requests."""
        return self._count

    def __iter__(self) -> Iterator[Row]:
        """Yields each request, without its blank cells."""
        for number, cells in islice(_parsed(self._data), 1, None):
            told = zip(self._columns, cells, strict=True)
            yield Row(number, {name: cell for name, cell in told if not _is_blank(cell)})

    def _mistakes(self) -> Iterator[str]:
        rows = _parsed(self._data)
        try:
            first, self._columns = next(rows, (0, []))
            if not first:
                yield "The list is empty."
            elif told := [*self._mistakes_in_columns()]:
                yield from (f"row {first}{one}" for one in told)
                yield f"The first row names the fields, with a comma and no space between: {','.join(self._fields)}"
            else:
                yield from self._mistakes_in_rows(rows)
        except Mistakes as error:
            yield from error.told

    def _mistakes_in_columns(self) -> Iterator[str]:
        for at, name in enumerate(self._columns):
            if name not in self._fields:
                # Without a row of names, a password stands here.
                like = get_close_matches(name.lower(), self._fields, 1)
                yield f", column {at + 1}: names no field of {self._function}{f' (is it {like[0]}?)' if like else ''}"
            elif name in self._columns[:at]:
                yield f", column {at + 1}: {name} is there twice"
        required = self.named_by
        if "if" in self._schema and not {*self._schema["if"]["required"]} & {*self._columns}:
            required = required + self._schema["else"]["required"]
        yield from (f": the column {name} is missing" for name in required if name not in self._columns)

    def _mistakes_in_rows(self, rows: Iterator[tuple[int, list[str]]]) -> Iterator[str]:
        places = [self._columns.index(name) for name in self.named_by]
        seen: dict[str, int] = {}
        for number, cells in rows:
            self._count += 1
            if len(cells) != len(self._columns):
                yield f"row {number}: the number of cells is {len(cells)}, and {len(self._columns)} in the first row"
                continue
            name = "\n".join(cells[place].strip(WHITE_SPACE) for place in places)
            if not _is_blank(name) and seen.setdefault(name, number) != number:
                same = " and ".join(self.named_by)
                yield f"row {number}, column {places[0] + 1}: the same {same} as in row {seen[name]}"
        if not self._count:
            yield "There is no row below the first."


def _parsed(data: bytes) -> Iterator[tuple[int, list[str]]]:
    """Yields the number and the cells of each row that is not blank. Raises Mistakes unless it is CSV in UTF-8."""
    number = 0
    try:
        with io.TextIOWrapper(io.BytesIO(data), "utf-8-sig", newline="") as text:
            for number, cells in enumerate(csv.reader(text, strict=True), 1):
                if not all(map(_is_blank, cells)):
                    yield number, cells
    except csv.Error as error:
        raise Mistakes(f"row {number + 1}: is not CSV: {error}") from None
    except UnicodeDecodeError:
        raise Mistakes(f"line {_line_that_is_not_utf_8(data)}: is not UTF-8") from None


def _is_blank(cell: str) -> bool:
    return not cell.strip(WHITE_SPACE)


def _line_that_is_not_utf_8(data: bytes) -> int:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return data.count(b"\n", 0, error.start) + 1
    return 0
