"""SQL identifiers and literals, quoted; the same text is right for DuckDB and PostgreSQL."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from schemas.limits import resolved
from schemas.model import ColumnType
from schemas.problems import Problem


def identifier(name: str) -> str:
    """A double-quoted name."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """A single-quoted text."""
    return "'" + value.replace("'", "''") + "'"


def literal(value: Any, kind: ColumnType, rule: str, today: date) -> str:
    """A constant comparable with a column of that type; "today+30d" is counted from `today`.

    Raises Problem if the value of rule `rule` cannot be read as that type.
    """
    return of_value(limit(value, kind, rule, today) if kind not in ("string", "boolean") else str(value))


def limit(value: Any, kind: ColumnType, rule: str, today: date) -> Decimal | date | datetime:
    """As schemas.limits.resolved, naming the rule if the value cannot be read."""
    try:
        return resolved(value, kind, today)
    except ValueError as error:
        raise Problem("rule_limit_unreadable", rule=rule, value=str(value), type=kind) from error


def of_value(value: Decimal | date | datetime | str) -> str:
    """The constant itself."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return f"timestamp '{value.isoformat(sep=' ')}'"
    if isinstance(value, date):
        return f"date '{value.isoformat()}'"
    return text(value)
