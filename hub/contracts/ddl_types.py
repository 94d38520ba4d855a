"""The column types of four databases for the columns of a contract.

Belongs here: lengths, precisions, the defaults where a contract names no length. Does not belong here: keys and
constraints (`ddl.py`). Limits are those of PostgreSQL 18, SQL Server 2022, MySQL 8 / MariaDB 11 (InnoDB, utf8mb4)
and Oracle 19c (MAX_STRING_SIZE=STANDARD, AL32UTF8), as their manuals give them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from schemas.model import Column
from schemas.problems import Problem

if TYPE_CHECKING:
    from sqlalchemy.types import TypeEngine

SERVERS = ("postgres", "tsql", "mysql", "oracle")
# A text without max_length: in a key so many characters (a code is short, and no key may be unlimited) ...
KEY_LENGTH = 100
# ... elsewhere without a limit, but in Oracle, where a text without a limit (CLOB) can be neither compared nor grouped.
ORACLE_LENGTH = 1000
_LONGEST = {"tsql": 4000, "mysql": 16383, "oracle": 1000}  # characters; longer ones need another type
_BYTES_OF_CHARACTER = {"tsql": 2, "mysql": 4, "oracle": 4}
_KEY_BYTES = {"tsql": 900, "mysql": 3072, "oracle": 6398}
_NAME_LENGTH = {"postgres": 63, "tsql": 128, "mysql": 64, "oracle": 30}  # Oracle before 12.2 takes 30


def type_of(column: Column, dialect: str, in_key: bool) -> TypeEngine[Any]:
    """The SQLAlchemy type; in_key: the column is part of a primary, unique or foreign key."""
    from sqlalchemy.dialects import mssql, mysql, oracle, postgresql
    from sqlalchemy.types import BIGINT, BOOLEAN, DATE, NUMERIC, TIMESTAMP

    if column.type == "string":
        return _text(column.max_length, dialect, in_key)
    if column.type == "decimal":
        return oracle.NUMBER(column.precision, column.scale) if dialect == "oracle" else _decimal(column, dialect)
    if column.type == "date":
        return DATE()
    special: dict[str, dict[str, TypeEngine[Any]]] = {
        "integer": {"oracle": oracle.NUMBER(19, 0)},
        "timestamp": {
            "postgres": postgresql.TIMESTAMP(),
            "tsql": mssql.DATETIME2(6),
            "mysql": mysql.DATETIME(fsp=6),
            "oracle": oracle.TIMESTAMP(),
        },
        "boolean": {"tsql": mssql.BIT(), "oracle": oracle.NUMBER(1, 0)},  # Oracle has no BOOLEAN before 23ai
    }
    plain: dict[str, TypeEngine[Any]] = {"integer": BIGINT(), "timestamp": TIMESTAMP(), "boolean": BOOLEAN()}
    if column.type not in plain:
        return NUMERIC(column.precision, column.scale)
    return special[column.type].get(dialect, plain[column.type])


def _decimal(column: Column, dialect: str) -> TypeEngine[Any]:
    from sqlalchemy.types import DECIMAL, NUMERIC

    return (NUMERIC if dialect == "postgres" else DECIMAL)(column.precision, column.scale)


def _text(length: int | None, dialect: str, in_key: bool) -> TypeEngine[Any]:
    from sqlalchemy.dialects import mssql, mysql, oracle
    from sqlalchemy.types import TEXT, VARCHAR

    if dialect == "postgres":
        return TEXT() if length is None else VARCHAR(length)
    if length is None:
        length = KEY_LENGTH if in_key else ORACLE_LENGTH if dialect == "oracle" else _LONGEST[dialect] + 1
    fits = length <= _LONGEST[dialect]
    if dialect == "tsql":
        return mssql.NVARCHAR(length) if fits else mssql.NVARCHAR("max")  # type: ignore[arg-type]
    if dialect == "mysql":
        return mysql.VARCHAR(length) if fits else mysql.LONGTEXT()
    return oracle.VARCHAR2(length) if fits else oracle.CLOB()


def check_key(entity: str, columns: Iterable[Column], dialect: str) -> None:
    """Raise Problem `contract_key_too_wide` for a key that the database would refuse."""
    if dialect not in _KEY_BYTES:
        return
    columns = list(columns)
    width = sum(
        (column.max_length or KEY_LENGTH) * _BYTES_OF_CHARACTER[dialect] if column.type == "string" else 8
        for column in columns
    )
    if width > _KEY_BYTES[dialect]:
        names = ", ".join(column.name for column in columns)
        raise Problem(
            "contract_key_too_wide",
            entity=entity, columns=names, dialect=dialect, length=width, limit=_KEY_BYTES[dialect],
        )  # fmt: skip


def check_name(name: str, dialect: str) -> str:
    """The name of a table or column. Raises Problem `contract_name_too_long`."""
    limit = 128 if dialect == "oracle" else _NAME_LENGTH[dialect]  # people with Oracle 11 see it in the statement
    if len(name) > limit:
        raise Problem("contract_name_too_long", name=name, length=len(name), dialect=dialect, limit=limit)
    return name


def constraint_name(dialect: str, *parts: str) -> str:
    """A name for a constraint, unique in the whole schema and not too long: the end is a number made of all parts."""
    import hashlib

    name, limit = "_".join(parts), _NAME_LENGTH[dialect]
    if len(name) <= limit:
        return name
    return f"{name[: limit - 7]}_{hashlib.sha256(name.encode()).hexdigest()[:6]}"
