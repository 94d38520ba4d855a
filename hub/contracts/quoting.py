"""Names as each database wants them: quoted where they must be, plain otherwise.

Belongs here: SQLAlchemy's knowledge of reserved words. Does not belong here: statements.
Plain names matter in Oracle, where a quoted small-letter name is another name.
"""

from __future__ import annotations

from functools import cache
from typing import Any


@cache
def engine_dialect(dialect: str) -> Any:
    """The SQLAlchemy dialect (DuckDB quotes as PostgreSQL does).

    paramstyle "named", because a script has no parameters and % needs no doubling in it.
    """
    from sqlalchemy.dialects import mssql, mysql, oracle, postgresql

    modules = {"postgres": postgresql, "duckdb": postgresql, "tsql": mssql, "mysql": mysql, "oracle": oracle}
    return modules[dialect].dialect(paramstyle="named")


def name_in(dialect: str, name: str) -> str:
    """The name, quoted if it is a reserved word or has odd characters; "a.b" is two names."""
    quote = engine_dialect(dialect).identifier_preparer.quote
    return ".".join(quote(part) for part in name.split("."))


def needs_quotes(dialect: str, name: str) -> bool:
    """Whether the database takes the name for a word of its own."""
    return name_in(dialect, name) != name
