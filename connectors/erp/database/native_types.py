"""What a column declared in SQLAlchemy's types is for us: its Arrow type and how it is asked for.

Belongs here: the mapping, no I/O. Does not belong here: ODBC's types (`odbc_types.py`).
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, oracle, postgresql

from connectors.erp.database.catalogue import Form, SourceColumn, decimal_type
from connectors.erp.database.transit import configured

MONEY = pa.decimal128(21, 2)  # PostgreSQL's money: 64 bits of cents
UNSIGNED = pa.decimal128(20, 0)  # beyond int64: 2^64 - 1 has 20 digits


def source_column(
    name: str,
    declared: sa.types.TypeEngine[Any],
    nullable: bool,
    dialect: str,
    encoding: str | None,
    blank_is_null: bool,
) -> SourceColumn:
    """One column of the catalogue."""
    if isinstance(declared, postgresql.DOMAIN):
        declared = declared.data_type
    arrow, form = _kind(declared, dialect)
    return configured(SourceColumn(name, arrow, str(declared), nullable, form), encoding, blank_is_null, dialect)


def _kind(declared: sa.types.TypeEngine[Any], dialect: str) -> tuple[pa.DataType, Form]:
    if isinstance(declared, sa.Boolean):
        return pa.bool_(), "plain"
    if isinstance(declared, mysql.BIT):
        return (UNSIGNED if (declared.length or 1) > 63 else pa.int64()), "number"
    if isinstance(declared, mysql.YEAR):
        return pa.int64(), "plain"
    if isinstance(declared, postgresql.MONEY):
        return MONEY, "number"
    if isinstance(declared, sa.Integer) and not isinstance(declared, oracle.NUMBER):
        if dialect == "oracle":
            return pa.decimal128(38, 0), "plain"  # Oracle's INTEGER is NUMBER(38)
        wide = isinstance(declared, mysql.BIGINT) and declared.unsigned
        return (UNSIGNED if wide else pa.int64()), "plain"
    if isinstance(declared, sa.Numeric | sa.Float):
        return _number(declared, dialect)
    if isinstance(declared, sa.DateTime | sa.Date):
        if dialect == "sqlite":
            return pa.string(), "plain"  # SQLite has no dates: whatever text was stored
        if isinstance(declared, sa.DateTime):
            zoned = bool(declared.timezone) or bool(getattr(declared, "local_timezone", False))
            return pa.timestamp("us"), "local" if zoned else "plain"
        return pa.date32(), "plain"
    if isinstance(declared, sa.LargeBinary | sa.BINARY | sa.VARBINARY | oracle.RAW):
        return pa.binary(), "plain"
    if isinstance(declared, sa.String) and not isinstance(declared, sa.Enum):
        return pa.string(), "plain"
    # An enumeration is ordered by position but compared by text: as text, paging agrees with itself.
    return pa.string(), "plain" if dialect == "sqlite" else "text"


def _number(declared: sa.types.TypeEngine[Any], dialect: str) -> tuple[pa.DataType, Form]:
    if dialect == "sqlite":
        return pa.string(), "plain"  # SQLite keeps "12 yuan" in a DECIMAL column: what is stored is what lands
    if isinstance(declared, oracle.BINARY_DOUBLE | oracle.BINARY_FLOAT):
        return pa.float64(), "plain"
    if dialect == "oracle" and isinstance(declared, sa.Float):
        return pa.string(), "plain"  # a NUMBER by another name; the driver gives exact decimals
    if isinstance(declared, sa.Float):
        return pa.float64(), "plain"
    assert isinstance(declared, sa.Numeric)
    wanted = decimal_type(declared.precision, declared.scale)
    as_text = pa.types.is_string(wanted) and dialect != "oracle"
    return wanted, "text" if as_text else "plain"
