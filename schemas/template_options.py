"""The optional parts of a template: sheets, what is hidden, and where a person nailed the table down.

Belongs here: reading `sheet(s)`, `hidden`, `pin` and words out of a fixed choice, with file and line of a mistake.
Does not belong here: names, columns, key (template_loader.py), what the options do (connectors/excel).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, get_args

from schemas.model import Hidden, HiddenPolicy, Pin, TemplateColumn
from schemas.problems import Problem
from schemas.yaml_lines import Document

ALL_MATCHING = "all matching"
_HIDDEN = ("rows", "columns", "sheets", "filtered")
_PIN = {"sheet", "header_row", "first_column", "last_column", "last_row", "columns"}
_LAST_COLUMN = 16_384


def broken(document: Document, reason: str, *where: str | int) -> Problem:
    """Problem `template_broken` with the line of the key at `where`."""
    return Problem("template_broken", file=str(document.path), line=document.line(*where), reason=reason)


def choice(document: Document, allowed: Sequence[str], default: Any, *where: str | int) -> Any:
    """The word at `where`, or `default` where nothing is written."""
    value = document.data
    for step in where:
        value = value[step] if isinstance(step, int) else value.get(step)
        if value is None:
            return default
    if value not in allowed:
        raise broken(document, f"{where[-1]!r} must be one of {', '.join(allowed)}", *where)
    return value


def sheets(document: Document) -> tuple[tuple[str, ...], bool]:
    """(patterns in order of preference, whether every fitting sheet is read).

    `sheet: 客户*` is short for `sheets: [客户*]`; `sheets: all matching` reads every sheet that has the header,
    `sheets: {all: [华东, 华南*]}` every fitting one among those.
    """
    data = document.data
    if "sheet" in data and "sheets" in data:
        raise broken(document, "'sheet' and 'sheets' exclude each other", "sheet")
    if "sheet" in data:
        return (_sheet(document, data["sheet"], "sheet"),), False
    value = data.get("sheets", [])
    if value == ALL_MATCHING:
        return (), True
    every = isinstance(value, dict) and set(value) == {"all"}
    names = value["all"] if every else value
    if not isinstance(names, list) or ("sheets" in data and not names):
        reason = f"'sheets' must be a list of names or patterns, {{all: [...]}} or {ALL_MATCHING!r}"
        raise broken(document, reason, "sheets")
    return tuple(_sheet(document, name, "sheets") for name in names), every


def _sheet(document: Document, value: Any, *where: str | int) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return f"#{value}"
    if not isinstance(value, str) or not value.strip():
        raise broken(document, "a sheet is a name, a pattern, /a regular expression/ or a number from 1", *where)
    if len(value) > 2 and value.startswith("/") and value.endswith("/"):
        try:
            re.compile(value[1:-1])
        except re.error as error:
            raise broken(document, f"{value} is not a regular expression: {error}", *where) from error
    return value


def hidden(document: Document) -> Hidden:
    """`hidden: skip` for everything, or `hidden: {rows: skip, sheets: read}`."""
    value = document.data.get("hidden", {})
    words = get_args(HiddenPolicy)
    if isinstance(value, str):
        value = dict.fromkeys(_HIDDEN, choice(document, words, "warn", "hidden"))
    if not isinstance(value, dict) or set(value) - set(_HIDDEN):
        raise broken(
            document, f"'hidden' must be {', '.join(words)}, or a word for each of {', '.join(_HIDDEN)}", "hidden"
        )
    for name, word in value.items():
        if word not in words:
            raise broken(document, f"{name!r} must be one of {', '.join(words)}", "hidden", name)
    return Hidden(**value)


def pin(document: Document, columns: Sequence[TemplateColumn]) -> Pin:
    """`pin: {sheet:, header_row: 4 | [3, 4] | 0, first_column: B, last_column:, last_row:, columns: {code: B}}`.

    Under `columns` the keys are sources or entity columns, the values letters of the sheet.
    """
    value = document.data.get("pin", {})
    if not isinstance(value, dict) or set(value) - _PIN:
        raise broken(document, f"'pin' may hold {', '.join(sorted(_PIN))}", "pin")
    given = value.get("columns", {})
    if not isinstance(given, dict):
        raise broken(document, "'columns' of a pin must say a column's letters for each name", "pin", "columns")
    sources = {column.column: column.source for column in columns if column.column}
    sources |= {column.source: column.source for column in columns}
    places = {}
    for name, letters in given.items():
        if name not in sources:
            raise broken(document, f"{name!r} is not one of the columns", "pin", "columns", name)
        places[sources[name]] = _letters(document, letters, "pin", "columns", name)
    sheet = value.get("sheet")
    if "header_row" in value and not isinstance(value["header_row"], list) and value["header_row"] == 0 and not places:
        raise broken(document, "a table without a header (header_row: 0) needs 'columns'", "pin", "header_row")
    return Pin(
        sheet=None if sheet is None else sheet if isinstance(sheet, int) else _sheet(document, sheet, "pin", "sheet"),
        header_row=_header_row(document, value) if "header_row" in value else None,
        first_column=_letters(document, value["first_column"], "pin", "first_column")
        if "first_column" in value
        else None,
        last_column=_letters(document, value["last_column"], "pin", "last_column") if "last_column" in value else None,
        last_row=_row(document, value["last_row"], "pin", "last_row") if "last_row" in value else None,
        columns=places,
    )


def _header_row(document: Document, value: dict[str, Any]) -> tuple[int, int]:
    where = ("pin", "header_row")
    rows = value["header_row"]
    if rows == 0 and not isinstance(rows, bool):
        return 0, 0
    if isinstance(rows, list):
        if len(rows) != 2:
            raise broken(document, "'header_row' is a row, or its first and last row as [3, 4]", *where)
        first, last = (_row(document, row, *where) for row in rows)
        if first > last:
            raise broken(document, "'header_row' must name the upper row first", *where)
        return first, last
    return _row(document, rows, *where), _row(document, rows, *where)


def _row(document: Document, value: Any, *where: str | int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise broken(document, f"{where[-1]!r} must be a row number from 1", *where)
    return value


def _letters(document: Document, value: Any, *where: str | int) -> int:
    number = 0
    if isinstance(value, str) and re.fullmatch("[A-Za-z]{1,3}", value):
        for letter in value.upper():
            number = number * 26 + ord(letter) - 64
    if not 1 <= number <= _LAST_COLUMN:
        raise broken(document, f"{where[-1]!r} must be a column's letters, such as B", *where)
    return number
