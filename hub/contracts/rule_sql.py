"""The rules of a contract as statements people can run in a database of their own.

Belongs here: one SELECT per rule over one plain table. Does not belong here: conditions of row rules
(hub/quality/predicates.py), how the hub itself runs rules (all in one pass, hub/quality/compile.py; over several
sources, hub/quality/set_rules.py). What cannot be said of one table, or in a dialect, is told in a comment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass

from hub.contracts.ddl_checks import failing
from hub.contracts.keys import table_key
from hub.contracts.portable import NotPortableError, condition, known_dialect
from hub.contracts.quoting import name_in
from hub.contracts.words import word
from hub.quality.folding import folded
from hub.quality.literals import identifier, text
from hub.quality.predicates import CONDITIONS, Scope, today
from hub.quality.table_templates import Rows, failing_rows
from schemas.model import CodeList, Column, Contract, Rule
from schemas.problems import Language
from schemas.rule_kinds import IGNORABLE

UNTESTED = ("tsql", "oracle")
_FORGIVING = ("case", "spacing")  # what `ignoring` can be said everywhere
_TRANSLATING = ("postgres", "duckdb", "oracle")  # have TRANSLATE, which drops what has no counterpart


@dataclass(frozen=True)
class Statement:
    """One rule: `sql` returns (key columns, failing_column, failing_value); None if it cannot be said, see `why`."""

    rule: Rule
    sql: str | None
    why: str | None = None


class _Unsayable(Exception):
    """`key`: words under `sql.` that tell why; `name`: what the words name."""

    def __init__(self, key: str, name: str = "") -> None:
        super().__init__(key)
        self.key, self.name = key, name


@dataclass(frozen=True)
class _Table:
    """The table rules are written for."""

    contract: Contract
    codes: MappingABC[str, CodeList]
    dialect: str
    name: str

    def quote(self, name: str, alias: str = "") -> str:
        quoted = name_in(self.dialect, name)
        return f"{alias}.{quoted}" if alias else quoted

    def rows(self, rule: Rule) -> str:
        """The rows a rule is about, as something to select from."""
        table = name_in(self.dialect, self.name)
        if rule.where is None:
            return table
        return f"(select * from {table} where {self.condition(rule.where)})"

    def condition(self, sql: str) -> str:
        return condition(sql, self.dialect, {column.name: column for column in self.contract.columns})

    def keys(self, alias: str = "") -> str:
        return ", ".join(self.quote(name, alias) for name in table_key(self.contract))

    def answer(self, rule: Rule, alias: str = "") -> str:
        """The select list: key, column, value."""
        value = self.quote(rule.column, alias) if rule.column else "null"
        return f"{self.keys(alias)}, {text(rule.column or '')} as failing_column, {value} as failing_value"


def statements(
    contract: Contract,
    codes: MappingABC[str, CodeList],
    dialect: str,
    language: Language,
    table: str | None = None,
) -> Iterable[Statement]:
    """One statement per rule, in the contract's order; `table`: its name in that database (default: the entity).

    Raises Problem `contract_dialect_unknown`.
    """
    about = _Table(contract, codes, known_dialect(dialect), table or contract.entity)
    for rule in contract.rules:
        try:
            yield Statement(rule, _select(rule, about))
        except NotPortableError as error:
            key = "sql.regex" if error.what == "regex" else "sql.function"
            yield Statement(rule, None, word(language, key, name=error.what))
        except _Unsayable as error:
            yield Statement(rule, None, word(language, f"sql.{error.key}", name=error.name))


def script(
    contract: Contract,
    codes: MappingABC[str, CodeList],
    dialect: str,
    language: Language,
    table: str | None = None,
) -> str:
    """All statements with the rules' titles as comments."""
    head = word(
        language,
        "sql.head",
        title=contract.title[language], entity=contract.entity, version=contract.version, dialect=dialect,
    )  # fmt: skip
    heads = [head]
    if dialect in ("tsql", "mysql"):
        heads.append(word(language, "sql.collation"))
    if dialect in UNTESTED:
        heads.append(word(language, "sql.untested"))
    return as_script(heads, statements(contract, codes, dialect, language, table), dialect, language)


def as_script(heads: Iterable[str], found: Iterable[Statement], dialect: str, language: Language) -> str:
    """Statements one below the other, each under its rule's title; what cannot be said as a comment."""
    lines = [_comment(head) for head in heads]
    for statement in found:
        rule = statement.rule
        lines += ["", _comment(f"{rule.id} [{rule.severity}, {rule.dimension}] {rule.title[language]}")]
        if statement.sql is None:
            lines.append(_comment(word(language, "sql.not_possible", dialect=dialect, why=statement.why)))
        else:
            lines.append(f"{statement.sql};")
    return "\n".join(lines) + "\n"


def _comment(words: str) -> str:
    return "-- " + " ".join(words.split())


def _select(rule: Rule, table: _Table) -> str:
    if rule.kind in _OVER_ROWS:
        return _OVER_ROWS[rule.kind](rule, table)
    if rule.kind in _UNSAYABLE:
        raise _Unsayable(_UNSAYABLE[rule.kind])
    if rule.kind in CONDITIONS:
        return f"select {table.answer(rule)}\nfrom {name_in(table.dialect, table.name)}\nwhere {_fails(rule, table)}"
    raise _Unsayable({"set": "several_sources", "dataset": "loads"}.get(rule.scope, "statistics"))


def _fails(rule: Rule, table: _Table) -> str:
    """The condition of a row rule. In a table of one's own, a text of blanks is blank, too."""
    if rule.kind == "required" and rule.column and table.contract.column(rule.column).type == "string":
        blank = f"({rule.column} is null or trim({rule.column}) = '')"
        return table.condition(f"({rule.where}) and {blank}" if rule.where else blank)
    return table.condition(failing(rule, Scope(table.contract, dict(table.codes), {}, {}, "postgres")))


def _unique(rule: Rule, table: _Table) -> str:
    """All rows of each group that shares the values; blank counts as a value, except in a required column."""
    columns = [table.contract.column(str(name)) for name in rule.args["columns"]]
    filled = [f"{table.quote(column.name)} is not null" for column in columns if column.required]
    own = [_folded(table.quote(column.name), column, rule, table.dialect) for column in columns]
    same = [
        _equal(_folded(table.quote(column.name, "t"), column, rule, table.dialect), f"d.k{number}", column.required)
        for number, column in enumerate(columns)
    ]
    named = ", ".join(f"{part} as k{number}" for number, part in enumerate(own))
    where = f"\n  where {' and '.join(filled)}" if filled else ""
    return (
        f"select {table.answer(rule, 't')}\nfrom {table.rows(rule)} t\njoin (\n"
        f"  select {named}\n  from {table.rows(rule)} r{where}\n  group by {', '.join(own)}\n  having count(*) > 1\n"
        f") d on {' and '.join(same)}"
    )


def _determines(rule: Rule, table: _Table) -> str:
    """Rows of each group that agrees in the columns `by` and not in the rule's own column."""
    column = table.contract.column(rule.column or "")
    by = [table.quote(str(name)) for name in rule.args["by"]]
    value = _folded(table.quote(column.name), column, rule, table.dialect)
    same = " and ".join(f"t.{name} = d.{name}" for name in by)
    filled = " and ".join(f"{name} is not null" for name in by)
    return (
        f"select {table.answer(rule, 't')}\nfrom {table.rows(rule)} t\njoin (\n"
        f"  select {', '.join(by)}\n  from {table.rows(rule)} r\n  where {filled}\n  group by {', '.join(by)}\n"
        f"  having count(distinct {value}) > 1\n) d on {same}\nwhere t.{table.quote(column.name)} is not null"
    )


def _reference(rule: Rule, table: _Table) -> str:
    entity, _, column = str(rule.args["to"]).partition(".")
    own, target = table.quote(rule.column or "", "t"), table.quote(column, "r")
    schema = table.name.rpartition(".")[0]
    other = name_in(table.dialect, f"{schema}.{entity}" if schema else entity)
    return (
        f"select {table.answer(rule, 't')}\nfrom {table.rows(rule)} t\nwhere {own} is not null\n"
        f"  and not exists (select 1 from {other} r where {target} = {own})"
    )


def _unique_across(rule: Rule, table: _Table) -> str:
    columns = [rule.column or "", *map(str, rule.args.get("with") or ())]

    def shared(alias: str, name: str) -> str:
        return _folded(table.quote(name, alias), table.contract.column(name), rule, table.dialect)

    same = " and ".join(f"{shared('r', name)} = {shared('t', name)}" for name in columns)
    same_key = " and ".join(
        f"{table.quote(name, 'r')} = {table.quote(name, 't')}" for name in table.contract.business_key
    )
    return (
        f"select {table.answer(rule, 't')}\nfrom {table.rows(rule)} t\n"
        f"where exists (select 1 from {table.rows(rule)} r where {same} and not ({same_key}))"
    )


def _outlier(rule: Rule, table: _Table) -> str:
    """The text of the hub itself, in the two databases it is written for."""
    if table.dialect not in ("postgres", "duckdb"):
        raise _Unsayable("statistics")
    keys = ", ".join(f"o.{identifier(name)}" for name in table_key(table.contract))
    found = failing_rows(
        rule,
        table.contract,
        Rows(
            f"(select a.*, '' as _source_key, 0 as _row_no from {name_in(table.dialect, table.name)} as a)",
            "postgres" if table.dialect == "postgres" else "duckdb",
            table_key(table.contract),
            (),
            today(),
        ),
    )
    return (
        f"select {keys}, {text(rule.column or '')} as failing_column, o.value as failing_value\nfrom ({found}\n) as o"
    )


def _folded(expression: str, column: Column, rule: Rule, dialect: str) -> str:
    """A text without the differences that do not count."""
    ignoring = [str(word) for word in rule.args.get("ignoring") or ()]
    if column.type != "string" or not ignoring:
        return expression
    if set(ignoring) <= set(IGNORABLE) and dialect in _TRANSLATING:
        return folded(expression, ignoring)
    if not set(ignoring) <= set(_FORGIVING):
        raise _Unsayable("likeness")
    if "case" in ignoring:
        expression = f"upper({expression})"
    if "spacing" in ignoring:
        expression = f"replace(replace({expression}, ' ', ''), '\u3000', '')"
    return expression


def _equal(left: str, right: str, filled: bool) -> str:
    return f"{left} = {right}" if filled else f"({left} = {right} or ({left} is null and {right} is null))"


_OVER_ROWS: dict[str, Callable[[Rule, _Table], str]] = {
    "unique": _unique,
    "determines": _determines,
    "reference": _reference,
    "unique_across": _unique_across,
    "outlier": _outlier,
}
_UNSAYABLE = {"readable": "readable", "same_name": "likeness"}
