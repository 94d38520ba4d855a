"""Row hashes computed by the source, and their sum over a range of keys.

Belongs here: one formula per dialect, as SQLAlchemy expressions. Does not belong here: when they are
asked, what is remembered (`sweep.py`, `ranges.py`).

A row hash covers every output column, also those of joins, keeps NULL apart from every value and one
column apart from the next, and has 60 or 64 bits: with a million rows the odds that a change leaves a
sum as it was are below 1 in 10**17. Sums are taken modulo 2**64, so their order does not matter. Text
goes in byte by byte: under a collation that ignores case a changed letter is still a change.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from connectors.erp.reading.query import Output, Plan
from connectors.erp.reading.ranges import MODULUS

ROW_SUM = "_ww_sum"  # the hidden column of a page: one hash per row
SUM_SCHEMA = pa.schema([("rows", pa.int64()), ("total", pa.string())])

Expression = sa.ColumnElement[Any]


@dataclass(frozen=True)
class Formula:
    """cheap: costs so little beside reading that a first read asks for it too (measured: 0.8 CPU s per
    million rows of 21 columns; the others about 3)."""

    name: str
    row: Callable[[tuple[Output, ...]], Expression]
    cheap: bool = False

    def label(self, plan: Plan) -> sa.Label[Any]:
        """The hidden column that carries each row's hash beside the row."""
        return self.row(plan.outputs).label(ROW_SUM)


def formulas(dialect: sa.Dialect) -> tuple[Formula, ...]:
    """What could work, best first; none where the database has no strong hash (SQLite)."""
    return _FORMULAS.get(dialect.name, ())


def sum_statement(plan: Plan, formula: Formula, *conditions: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """(rows, sum of row hashes as text) of the rows that meet the conditions; a row whose hash the
    database could not compute is not counted, so that it never passes for unchanged."""
    inner = sa.select(formula.label(plan)).select_from(plan.source).where(*plan.filters, *conditions).subquery("h")
    value = inner.c[ROW_SUM]
    total = sa.func.sum(sa.cast(value, sa.Numeric(38, 0)) if formula.name.startswith("mssql") else value)
    columns: list[Expression] = [sa.func.count(value).label("rows"), sa.cast(total, sa.String(60)).label("total")]
    return sa.select(*columns)


def sum_of(answer: pa.Table) -> tuple[int, int]:
    """(rows, sum modulo 2**64) as the database answered a `sum_statement`."""
    rows, total = answer["rows"][0].as_py(), answer["total"][0].as_py()
    return int(rows), 0 if total is None else int(total.partition(".")[0]) % MODULUS


def sum_here(hashes: pa.ChunkedArray) -> int | None:
    """The same sum over the hashes that came with a page; None if one is missing."""
    if hashes.null_count:
        return None
    # The two halves apart: a sum of int64 would overflow.
    high = pc.sum(pc.shift_right(hashes, 32)).as_py() or 0
    low = pc.sum(pc.bit_wise_and(hashes, 2**32 - 1)).as_py() or 0
    return int((high << 32) + low) % MODULUS


# --- formulas ---------------------------------------------------------------------------------------


def _is_text(output: Output) -> bool:
    return pa.types.is_string(output.column.arrow)


def _zero() -> Expression:
    return sa.literal_column("0")


def _record(outputs: tuple[Output, ...]) -> sa.Function[Any]:
    # Collation "C": under others equal may mean "equal but for case".
    parts = [
        sa.collate(sa.cast(output.expression, sa.Text()), "C") if _is_text(output) else output.expression
        for output in outputs
    ]
    return sa.func.row(*parts)


def _postgresql_record(outputs: tuple[Output, ...]) -> Expression:
    # The hash of a record is linear in those of its columns: two rows that swap a value would keep the
    # sum. Hashed once more it is not.
    return sa.func.hashint8extended(sa.func.hash_record_extended(_record(outputs), _zero()), _zero())


def _postgresql_text(outputs: tuple[Output, ...]) -> Expression:
    return sa.func.hashtextextended(sa.cast(_record(outputs), sa.Text()), _zero())


def _postgresql_md5(outputs: tuple[Output, ...]) -> Expression:
    digits = sa.func.substr(sa.func.md5(sa.cast(_record(outputs), sa.Text())), *_first_digits())
    return sa.cast(sa.cast(sa.literal_column("'x'").concat(digits), _Bits()), sa.BigInteger())


def _mysql(outputs: tuple[Output, ...]) -> Expression:
    digest = sa.func.md5(sa.func.concat_ws(sa.literal_column("','"), *map(_mysql_part, outputs)))
    number = sa.func.conv(sa.func.substr(digest, *_first_digits()), sa.literal_column("16"), sa.literal_column("10"))
    return sa.cast(number, sa.BigInteger())


def _mysql_part(output: Output) -> Expression:
    null: Expression = sa.literal_column("'n'")
    if _is_text(output) or pa.types.is_binary(output.column.arrow):
        # With its length in front, text cannot run into the next column; as bytes, collations cannot clash.
        length, raw = sa.func.length(output.expression), sa.cast(output.expression, sa.BINARY())
        return sa.func.coalesce(sa.func.concat(length, sa.literal_column("':'"), raw), null)
    if pa.types.is_floating(output.column.arrow):
        # A FLOAT shows six digits, as a double all of them.
        return sa.func.coalesce(output.expression + sa.literal_column("0e0"), null)
    return sa.func.coalesce(output.expression, null)


def _mssql(outputs: tuple[Output, ...]) -> Expression:
    parts: list[Expression] = []
    for output in outputs:
        text = _mssql_text(output)
        parts.append(sa.func.coalesce(sa.func.concat(sa.func.datalength(text), sa.literal_column("N':'"), text), _n()))
    digest = sa.func.hashbytes(sa.literal_column("'MD5'"), sa.func.concat(*parts, sa.literal_column("N''")))
    return sa.cast(sa.func.substring(digest, *_literals("1", "8")), sa.BigInteger())


def _n() -> Expression:
    return sa.literal_column("N'n'")


def _mssql_text(output: Output) -> Expression:
    arrow, kind = output.column.arrow, output.column.type_name.lower()
    if pa.types.is_floating(arrow) or pa.types.is_binary(arrow):
        # A float's bytes are exact, its text is not.
        raw = sa.func.convert(sa.literal_column("VARBINARY(MAX)"), output.expression)
        return sa.func.convert(sa.literal_column("VARCHAR(MAX)"), raw, sa.literal_column("2"))
    if pa.types.is_timestamp(arrow) or pa.types.is_date(arrow):
        return sa.func.convert(sa.literal_column("NVARCHAR(40)"), output.expression, sa.literal_column("126"))
    if "money" in kind:  # without style 2 it shows two of its four decimals
        return sa.func.convert(sa.literal_column("NVARCHAR(40)"), output.expression, sa.literal_column("2"))
    text = sa.func.convert(sa.literal_column("NVARCHAR(MAX)"), output.expression)
    return sa.collate(text, "Latin1_General_BIN2")


def _oracle(outputs: tuple[Output, ...]) -> Expression:
    joined: Expression = sa.literal_column("''")
    for output in outputs:
        joined = joined.concat(_oracle_part(output))
    digest = sa.func.rawtohex(sa.func.standard_hash(joined, sa.literal_column("'MD5'")))
    return sa.func.to_number(sa.func.substr(digest, *_first_digits()), sa.literal_column(f"'{'X' * 15}'"))


def _oracle_part(output: Output) -> Expression:
    arrow = output.column.arrow
    if pa.types.is_timestamp(arrow):
        moment = sa.cast(output.expression, _OracleMoment())
        text: Expression = sa.func.to_char(moment, sa.literal_column("'YYYYMMDDHH24MISSFF9'"))
    elif pa.types.is_date(arrow):
        text = sa.func.to_char(output.expression, sa.literal_column("'YYYYMMDDHH24MISS'"))
    elif pa.types.is_binary(arrow):
        text = sa.func.rawtohex(output.expression)
    elif _is_text(output):
        text = output.expression
    else:
        text = sa.func.to_char(output.expression, sa.literal_column("'TM9'"))
    return sa.func.length(text).concat(sa.literal_column("':'")).concat(text)


def _first_digits() -> tuple[Expression, Expression]:
    """15 hexadecimal digits: 60 bits, so that the number has no sign in any database."""
    return _literals("1", "15")


def _literals(first: str, second: str) -> tuple[Expression, Expression]:
    return sa.literal_column(first), sa.literal_column(second)


class _Bits(sa.types.UserDefinedType[Any]):
    def get_col_spec(self, **_: Any) -> str:
        return "BIT(60)"


class _OracleMoment(sa.types.UserDefinedType[Any]):
    def get_col_spec(self, **_: Any) -> str:
        return "TIMESTAMP(9)"


_FORMULAS = {
    "postgresql": (
        Formula("postgresql record", _postgresql_record, cheap=True),  # from version 14
        Formula("postgresql text", _postgresql_text),  # from version 11
        Formula("postgresql md5", _postgresql_md5),
    ),
    "mysql": (Formula("mysql md5", _mysql),),
    "mariadb": (Formula("mysql md5", _mysql),),
    "mssql": (Formula("mssql md5", _mssql),),
    "oracle": (Formula("oracle md5", _oracle),),
}
