"""The arguments of a rule, checked against its kind.

Belongs here: presence, type, choices, columns that exist and have a fitting type; all of it follows from
`rule_kinds.py`. Does not belong here: SQL (`contract_sql.py`), regular expressions (`contract_regex.py`), what
several rules say together (`contract_conflicts.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from schemas.fields import Fields
from schemas.limits import resolved
from schemas.model import Column, ColumnType
from schemas.nearness import listed
from schemas.rule_kinds import KINDS, MOMENTS, NUMBERS, RuleKind

Columns = Mapping[str, Column]
_ANY_DAY = date(2024, 1, 1)
_DIGITS = 38  # of the longest number a database can compare
_EXPECTED = {str: "text", int: "0, 1, 2, ...", bool: "true, false", list: "[..., ...]", Decimal: "> 0 (1, 0.5, ...)"}


def check_arguments(
    at: Fields, rule: str, kind_name: str, args: dict[str, Any], own: str | None, columns: Columns
) -> None:
    """Raises Problem at the line of what is wrong. `at`: the mapping `implementation`; `own`: the rule's column."""
    kind = KINDS[kind_name]
    known = kind.required | kind.optional
    for name in args:
        if name not in known:
            at.fail_at("rule_unknown_argument", name, rule=rule, kind=kind_name, argument=name,
                       allowed=listed(name, known))  # fmt: skip
    for name in kind.required:
        if args.get(name) in (None, "", []):
            at.fail("rule_missing_argument", *at.steps, rule=rule, kind=kind_name, argument=name)
    if kind.one_of and not any(args.get(name) is not None for name in kind.one_of):
        at.fail("rule_missing_argument", *at.steps, rule=rule, kind=kind_name, argument=" / ".join(kind.one_of))
    for name, value in args.items():
        if not _fits(value, known[name]):
            expected = _EXPECTED.get(known[name], "text, 1, 2024-03-05")
            at.fail_at("rule_wrong_argument", name, rule=rule, argument=name, value=str(value), expected=expected)
        _check_choices(at, rule, name, value, kind)
        if name in kind.columns:
            _check_columns(at, rule, name, value, columns)
    for one, other in kind.parallel:
        if one in args and other in args and len(args[one]) != len(args[other]):
            at.fail_at("rule_lists_unequal", other, rule=rule, first=one, second=other, count=len(args[one]))
    if own is not None:
        _check_own(at, rule, kind_name, columns[own])
        if kind_name == "in_list":
            _check_values(at, rule, args.get("values", []), columns[own])
        _check_limits(at, rule, args, known, columns[own])
        for name in kind.comparable:
            _check_comparable(at, rule, name, columns[own], columns[args[name]])


def _fits(value: Any, expected: type) -> bool:
    if expected is bool:
        return isinstance(value, bool)
    if isinstance(value, bool):
        return False
    if expected is int:
        return isinstance(value, int) and value >= 0
    if expected is Decimal:
        number = as_number(value)
        return number is not None and number > 0
    if expected is list:
        return isinstance(value, list) and bool(value) and all(isinstance(item, str | int | float) for item in value)
    if expected is object:
        return isinstance(value, str | int | float)
    return isinstance(value, expected) and bool(str(value).strip())


def _check_choices(at: Fields, rule: str, name: str, value: Any, kind: RuleKind) -> None:
    items = value if isinstance(value, list) else [value]
    for index, item in enumerate(items):
        where = (name, index) if isinstance(value, list) else (name,)
        if name in kind.choices and item not in kind.choices[name]:
            allowed = listed(str(item), kind.choices[name])
            at.fail("schema_not_allowed", *at.steps, *where, key=name, value=str(item), allowed=allowed)
        if item in items[:index]:
            at.fail("schema_twice", *at.steps, *where, key=name, value=str(item))


def _check_columns(at: Fields, rule: str, name: str, value: Any, columns: Columns) -> None:
    for index, item in enumerate(value if isinstance(value, list) else [value]):
        if item not in columns:
            where = (name, index) if isinstance(value, list) else (name,)
            unknown_column(at, rule, str(item), columns, *at.steps, *where)


def unknown_column(at: Fields, rule: str, column: str, columns: Columns, *steps: str | int) -> None:
    """Raise that the entity has no such column; the nearest ones come first."""
    entity, _, _ = rule.partition(".")
    at.fail("rule_unknown_column", *steps, rule=rule, column=column, entity=entity, allowed=listed(column, columns))


def _check_own(at: Fields, rule: str, kind_name: str, column: Column) -> None:
    types = KINDS[kind_name].column_types
    if types and column.type not in types:
        at.fail_at("rule_column_type", "kind", rule=rule, kind=kind_name, column=column.name, type=column.type,
                   allowed=", ".join(types))  # fmt: skip


def _check_values(at: Fields, rule: str, values: list[Any], column: Column) -> None:
    """Values that the column can hold."""
    for index, value in enumerate(values):
        if column.type == "boolean":
            fits = value in ("true", "false")
        else:
            fits = column.type == "string" or as_limit(value, column.type) is not None
        if not fits:
            at.fail("rule_wrong_argument", *at.steps, "values", index, rule=rule, argument="values", value=str(value),
                    expected=column.type)  # fmt: skip


def _check_limits(at: Fields, rule: str, args: dict[str, Any], known: Mapping[str, type], column: Column) -> None:
    """Limits of the column's own type: numbers of a number column, dates of a date column."""
    for name, value in args.items():
        limit = as_limit(value, column.type)
        too_long = isinstance(limit, Decimal) and bool(limit) and abs(limit.adjusted()) >= _DIGITS
        if known[name] is object and (limit is None or too_long):
            expected = {"date": "2024-03-05, today, today+30d", "timestamp": "2024-03-05 08:00:00, today+30d"}.get(
                column.type, "1, 0.5"
            )
            at.fail_at("rule_wrong_argument", name, rule=rule, argument=name, value=str(value), expected=expected)


def _check_comparable(at: Fields, rule: str, name: str, own: Column, other: Column) -> None:
    if own.name == other.name:
        at.fail_at("rule_compares_itself", name, rule=rule, column=own.name)
    if not any(own.type in family and other.type in family for family in (NUMBERS, MOMENTS, (own.type,))):
        at.fail_at("rule_not_comparable", name, rule=rule, column=own.name, type=own.type, other=other.name,
                   other_type=other.type)  # fmt: skip


def as_number(value: Any) -> Decimal | None:
    """A finite number written as number or text; None if it is none."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def as_limit(value: Any, column_type: ColumnType) -> Decimal | datetime | None:
    """A limit of a column as a value that can be compared with others of it; None if it cannot be read so.

    Limits that move with the day ("today+30d") are counted from a fixed one: compare them with each other only.
    """
    try:
        limit = resolved(value, column_type, _ANY_DAY)
    except ValueError:
        return None
    if isinstance(limit, Decimal | datetime):
        return limit
    return datetime.combine(limit, datetime.min.time())
