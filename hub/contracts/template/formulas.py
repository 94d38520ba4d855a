"""Conditions of rules (SQL) as Excel formulas.

Belongs here: the translation, true exactly when SQL's answer is true: where SQL says "unknown" (a blank takes part),
the formula says no. Does not belong here: where the formulas are used (`marks.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from hub.contracts.portable import NotPortableError, parsed
from schemas.model import ColumnType

LONGEST_TEXT = 255  # characters of a text inside a formula
_OPPOSITE = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_NUMBERS = ("integer", "decimal", "date", "timestamp")


@dataclass(frozen=True)
class Cell:
    """Where a column stands in the row of the formula.

    ref: such as "$F2". spellings: {standard value: what people write for it} of code lists and yes/no.
    """

    ref: str
    type: ColumnType
    spellings: MappingABC[str, tuple[str, ...]] = field(default_factory=dict)


Cells = MappingABC[str, Cell]


def formula(sql: str, cells: Cells, *, fails: bool = False) -> str:
    """The formula (without "=") that is TRUE where the condition is true; `fails`: where it is false.

    Raises NotPortableError for what Excel cannot say, or a column that is not on the sheet.
    """
    return _said(parsed(sql), cells, not fails)


def blank(ref: str) -> str:
    """The formula for an empty cell, or one of blanks only."""
    return f"LEN(TRIM({ref}))=0"


def quoted(value: str) -> str:
    """A text inside a formula. Raises NotPortableError if it is too long for Excel."""
    if len(value) > LONGEST_TEXT:
        raise NotPortableError("text")
    return '"' + value.replace('"', '""') + '"'


def _said(node: Any, cells: Cells, wanted: bool) -> str:
    """TRUE where the node's truth is `wanted`."""
    from sqlglot import exp

    node = node.unnest()
    if isinstance(node, exp.Not):
        return _said(node.this, cells, not wanted)
    if isinstance(node, exp.And | exp.Or):
        word = "AND" if isinstance(node, exp.And) == wanted else "OR"
        return f"{word}({_said(node.left, cells, wanted)},{_said(node.right, cells, wanted)})"
    if isinstance(node, exp.Boolean):
        return "TRUE" if node.this == wanted else "FALSE"
    if isinstance(node, exp.Column):
        return _equals(node, "true" if wanted else "false", cells, True)
    if isinstance(node, exp.Is):
        return _is(node, cells, wanted)
    if isinstance(node, exp.In) and node.expressions:
        parts = [_compared(exp.EQ(this=node.this, expression=entry), cells, wanted) for entry in node.expressions]
        return f"{'OR' if wanted else 'AND'}({','.join(parts)})"
    if isinstance(node, exp.Between):
        low, high = node.args["low"], node.args["high"]
        both = exp.And(
            this=exp.GTE(this=node.this, expression=low), expression=exp.LTE(this=node.this, expression=high)
        )
        return _said(both, cells, wanted)
    if isinstance(node, exp.Like):
        return _like(node, cells, wanted)
    return _compared(node, cells, wanted)


def _is(node: Any, cells: Cells, wanted: bool) -> str:
    from sqlglot import exp

    wanted = wanted != bool(node.args.get("negate"))
    if isinstance(node.expression, exp.Null):
        empty = blank(_value(node.this, cells))
        return empty if wanted else f"NOT({empty})"
    if isinstance(node.expression, exp.Boolean):  # "is true", "is false": never unknown
        sure = _said(node.this, cells, bool(node.expression.this))
        return sure if wanted else f"NOT({sure})"
    raise NotPortableError(node.sql())


def _compared(node: Any, cells: Cells, wanted: bool) -> str:
    from sqlglot import exp

    signs = {exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">="}
    if type(node) not in signs:
        raise NotPortableError(type(node).__name__.lower())
    sign = signs[type(node)] if wanted else _OPPOSITE[signs[type(node)]]
    left, right = node.this.unnest(), node.expression.unnest()
    if sign in ("=", "<>") and isinstance(left, exp.Column) and isinstance(right, exp.Literal | exp.Boolean):
        constant = right.name if isinstance(right, exp.Literal) else str(right.this).lower()
        cell = _cell(left, cells)
        if cell.spellings or (cell.type == "string" and right.is_string):
            return _equals(left, constant, cells, sign == "=")
    first, second = _value(left, cells, _type_of(right, cells)), _value(right, cells, _type_of(left, cells))
    columns = [column for side in (left, right) for column in side.find_all(exp.Column) if not _may_be_blank(column)]
    tests = [_filled(column, cells) for column in dict.fromkeys(columns)]
    # IFERROR: arithmetic with a text gives an error, for SQL a row that is not decided.
    return f"IFERROR(AND({','.join([*tests, f'{first}{sign}{second}'])}),FALSE)"


def _equals(column: Any, constant: str, cells: Cells, wanted: bool) -> str:
    """Whether a cell holds a text, in any of its spellings."""
    cell = _cell(column, cells)
    spellings = cell.spellings.get(constant, (constant,))
    parts = [f"EXACT({cell.ref},{quoted(spelling)})" for spelling in spellings]
    if cell.type == "boolean" and constant in ("true", "false"):
        parts.append(f"EXACT({cell.ref},{constant.upper()})")
    same = parts[0] if len(parts) == 1 else f"OR({','.join(parts)})"
    return same if wanted else f"AND(NOT({blank(cell.ref)}),NOT({same}))"


def _like(node: Any, cells: Cells, wanted: bool) -> str:
    """Only patterns with % at the ends."""
    pattern, ref = node.expression.name, _value(node.this, cells)
    wanted = wanted != bool(node.args.get("negate"))
    bare = pattern.strip("%")
    if "%" in bare or "_" in bare or not bare:
        raise NotPortableError("like")
    length, words = len(bare), quoted(bare)
    if pattern.startswith("%") and pattern.endswith("%"):
        found = f"ISNUMBER(FIND({words},{ref}))"
    elif pattern.startswith("%"):
        found = f"EXACT(RIGHT({ref},{length}),{words})"
    else:
        found = f"EXACT({f'LEFT({ref},{length})' if pattern.endswith('%') else ref},{words})"
    return found if wanted else f"AND(NOT({blank(ref)}),NOT({found}))"


def _cell(column: Any, cells: Cells) -> Cell:
    if column.name not in cells:
        raise NotPortableError(column.name)
    return cells[column.name]


def _may_be_blank(column: Any) -> bool:
    from sqlglot import exp

    return column.find_ancestor(exp.Coalesce) is not None


def _filled(column: Any, cells: Cells) -> str:
    cell = _cell(column, cells)
    return f"ISNUMBER({cell.ref})" if cell.type in _NUMBERS else f"NOT({blank(cell.ref)})"


def _type_of(node: Any, cells: Cells) -> ColumnType | None:
    from sqlglot import exp

    return cells[node.name].type if isinstance(node, exp.Column) and node.name in cells else None


def _value(node: Any, cells: Cells, beside: ColumnType | None = None) -> str:
    """An expression; `beside`: the type of what it is compared with (a text beside a date is a date)."""
    from sqlglot import exp

    node = node.unnest()
    if isinstance(node, exp.Column):
        return _cell(node, cells).ref
    if isinstance(node, exp.Literal):
        if not node.is_string:
            return str(node.this)
        return _moment(node.name) if beside in ("date", "timestamp") else quoted(node.name)
    if isinstance(node, exp.Cast):
        if isinstance(node.this, exp.Literal) and node.to.this.name.startswith(("DATE", "TIMESTAMP")):
            return _moment(node.this.name)
        return _value(node.this, cells, beside)
    if isinstance(node, exp.CurrentDate):
        return "TODAY()"
    for kind, sign in ((exp.Add, "+"), (exp.Sub, "-"), (exp.Mul, "*"), (exp.Div, "/")):
        if isinstance(node, kind):
            return f"({_value(node.left, cells)}{sign}{_value(node.right, cells)})"
    if isinstance(node, exp.Neg):
        return f"-{_value(node.this, cells)}"
    if isinstance(node, exp.Mod):
        return f"MOD({_value(node.this, cells)},{_value(node.expression, cells)})"
    if isinstance(node, exp.Coalesce) and len(node.expressions) == 1:
        first = _value(node.this, cells)
        return f"IF({blank(first)},{_value(node.expressions[0], cells)},{first})"
    return _function(node, cells)


def _function(node: Any, cells: Cells) -> str:
    from sqlglot import exp

    said: dict[type, Callable[[str], str]] = {
        exp.Abs: "ABS({})".format,
        exp.Length: "LEN({})".format,
        exp.Upper: "UPPER({})".format,
        exp.Lower: "LOWER({})".format,
        exp.Trim: "TRIM({})".format,
        exp.Sign: "SIGN({})".format,
    }
    if type(node) not in said:
        raise NotPortableError(type(node).__name__.lower())
    return said[type(node)](_value(node.this, cells))


def _moment(value: str) -> str:
    try:
        at = datetime.fromisoformat(value)
    except ValueError as error:
        raise NotPortableError(value) from error
    day = _day(at.date())
    return day if at.time() == datetime.min.time() else f"({day}+TIME({at.hour},{at.minute},{at.second}))"


def _day(day: date) -> str:
    return f"DATE({day.year},{day.month},{day.day})"
