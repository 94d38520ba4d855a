"""SQL that people write in rules: what it is, what it names, and that it can only read.

Belongs here: `where` and `sql` of a row rule (a condition over one row), `sql` of a set rule (one SELECT over the
store). Does not belong here: running anything on data (hub/quality). Written for PostgreSQL; a condition
must also mean the same in DuckDB, which therefore resolves it here, over no rows (`condition_types.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas.condition_types import why_not
from schemas.fields import Fields
from schemas.model import Column
from schemas.nearness import listed

_STATEMENTS = {
    "insert", "update", "delete", "merge", "truncate", "create", "alter", "drop", "copy", "call", "do", "set", "reset",
    "grant", "revoke", "vacuum", "analyze", "lock", "begin", "start", "commit", "rollback", "prepare", "execute",
    "declare", "listen", "notify", "load", "refresh", "reindex", "cluster", "comment", "explain", "show", "discard",
    "security", "import", "attach", "detach", "install", "pragma", "use", "export",
}  # fmt: skip
# Functions that sqlglot has no name of its own for, that only read, and that PostgreSQL has.
_HARMLESS = {
    "trim_scale", "octet_length", "age", "make_date", "make_timestamp", "every", "isfinite", "num_nulls",
    "num_nonnulls", "cardinality", "regexp_match", "regexp_matches", "jsonb_build_object", "jsonb_build_array",
    "jsonb_agg", "quote_literal", "translate", "overlay", "to_number", "justify_days", "justify_hours", "div", "gcd",
    "lcm",
    "array_positions", "array_remove", "array_replace", "array_upper", "array_lower", "daterange", "numrange", "scale",
    "min_scale", "bit_length", "date_bin", "percentile_disc", "mode",
}  # fmt: skip
_SYSTEM_TABLE = "source_system"  # hub/quality lists the configured systems under this name


def check_condition(at: Fields, key: str, rule: str, columns: Mapping[str, Column], entity: str | None = None) -> None:
    """A condition over one row: names columns of the entity only (the rule's own if None), holds no query.

    Raises Problem at the line of the wrong word where YAML keeps lines (`|`), else at the line of `key`.
    """
    from sqlglot import exp

    sql = at.text(key)
    root = _parse(at, key, rule, sql, query=False)
    inner = root.find(exp.Query)
    if inner is not None:
        at.fail_at("rule_sql_row_only", key, rule=rule)
    named = 0
    for column in root.find_all(exp.Column):
        name = _name(column.this)
        if column.table or name not in columns:
            written = f"{column.table}.{name}" if column.table else name
            _fail_at_word(at, key, "rule_unknown_column", column.this, rule=rule, column=written,
                          entity=entity or rule.partition(".")[0], allowed=listed(name, columns))  # fmt: skip
        named += 1
    _check_functions(at, key, rule, root)
    if any(node.comments for node in root.walk()):
        at.fail_at("rule_sql_comment", key, rule=rule)
    if not named:
        at.fail_at("rule_sql_no_column", key, rule=rule)
    reason = why_not(root, columns)
    if reason is not None:
        at.fail_at("rule_sql_unfit", key, rule=rule, reason=reason)


def check_query(at: Fields, key: str, rule: str, entities: Mapping[str, Mapping[str, Column]]) -> None:
    """One SELECT over core.<entity> that returns _dataset, _source_key and a value. Raises Problem as above."""
    from sqlglot import exp

    root = _parse(at, key, rule, str(at.get(key)), query=True)
    _check_functions(at, key, rule, root)
    names = [item.output_name for item in root.selects]
    # What a subquery returns is for the store to say; all columns of a table of ours are never these three.
    inner = names == ["*"] and not any(table.db for table in root.find_all(exp.Table) if table.parent_select is root)
    if not inner and (len(names) != 3 or names[:2] != ["_dataset", "_source_key"]):
        at.fail_at("rule_sql_three_columns", key, rule=rule, columns=", ".join(name or "?" for name in names))
    common = {table.alias.lower() for table in root.find_all(exp.CTE)}
    for table in root.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier):
            continue  # a function such as unnest(...)
        schema, name = table.db.lower(), _name(table.this)
        if (schema == "core" and name in entities) or (not schema and name in {*common, _SYSTEM_TABLE}):
            continue
        written = f"{schema}.{name}" if schema else name
        allowed = listed(written, [*(f"core.{entity}" for entity in entities), _SYSTEM_TABLE])
        _fail_at_word(at, key, "rule_sql_table", table.this, rule=rule, table=written, allowed=allowed)
    _check_query_columns(at, key, rule, root, entities)


def _parse(at: Fields, key: str, rule: str, sql: str, *, query: bool) -> Any:
    """The one expression of the text. Raises Problem for several statements, ones that write, and no SQL."""
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError, TokenError
    from sqlglot.tokens import TokenType

    if "\0" in sql:
        at.fail_at("contract_sql_unreadable", key, rule=rule, reason="NUL")
    try:
        tokens = sqlglot.tokenize(sql, read="postgres")
    except TokenError:
        at.fail_at("contract_sql_unreadable", key, rule=rule, reason=" ".join(sql.split())[:60])
    first = tokens[0].text.lower() if tokens else ""
    if first in _STATEMENTS:
        at.fail_in_text("rule_sql_writes", key, tokens[0].line, rule=rule, word=first.upper())
    for token in tokens:
        if token.token_type == TokenType.SEMICOLON:
            at.fail_in_text("rule_sql_several", key, token.line, rule=rule)
    if query and first not in {"select", "with", "("}:
        at.fail_at("rule_sql_need_query", key, rule=rule)
    if not query and first in {"select", "with"}:
        at.fail_at("rule_sql_row_only", key, rule=rule)
    try:
        root = sqlglot.parse_one(sql, read="postgres")
    except RecursionError:
        at.fail_at("contract_sql_unreadable", key, rule=rule, reason="((( ...")
    except SqlglotError as error:
        details = getattr(error, "errors", None) or [{}]
        highlight, line = details[0].get("highlight") or first, details[0].get("line") or 1
        at.fail_in_text("contract_sql_unreadable", key, line, rule=rule, reason=f"... {highlight} ...")
    for node in root.find_all(exp.DML, exp.DDL, exp.Command, exp.Into, exp.Lock, exp.Drop, exp.Set):
        if not isinstance(node, exp.Query):
            word = (
                "SELECT INTO"
                if isinstance(node, exp.Into)
                else "FOR UPDATE"
                if isinstance(node, exp.Lock)
                else node.key.upper()
            )
            at.fail_at("rule_sql_writes", key, rule=rule, word=word)
    if query and not isinstance(root, exp.Query):
        at.fail_at("rule_sql_need_query", key, rule=rule)
    if not query and isinstance(root, exp.Alias):
        at.fail_at("contract_sql_unreadable", key, rule=rule, reason=f"... {root.alias} ...")
    return root


def _check_functions(at: Fields, key: str, rule: str, root: Any) -> None:
    """Refuse functions that may change or read something outside the store, answer differently each time, or that only
    one of the two engines has; and comparisons with null, which never hold."""
    from sqlglot import exp

    changing = (exp.Rand, exp.Randn, exp.Uuid, exp.ReadCSV, exp.ReadParquet)
    # PostgreSQL has them not at all or only as an extension; DuckDB's count bytes, which is wrong for Chinese.
    of_one_engine = (exp.Levenshtein, exp.JarowinklerSimilarity, exp.Soundex, exp.RegexpFullMatch)
    for function in root.find_all(exp.Anonymous, *changing, *of_one_engine):
        name = function.name.lower() if isinstance(function, exp.Anonymous) else function.sql_name().lower()
        if name not in _HARMLESS:
            at.fail_at("rule_sql_function", key, rule=rule, function=name)
    for comparison in root.find_all(exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE):
        if isinstance(comparison.left, exp.Null) or isinstance(comparison.right, exp.Null):
            at.fail_at("rule_sql_null", key, rule=rule)


def _check_query_columns(
    at: Fields, key: str, rule: str, root: Any, entities: Mapping[str, Mapping[str, Column]]
) -> None:
    """Columns of core.<entity> exist; system columns begin with _. What comes from subqueries is left to the store."""
    from sqlglot import exp
    from sqlglot.optimizer.scope import traverse_scope

    for scope in traverse_scope(root):
        tables = {alias: source for alias, source in scope.sources.items() if isinstance(source, exp.Table)}
        for column in scope.columns:
            name = _name(column.this)
            source = scope.sources.get(column.table)
            if name.startswith("_") or isinstance(column.this, exp.Star):
                continue
            if column.table:
                sources = [source] if isinstance(source, exp.Table) else []
            else:
                # Without a qualifier only where every table around is one of ours; an alias may be meant elsewhere.
                whole = len(tables) == len(scope.sources) and scope.parent is None and not scope.subquery_scopes
                sources = list(tables.values()) if whole else []
            owners = sorted({_name(table.this) for table in sources if table.db.lower() == "core"})
            known = {column_name: None for owner in owners for column_name in entities.get(owner, {})}
            aliases = {item.alias for item in getattr(scope.expression, "selects", [])}
            if owners and all(table.db for table in sources) and name not in {*known, *aliases}:
                _fail_at_word(at, key, "rule_unknown_column", column.this, rule=rule, column=name,
                              entity=", ".join(owners), allowed=listed(name, known))  # fmt: skip


def _name(identifier: Any) -> str:
    """A name as the store resolves it: quoted as written, else in lower case."""
    name = str(identifier.name)
    return name if identifier.args.get("quoted") else name.lower()


def _fail_at_word(at: Fields, key: str, problem: str, word: Any, /, **params: Any) -> None:
    at.fail_in_text(problem, key, word.meta.get("line", 1), **params)
