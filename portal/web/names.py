"""What things are called on screen: rules, entities, departments, sources, in the user's language.

Belongs here: looking names up in schemas/ and the source configuration. Not here: page wording
(portal/i18n). A code that nobody has named is shown as it is.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from connectors.config import SystemConfig, read_systems
from hub.cleansing.wording import change_titles, suggestion_titles
from hub.quality.sentences import change_sentence
from hub.quality.sentences import sentence as value_sentence
from portal.i18n import catalogue
from schemas.loader import code_lists, contracts
from schemas.model import Contract, Rule
from schemas.problems import Language, Problem
from schemas.template_loader import templates

DIMENSIONS = ("completeness", "uniqueness", "conformity", "consistency", "accuracy", "timeliness")
MISSING_NAMED = 4  # of more objects of one source only the number is told
WHOLE_ROW: dict[Language, str] = {"zh": "整行", "en": "whole row"}
_systems_read: tuple[float, dict[str, SystemConfig]] = (0.0, {})


def systems() -> dict[str, SystemConfig]:
    """The configured source systems; the files are read again after ten seconds."""
    global _systems_read
    if not _systems_read[1] or time.monotonic() - _systems_read[0] > 10:
        _systems_read = (time.monotonic(), read_systems()[0])
    return _systems_read[1]


def rule(rule_id: str) -> Rule | None:
    """The contract rule of that id."""
    contract = contracts().get(rule_id.partition(".")[0])
    return next((rule for rule in contract.rules if rule.id == rule_id), None) if contract else None


def rule_title(rule_id: str, language: Language) -> str:
    """The rule in business words; a standardiser's rule is named by hub/cleansing."""
    if found := rule(rule_id):
        return found.title[language]
    change = change_titles().get(rule_id)
    return change[language] if change else rule_id


def department(code: str, language: Language) -> str:
    """Name of a department, from schemas/codes/department.yaml."""
    return code_title("department", code, language)


def code_title(list_name: str, code: str, language: Language) -> str:
    """Name of a code in a code list."""
    listed = code_lists().get(list_name)
    found = next((entry for entry in listed.codes if entry.code == code), None) if listed else None
    return found.title[language] if found else code


def entity(name: str, language: Language) -> str:
    """Name of an entity, from its contract."""
    contract = contracts().get(name)
    return contract.title[language] if contract else name


def column(entity_name: str, column_name: str, language: Language) -> str:
    """Name of an entity's column, from the contract; '' stands for the whole row."""
    contract: Contract | None = contracts().get(entity_name)
    known = {item.name: item.title[language] for item in contract.columns} if contract else {}
    return known.get(column_name, column_name)


def system(name: str, language: Language) -> str:
    """Name of a source system; approved uploads are one of ours."""
    if name == "uploads":
        return catalogue(language)["common.uploads"]
    config = systems().get(name)
    return getattr(config.title, language) if config else name


def dataset(name: str, language: Language) -> str:
    """Name of a dataset: "Kingdee K/3 · Materials"."""
    return f"{system(name.partition('.')[0], language)} · {dataset_object(name, language)}"


def dataset_object(name: str, language: Language) -> str:
    """Name of a dataset within its source: "Materials"."""
    system_name, _, object_name = name.partition(".")
    config = systems().get(system_name)
    item = config.objects.get(object_name) if config else None
    template = templates().get(object_name)
    if item and item.title:
        return str(getattr(item.title, language))
    if template and system_name in ("workbooks", "uploads"):
        return template.title[language]
    return entity(object_name, language)


def group(kind: str, key: tuple[str, ...], language: Language) -> str:
    """Name of one line of the dashboard's table: a department, entity, source, dimension, column or rule."""
    if kind == "column":
        of_entity = entity(key[0], language)
        return f"{of_entity} · {column(key[0], key[1], language)}" if key[1] else f"{of_entity} · {WHOLE_ROW[language]}"
    if kind == "dimension":
        return catalogue(language)[f"dimension.{key[0]}"]
    known = {"department": department, "entity": entity, "source": system, "rule": rule_title}
    return known[kind](key[0], language)


def missing(lacks: Mapping[str, str], language: Language) -> str:
    """What a sum does not contain: "MES: Customers, Materials (its source could not be read)"."""
    words = catalogue(language)
    together: dict[tuple[str, str], list[str]] = {}
    for what, why in lacks.items():
        if why == "cannot_run":
            together.setdefault((rule_title(what, language), why), [])
        else:
            together.setdefault((system(what.partition(".")[0], language), why), []).append(
                dataset_object(what, language)
            )
    parts = []
    for (name, why), objects in together.items():
        shown = ", ".join(objects) if len(objects) <= MISSING_NAMED else f"{len(objects)} {words['dashboard.objects']}"
        parts.append(f"{name}{': ' if objects else ''}{shown} ({words[f'unknown_why.{why}']})")
    return "; ".join(parts)


def rule_change(changed: Mapping[str, Any], language: Language) -> str:
    """What changed about a rule, in words: "severity: warning → error"."""
    words, told = catalogue(language), []
    for what, values in changed.items():
        if what in ("added", "removed"):
            told.append(words[f"rule_change.{what}"])
        elif isinstance(values, Mapping):
            inner = ", ".join(f"{name} {_told(pair[0])} → {_told(pair[1])}" for name, pair in values.items())
            told.append(f"{words[f'rule_change.{what}']}: {inner}")
        else:
            before, after = (words.get(f"{what}.{each}", _told(each)) for each in values)
            told.append(f"{words[f'rule_change.{what}']}: {before} → {after}")
    return "; ".join(told)


def _told(value: object) -> str:
    if value is None:
        return "–"
    return ", ".join(map(_told, value)) if isinstance(value, list) else str(value)


def source_key(dataset_name: str, key: str) -> str:
    """Where a row without a cell stands in its source: "t_ICItem FItemID 2231"."""
    system_name, _, object_name = dataset_name.partition(".")
    config = systems().get(system_name)
    if config and (table := config.erp_tables.get(object_name)):
        parts = " ".join(f"{name} {part}" for name, part in zip(table.key, key.split("|"), strict=False))
        return f"{table.table} {parts}"
    if config and (endpoint := config.mes_endpoints.get(object_name)):
        return f"{endpoint.path} {endpoint.key[0]} {key}"
    return key


def sentence(problem: dict[str, object] | None, language: Language) -> str:
    """A stored problem {"code", "params"} as its sentence; a code of an older version is shown as it is."""
    if not problem:
        return ""
    code, params = str(problem.get("code")), problem.get("params")
    try:
        return Problem(code, **(params if isinstance(params, dict) else {})).text(language)
    except KeyError:
        return code


def suggestion_sentence(found: Mapping[str, Any], place: str | None, language: Language) -> str:
    """One suggestion: "D12：“公金”多半是“KG”：与代码表里的一个写法只差一点（把握 95%）"."""
    titles = suggestion_titles()
    told = catalogue(language)["suggest.sentence"].format(
        raw=found["value"] or catalogue(language)["finding.blank"],
        value=found["suggestion"],
        why=titles[found["rule"]][language] if found["rule"] in titles else found["rule"],
        confidence=round(float((found["detail"] or {}).get("confidence", 0)) * 100),
    )
    return f"{place}{'：' if language == 'zh' else ': '}{told}" if place else told


def finding_sentence(found: Mapping[str, Any], entity_name: str, place: str | None, language: Language) -> str:
    """One finding or change as a sentence: "D12：‘公 斤’不是标准单位，建议 KG".

    `found` has rule, value, column_name, source_column, detail and, for an upload, kind and suggestion.
    """
    if found.get("kind") == "suggestion":
        return suggestion_sentence(found, place, language)
    if found.get("kind") == "change":
        if found["rule"] not in change_titles():
            return found["rule"]
        return change_sentence(found["rule"], found["value"] or "", found["suggestion"], place, language)
    known = rule(found["rule"])
    if known is None:
        return found["rule"]
    title = column(entity_name, found["column_name"] or "", language)
    return value_sentence(known, title, found["value"], found["detail"], place, found.get("suggestion"), language)
