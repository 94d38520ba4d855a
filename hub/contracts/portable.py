"""A condition of a rule, written for PostgreSQL as people write it, in the words of another database.

Belongs here: the rewriting, by sqlglot and by what sqlglot leaves to its user (booleans as numbers, null-safe
comparison, Oracle's empty text, national text of SQL Server). Does not belong here: the conditions
(hub/quality/predicates.py), whole statements (rule_sql.py, ddl.py).
"""

from __future__ import annotations

from collections.abc import Mapping as MappingABC
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from hub.contracts.quoting import needs_quotes
from schemas.model import Column
from schemas.problems import Problem

if TYPE_CHECKING:
    from sqlglot import exp

DIALECTS = ("postgres", "tsql", "mysql", "oracle", "duckdb")
Columns = MappingABC[str, Column]
# Functions that mean the same in all five; anything else is refused rather than hoped for.
_FUNCTIONS = frozenset(
    {
        "Abs", "And", "Or", "Xor", "Case", "If", "Cast", "Ceil", "Coalesce", "Concat", "CurrentDate",
        "CurrentTimestamp",
        "Extract", "Floor", "Length", "Lower", "Nullif", "RegexpLike", "Replace", "Round", "Sign",
        "StrPosition", "Substring", "Trim", "Upper", "Left", "Right", "Count", "Min", "Max", "Sum", "Mod", "Exists",
        "DateDiff", "DateAdd", "Like", "TsOrDsToDate",
    }
)  # fmt: skip
_DATES = ("date", "timestamp")
# The same letter in capitals or half width is another text, whatever the database's collation says.
_EXACT = {
    "tsql": "{} COLLATE Latin1_General_100_BIN2",
    "mysql": "CONVERT({} USING utf8mb4) COLLATE utf8mb4_bin",
}


class NotPortableError(Exception):
    """The condition cannot be said in that database; `what` names the part (a function, "regex")."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


def known_dialect(dialect: str) -> str:
    """The dialect itself. Raises Problem `contract_dialect_unknown`."""
    if dialect not in DIALECTS:
        raise Problem("contract_dialect_unknown", dialect=dialect, known=", ".join(DIALECTS))
    return dialect


def condition(sql: str, dialect: str, columns: Columns) -> str:
    """A condition over `columns` as that dialect writes it. Raises NotPortableError."""
    return _rendered(parsed(sql), dialect, columns, exact=True)


def passing(sql: str, dialect: str, columns: Columns) -> str:
    """The opposite of a condition that says when a row fails; unknown stays unknown, so null passes."""
    from sqlglot import exp
    from sqlglot.optimizer.simplify import simplify

    opposite = simplify(exp.not_(exp.paren(parsed(sql)))).transform(_without_double_not)
    return _rendered(opposite, dialect, columns, exact=dialect != "mysql")  # our table there has exact texts


def _without_double_not(node: Any) -> Any:
    """SQL Server takes no NOT NOT."""
    from sqlglot import exp

    while isinstance(node, exp.Not) and isinstance(node.this.unnest(), exp.Not):
        node = node.this.unnest().this.unnest()
    return node


def parsed(sql: str) -> exp.Expr:
    """The tree of a condition. Raises NotPortableError for text that is no SQL."""
    import sqlglot

    try:
        return sqlglot.parse_one(sql, read="postgres")
    except sqlglot.errors.ParseError as error:
        raise NotPortableError(str(error).splitlines()[0][:120]) from error


def _rendered(tree: exp.Expr, dialect: str, columns: Columns, exact: bool) -> str:
    """The tree as text of the dialect; exact: texts are told apart by case and width whatever the collation."""
    import sqlglot
    from sqlglot import exp

    if dialect != "duckdb":
        _refuse(tree, dialect)
    root = exp.paren(tree.copy())  # so that every node has a parent to be replaced in
    for node in reversed(list(root.walk())):  # what is inside first: what is made new is complete then
        if node is root:
            continue
        if (changed := _changed(node, dialect, columns)) is not node:
            node.replace(changed)
        elif exact and dialect in _EXACT:
            _compare_exactly(node, dialect, columns)
    try:
        return root.this.sql(
            dialect=_mariadb() if dialect == "mysql" else dialect, unsupported_level=sqlglot.ErrorLevel.RAISE
        )
    except sqlglot.errors.UnsupportedError as error:
        raise NotPortableError(str(error).splitlines()[0][:120]) from error


def is_fixed(sql: str) -> bool:
    """Whether a condition gives the same answer every day (databases allow no others in a CHECK)."""
    from sqlglot import exp

    return parsed(sql).find(exp.CurrentDate, exp.CurrentTimestamp, exp.Subquery) is None


def _refuse(tree: exp.Expr, dialect: str) -> None:
    from sqlglot import exp

    for node in tree.find_all(exp.Func):
        name = node.name if isinstance(node, exp.Anonymous) else type(node).__name__
        if isinstance(node, exp.Anonymous) or name not in _FUNCTIONS:
            raise NotPortableError(name.lower())
    if dialect in ("tsql", "oracle") and any(
        isinstance(node.expression, exp.Boolean) for node in tree.find_all(exp.Is)
    ):
        raise NotPortableError("is true")
    # SQL Server knows regular expressions since 2025 only.
    if dialect == "tsql" and tree.find(exp.RegexpLike):
        raise NotPortableError("regex")


def _changed(node: Any, dialect: str, columns: Columns) -> Any:
    """One node as the dialect needs it."""
    from sqlglot import exp

    if isinstance(node, exp.Identifier):
        return exp.to_identifier(node.name, quoted=needs_quotes(dialect, node.name))
    if isinstance(node, exp.Literal) and node.is_string and dialect == "tsql" and not node.this.isascii():
        return exp.National(this=node.this)
    if isinstance(node, exp.NullSafeEQ | exp.NullSafeNEQ) and dialect in ("tsql", "oracle"):
        return _null_safe(node)
    if dialect in ("tsql", "oracle") and isinstance(node, exp.Boolean):
        return exp.Literal.number(int(node.this))
    if dialect in ("tsql", "oracle") and _bare_truth(node, columns):
        return exp.EQ(
            this=exp.column(exp.to_identifier(node.name, needs_quotes(dialect, node.name))),
            expression=exp.Literal.number(1),
        )
    if isinstance(node, exp.CurrentDate) and dialect == "tsql":  # GETDATE() has a time of day
        return exp.cast(exp.Anonymous(this="GETDATE"), "date")
    if dialect == "oracle":
        return _for_oracle(node)
    if dialect == "mysql" and isinstance(node, exp.Mod):  # MariaDB's -2.0 % 0.5 is -0.0, which is not 0 there
        return exp.paren(exp.Add(this=node.copy(), expression=exp.Literal.number(0)))
    if dialect in ("tsql", "mysql") and isinstance(node, exp.Sub) and _is_date(node.this, columns):
        return _date_difference(node, columns)
    if dialect == "tsql" and isinstance(node, exp.DataType) and node.this in (exp.DType.TEXT, exp.DType.VARCHAR):
        return exp.DataType.build("nvarchar(4000)", dialect="tsql")
    return node


def _compare_exactly(node: Any, dialect: str, columns: Columns) -> None:
    """Give a text column that is compared with constants a collation that tells case and width apart."""
    import sqlglot
    from sqlglot import exp

    if not isinstance(node, exp.In | exp.EQ | exp.NEQ | exp.RegexpLike):
        return
    column, constants = node.this, node.expressions if isinstance(node, exp.In) else [node.expression]
    is_text = isinstance(column, exp.Column) and column.name in columns and columns[column.name].type == "string"
    if is_text and all(isinstance(entry, exp.Literal | exp.National) for entry in constants):
        own = column.sql(dialect=dialect)
        column.replace(sqlglot.parse_one(_EXACT[dialect].format(own), read=dialect))


def _null_safe(node: Any) -> Any:
    from sqlglot import exp

    left, right = node.this, node.expression
    both = exp.and_(exp.Is(this=left.copy(), expression=exp.Null()), exp.Is(this=right.copy(), expression=exp.Null()))
    same = exp.paren(exp.or_(exp.EQ(this=left.copy(), expression=right.copy()), both))
    return exp.not_(same) if isinstance(node, exp.NullSafeNEQ) else same


def _bare_truth(node: Any, columns: Columns) -> bool:
    """A yes/no column standing where a condition is wanted, as in `where is_active`."""
    from sqlglot import exp

    if not isinstance(node, exp.Column) or node.name not in columns or columns[node.name].type != "boolean":
        return False
    return isinstance(node.parent, exp.And | exp.Or | exp.Not | exp.Paren | exp.Where)


def _for_oracle(node: Any) -> Any:
    from sqlglot import exp

    if isinstance(node, exp.RegexpLike) and isinstance(node.expression, exp.Literal):
        pattern = node.expression.name.replace("(?:", "(")  # its groups have no marks
        if "(?" in pattern:
            raise NotPortableError("(?")
        return exp.RegexpLike(this=node.this.copy(), expression=exp.Literal.string(pattern))
    if isinstance(node, exp.Cast) and isinstance(node.this, exp.Literal) and node.this.is_string:
        if node.to.this == exp.DType.DATE:
            return exp.Anonymous(this="TO_DATE", expressions=[node.this, exp.Literal.string("YYYY-MM-DD")])
        if node.to.this.name.startswith(("TIMESTAMP", "DATETIME")):
            return exp.Anonymous(
                this="TO_TIMESTAMP", expressions=[node.this, exp.Literal.string("YYYY-MM-DD HH24:MI:SS")]
            )
    if isinstance(node, exp.CurrentDate):  # with a time of day there
        return exp.Anonymous(this="TRUNC", expressions=[exp.Column(this=exp.to_identifier("CURRENT_DATE"))])
    if isinstance(node, exp.DataType) and node.this in (exp.DType.TEXT, exp.DType.VARCHAR) and not node.expressions:
        return exp.DataType.build("varchar2(4000)", dialect="oracle")
    if isinstance(node, exp.EQ | exp.NEQ) and node.expression == exp.Literal.string(""):  # there '' is null
        blank = exp.Is(this=node.this, expression=exp.Null())
        return exp.not_(blank) if isinstance(node, exp.NEQ) else blank
    return node


def _is_date(node: Any, columns: Columns) -> bool:
    from sqlglot import exp

    if isinstance(node, exp.Column):
        return node.name in columns and columns[node.name].type in _DATES
    return isinstance(node, exp.CurrentDate | exp.CurrentTimestamp) or (
        isinstance(node, exp.Cast) and node.to.this == exp.DType.DATE
    )


def _date_difference(node: Any, columns: Columns) -> Any:
    """Days between two dates, or a date so many days earlier: SQL Server and MySQL have no `-` for dates."""
    from sqlglot import exp

    kind = exp.DateDiff if _is_date(node.expression, columns) else exp.DateSub
    return kind(this=node.this, expression=node.expression, unit=exp.Var(this="DAY"))


@cache
def _mariadb() -> Any:
    """MySQL's dialect with RLIKE, which MariaDB knows, too."""
    from sqlglot import exp
    from sqlglot.dialects.mysql import MySQL
    from sqlglot.generators.mysql import MySQLGenerator

    class Mariadb(MySQL):
        """MySQL and MariaDB alike."""

        class Generator(MySQLGenerator):
            """RLIKE in place of REGEXP_LIKE."""

            TRANSFORMS: ClassVar[dict[Any, Any]] = {
                **MySQLGenerator.TRANSFORMS,
                exp.RegexpLike: lambda self, node: (
                    f"{self.sql(node, 'this')} COLLATE utf8mb4_bin RLIKE {self.sql(node, 'expression')}"
                ),
            }

    return Mariadb
