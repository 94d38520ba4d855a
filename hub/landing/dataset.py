"""One dataset ("<system>.<object>") with everything a load must know about it.

Belongs here: joining configuration, contract and mapping. Not here: reading or writing data.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import psycopg

from hub.cleansing.decisions import NONE, Decisions, decisions_of
from hub.cleansing.decisions import fingerprint as fingerprint_of_decisions
from hub.landing.digests import SCHEME
from schemas.loader import code_lists, contracts, fingerprint, mappings
from schemas.model import CodeList, Contract, Mapping, Text
from schemas.problems import Problem

UPLOADS = "uploads"  # the system name under which approved uploads are loaded


@dataclass(frozen=True)
class Dataset:
    """One dataset, as configured; `with_decisions` adds what people decided about its values.

    name: "<system>.<object>"; rules: fingerprint of everything that decides what a single row becomes: contract,
    mapping, code lists, decisions, and the way rows are compared.
    """

    name: str
    system: str
    plant: str
    contract: Contract
    mapping: Mapping
    codes: dict[str, CodeList]
    rules: str
    mirror: bool = False  # keep the source's rows in raw_<system>.<object>, too
    decisions: Decisions = NONE


@cache
def all_mappings() -> dict[str, Mapping]:
    """Mappings by dataset, including uploads.<template>, which map like the watched workbook does."""
    known = mappings()
    uploads = {
        f"{UPLOADS}.{name.partition('.')[2]}": replace(mapping, dataset=f"{UPLOADS}.{name.partition('.')[2]}")
        for name, mapping in known.items()
        if name.startswith("workbooks.")
    }
    return {**known, **uploads}


def dataset(name: str, plant: str, mirror: bool = False) -> Dataset:
    """The dataset of that name; Problem `mapping_missing` if schemas/mappings has none."""
    mapping = all_mappings().get(name)
    if mapping is None:
        raise Problem("mapping_missing", dataset=name)
    contract = contracts()[mapping.entity]
    return Dataset(
        name=name,
        system=name.partition(".")[0],
        plant=plant,
        contract=contract,
        mapping=mapping,
        codes=code_lists(),
        rules=f"{fingerprint(_judging(contract), mapping)} {SCHEME}",
        mirror=mirror,
    )


def with_decisions(connection: psycopg.Connection[Any], about: Dataset) -> Dataset:
    """A dataset as configured, without decisions so far, with what people decided up to now.

    Its rules are other ones whenever that changed.
    Ask while holding the lease of its system, so that nobody judges by what was in force before a wait.
    """
    decisions = decisions_of(connection, about.name, about.mapping.department, about.contract.entity)
    rules = f"{about.rules} {fingerprint_of_decisions(decisions)}".rstrip()
    return replace(about, decisions=decisions, rules=rules)


_NO_TEXT = Text(zh="", en="")


def _judging(contract: Contract) -> Contract:
    """Only what a single row is judged by.

    Rules over several rows are decided again after every sync anyway, and a better wording changes no row.
    """
    return replace(
        contract,
        columns=tuple(
            replace(column, title=_NO_TEXT, description=None, synonyms=(), example=None) for column in contract.columns
        ),
        rules=tuple(
            replace(rule, title=_NO_TEXT, why=_NO_TEXT, fix=_NO_TEXT, threshold=None)
            for rule in contract.rules
            if rule.scope == "row"
        ),
    )
