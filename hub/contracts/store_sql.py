"""The rules of a contract as the hub's own store answers them: statements for PostgreSQL over core.<entity>.

Belongs here: putting the hub's own queries together for reading, rules over several sources among them. Does not
belong here: those queries (hub/quality/sets), statements for other databases (`rule_sql.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as MappingABC

from hub.contracts.ddl_checks import failing
from hub.contracts.rule_sql import Statement, as_script
from hub.contracts.words import word
from hub.quality.literals import identifier, text
from hub.quality.predicates import CONDITIONS, Scope
from hub.quality.relations import relation
from hub.quality.set_templates import PREPARE, QUERIES, query_of
from hub.quality.sets.surroundings import Surroundings
from schemas.model import CodeList, Contract, Rule
from schemas.problems import Language, Problem


def store_statements(contract: Contract, around: Surroundings, language: Language) -> Iterable[Statement]:
    """One statement per rule. Row rules: (_dataset, _source_key, key columns, failing_column, failing_value).

    Other rules: the hub's own query, (_dataset, _source_key, value, detail). Held rows are looked at, too.
    """
    for rule in contract.rules:
        if rule.kind == "readable":
            yield Statement(rule, None, word(language, "sql.readable"))
        elif rule.kind in PREPARE:
            yield Statement(rule, None, word(language, "sql.stepwise"))
        else:
            try:
                yield Statement(rule, _query(rule, contract, around))
            except Problem as problem:
                yield Statement(rule, None, problem.text(language))


def store_script(contract: Contract, around: Surroundings, language: Language) -> str:
    """All statements with the rules' titles as comments."""
    head = word(
        language, "sql.store_head", title=contract.title[language], entity=contract.entity, version=contract.version
    )
    return as_script([head], store_statements(contract, around, language), "postgres", language)


def _query(rule: Rule, contract: Contract, around: Surroundings) -> str:
    if rule.kind in QUERIES:
        return query_of(rule, around).strip()
    if rule.kind not in CONDITIONS:
        raise Problem("rule_kind_unknown", rule=rule.id, kind=rule.kind, known=", ".join([*CONDITIONS, *QUERIES]))
    codes: MappingABC[str, CodeList] = around.codes
    keys = ", ".join(f"c.{identifier(name)}" for name in contract.business_key)
    value = f"c.{identifier(rule.column)}" if rule.column else "null"
    return (
        f"select c._dataset, c._source_key, {keys}, {text(rule.column or '')} as failing_column,"
        f" {value} as failing_value\nfrom {relation(contract)} as c\n"
        f"where {failing(rule, Scope(contract, dict(codes), {}, {}, 'postgres'))}"
    )
