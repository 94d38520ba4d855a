"""SQL identifiers and literals, quoted; the same text is right for DuckDB and PostgreSQL."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from schemas.model import ColumnType
from schemas.problems import Problem


def identifier(name: str) -> str:
    """A double-quoted name."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """A single-quoted text."""
    return "'" + value.replace("'", "''") + "'"


def literal(value: Any, kind: ColumnType, rule: str) -> str:
    """A constant comparable with a column of that type.

    Raises Problem if the value of rule `rule` cannot be read as that type.
    """
    try:
        if kind in ("integer", "decimal"):
            return format(Decimal(str(value)), "f")
        if kind == "date":
            return f"date '{date.fromisoformat(str(value)).isoformat()}'"
        if kind == "timestamp":
            return f"timestamp '{datetime.fromisoformat(str(value)).isoformat(sep=' ')}'"
    except (ValueError, InvalidOperation) as error:
        raise Problem("rule_limit_unreadable", rule=rule, value=str(value), type=kind) from error
    return text(str(value))
