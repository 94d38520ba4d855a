"""Conditions that people write in rules (`sql` of an expression, `where`), for DuckDB and for PostgreSQL.

Belongs here: reading such a condition once, as PostgreSQL, and writing it so that both engines answer alike: whole
numbers divide to whole numbers, a division by zero is an error, `current_date` is the day of the run. Does not belong
here: refusing a wrong contract with file and line (schemas), other databases (hub/contracts).
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from hub.quality.regular import Dialect
from schemas.model import Column, Contract
from schemas.problems import Problem

if TYPE_CHECKING:
    from sqlglot import exp

_Types = tuple[tuple[str, str], ...]


def condition_for(sql: str, contract: Contract, dialect: Dialect, rule: str, today: date) -> str:
    """The condition over the contract's columns in the words of the engine.

    Raises Problem `rule_condition_unfit` if it is not one condition over these columns.
    """
    from sqlglot.errors import SqlglotError

    types = tuple((column.name, _sql_type(column)) for column in contract.columns)
    try:
        return _rendered(sql, types, dialect, today)
    except (SqlglotError, _RefusedError) as error:
        reason = str(error).splitlines()[0]
        raise Problem("rule_condition_unfit", rule=rule, sql=sql.strip(), reason=reason) from error


class _RefusedError(Exception):
    """Not a condition over one row."""


@lru_cache(maxsize=2048)
def _rendered(sql: str, types: _Types, dialect: Dialect, today: date) -> str:
    import sqlglot
    from sqlglot import exp
    from sqlglot.optimizer.annotate_types import annotate_types

    statements = sqlglot.parse(sql, read="postgres")
    if len(statements) != 1 or statements[0] is None:
        raise _RefusedError("not one condition")
    if not isinstance(statements[0], exp.Condition):
        raise _RefusedError("not a condition")
    if statements[0].find(exp.Query):
        raise _RefusedError("a query; a condition looks at one row only")
    whole = exp.select("1").from_("page").where(statements[0])
    known = dict(types)
    for column in whole.find_all(exp.Column):
        name = column.name if column.this.quoted else column.name.lower()
        if name not in known or column.table:
            raise _RefusedError(f"no column {column.sql(dialect='postgres')}")
        column.replace(exp.column(name, table="page", quoted=True))
    typed = annotate_types(whole, schema={"page": known}, dialect="postgres")
    tree = typed.args["where"].this
    for column in tree.find_all(exp.Column):
        column.set("table", None)
    holder = exp.Paren(this=tree).transform(lambda node: _changed(node, dialect, today))
    return str(holder.this.sql(dialect=dialect))


def _changed(node: Any, dialect: Dialect, today: date) -> Any:
    from sqlglot import exp

    if isinstance(node, exp.CurrentDate):
        return exp.cast(exp.Literal.string(today.isoformat()), "date")
    if dialect != "duckdb":
        return node
    if isinstance(node, exp.Div) and not _is_checked(node.expression):
        # DuckDB's own answer is infinity, which compares with everything.
        divisor = node.expression
        zero = exp.EQ(this=exp.paren(divisor.copy()), expression=exp.Literal.number(0))
        stop = exp.Anonymous(this="error", expressions=[exp.Literal.string("division by zero")])
        checked = exp.Case(ifs=[exp.If(this=zero, true=stop)], default=divisor.copy())
        checked.type = divisor.type
        divided = node.copy()
        divided.set("expression", checked)
        divided.type = node.type
        return divided
    if isinstance(node, exp.Like | exp.ILike) and not isinstance(node.parent, exp.Escape):
        return exp.Escape(this=node.copy(), expression=exp.Literal.string("\\"))
    return node


def _is_checked(divisor: exp.Expression) -> bool:
    """Whether a divisor cannot be zero: a number that is none, or one that is checked already."""
    from sqlglot import exp

    if isinstance(divisor, exp.Literal) and not divisor.is_string:
        return float(divisor.this) != 0
    return isinstance(divisor, exp.Case)


def _sql_type(column: Column) -> str:
    if column.type == "decimal":
        return f"decimal({column.precision},{column.scale})"
    return {"string": "text", "integer": "bigint"}.get(column.type, column.type)
