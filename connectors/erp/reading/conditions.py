"""The SQL of conditions and computed columns, as SQLAlchemy expressions.

Belongs here: pure functions from models (`recipe.py`) to expressions. Does not belong here: finding
names in a catalogue (`query.py` hands the columns in), running anything.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import InvalidOperation
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from connectors.erp.database.catalogue import SourceColumn
from connectors.erp.recipe import Comparison, Computed, Condition

# Turns a YAML scalar into a bound parameter of the column's type; ValueError if it cannot be.
Bound = Callable[[SourceColumn, Any], sa.ColumnElement[Any]]

RATIO_TYPE = pa.decimal128(38, 10)
_TEXT_LENGTH = 255
# What binding a value of another type than the column's ends in.
NOT_OF_TYPE = (ValueError, InvalidOperation)


def condition(
    raw: sa.ColumnElement[Any], column: SourceColumn, wanted: Condition, bound: Bound
) -> sa.ColumnElement[bool]:
    """The condition on one column. Raises ValueError or InvalidOperation for a value of another type."""
    if isinstance(wanted, Comparison):
        return _compared(raw, column, wanted, bound)
    if isinstance(wanted, list):
        return sa.or_(*(condition(raw, column, item, bound) for item in wanted))
    if wanted is None:
        return raw.is_(None)
    return raw == bound(column, wanted)


def _compared(
    raw: sa.ColumnElement[Any], column: SourceColumn, wanted: Comparison, bound: Bound
) -> sa.ColumnElement[bool]:
    given = wanted.model_fields_set
    parts: list[sa.ColumnElement[bool]] = []
    if "not_" in given:
        refused = wanted.not_ if isinstance(wanted.not_, list) else [wanted.not_]
        differs = [raw != bound(column, value) for value in refused if value is not None]
        if None in refused:
            parts += [raw.is_not(None), *differs]
        else:
            # "not cancelled" means also those where nobody ever said so.
            parts.append(sa.or_(raw.is_(None), sa.and_(*differs)))
    if "above" in given:
        parts.append(raw > bound(column, wanted.above))
    if "from_" in given:
        parts.append(raw >= bound(column, wanted.from_))
    if "below" in given:
        parts.append(raw < bound(column, wanted.below))
    if "to" in given:
        parts.append(raw <= bound(column, wanted.to))
    if "like" in given:
        parts.append(raw.like(bound(column, wanted.like)))
    return sa.and_(*parts)


def computed(
    name: str, wanted: Computed, parts: list[tuple[SourceColumn, sa.ColumnElement[Any]]], dialect: sa.Dialect
) -> tuple[SourceColumn, sa.ColumnElement[Any]]:
    """(what the computed column is, its expression); `parts`: columns of `wanted.parts`, in order."""
    if wanted.ratio is not None:
        return SourceColumn(name, RATIO_TYPE, "ratio"), _ratio(parts[0][1], parts[1][1], dialect)
    return SourceColumn(name, pa.string(), "joined"), _joined(parts, wanted.separator)


def _ratio(top: sa.ColumnElement[Any], bottom: sa.ColumnElement[Any], dialect: sa.Dialect) -> sa.ColumnElement[Any]:
    """Decimal division in the database. SQLite has no decimals: 15 significant digits there."""
    if dialect.name == "sqlite":
        return top * sa.literal_column("1.0") / sa.func.nullif(bottom, 0)
    # Widths that leave SQL Server, which allots 38 digits to a division, at least ten places.
    divisor = sa.func.nullif(sa.cast(bottom, sa.Numeric(18, 6)), sa.literal_column("0"), type_=sa.Numeric(18, 6))
    return sa.cast(sa.cast(top, sa.Numeric(28, 10)) / divisor, sa.Numeric(38, 10))


def _joined(parts: list[tuple[SourceColumn, sa.ColumnElement[Any]]], separator: str) -> sa.ColumnElement[Any]:
    pieces = []
    for number, (column, raw) in enumerate(parts):
        text = raw if pa.types.is_string(column.arrow) else sa.cast(raw, sa.Unicode(_TEXT_LENGTH))
        bare = sa.func.ltrim(sa.func.rtrim(text), type_=sa.Unicode())
        shown = bare if number == 0 else sa.literal_column(f"'{separator}'", sa.Unicode()) + bare
        # The length, because Oracle takes '' for NULL and a comparison with it is never true.
        pieces.append(sa.case((sa.func.char_length(bare) > 0, shown), else_=sa.literal_column("''", sa.Unicode())))
    whole: sa.ColumnElement[Any] = pieces[0]
    for piece in pieces[1:]:
        whole = whole + piece
    return whole
