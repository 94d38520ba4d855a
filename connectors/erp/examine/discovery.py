"""From what an ERP database has to what could be written: which objects, in which form.

Belongs here: deciding per table between a preset's recipe, a table with an entity a person named, and a
comment; trying each statement before it is offered. Does not belong here: text (`proposal.py`), files, screen.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from pydantic import ValidationError

from connectors.erp.config import ErpTableConfig
from connectors.erp.examine.adapt import Adapted, adapted
from connectors.erp.examine.guess import guessed
from connectors.erp.examine.proposal import (
    Proposal,
    commented,
    mapping_document,
    object_name,
    preset_document,
    table_document,
)
from connectors.erp.examine.survey import Survey, Surveyed
from schemas.model import Contract
from schemas.problems import Language, Problem
from schemas.yaml_lines import parse_documents

# Runs the statement of an object without rows; what is wrong with it, or None.
Attempt = Callable[[ErpTableConfig], Problem | None]


def preset_objects(survey: Survey, contracts: dict[str, Contract]) -> list[Adapted]:
    """Every object of the recognised product as far as this database has it; empty without a product."""
    if survey.product is None:
        return []
    return [adapted(item, survey.catalogue, contracts[item.entity]) for item in survey.product.objects.values()]


def propose(
    system: str,
    survey: Survey,
    presets: Collection[Adapted],
    chosen: Collection[Surveyed],
    taken: Collection[str],
    entity: Contract | None,
    attempt: Attempt,
    lang: Language,
) -> Proposal:
    """chosen: tables that were asked for by name or pattern; taken: objects that are configured already.

    entity: what the rows of the chosen tables are; without it they are offered as comments.
    """
    proposal = Proposal()
    names = set(taken)
    by_name = {item.table.name.casefold(): item for item in survey.tables}
    of_presets: set[str] = set()
    for item in presets:
        if not item.usable or item.table is None:
            continue
        of_presets.add(item.table.name.casefold())
        if item.item.object in names:
            continue
        document = preset_document(system, item, by_name.get(item.table.name.casefold()), survey.captions, lang)
        problem = _tried(document.text, attempt)
        if problem is not None:
            proposal.comments.append(f"# !! {problem.text(lang)}\n" + commented(document, lang))
            continue
        names.add(item.item.object)
        proposal.documents.append(document)
        dataset = f"{system}.{item.item.object}"
        proposal.mappings[dataset] = mapping_document(
            dataset, item.item.entity, item.item.department, item.mapping, lang
        )
    for table in chosen:
        if table.table.name.casefold() in of_presets and entity is None:
            continue
        _add_table(proposal, system, table, names, entity, survey, attempt, lang)
    return proposal


def _add_table(
    proposal: Proposal,
    system: str,
    table: Surveyed,
    names: set[str],
    entity: Contract | None,
    survey: Survey,
    attempt: Attempt,
    lang: Language,
) -> None:
    name = object_name(table.table.name, names)
    columns = list(table.table.columns)
    key = table.key or tuple(columns[:1])
    document = table_document(system, name, table, key, survey.captions, lang)
    if entity is None or not columns:
        proposal.comments.append(commented(document, lang))
        return
    problem = _tried(document.text, attempt)
    if problem is not None:
        proposal.comments.append(f"# !! {problem.text(lang)}\n" + commented(document, lang))
        return
    names.add(name)
    guess = guessed(entity, table.table.name, columns, key, survey.captions)
    dataset = f"{system}.{name}"
    proposal.documents.append(document)
    proposal.mappings[dataset] = mapping_document(dataset, entity.entity, entity.owner, guess.columns, lang, guess)


def _tried(text: str, attempt: Attempt) -> Problem | None:
    """What is wrong with a document of ours, read back as it will be."""
    [document] = parse_documents(text, "discover")
    attributes: dict[str, Any] = document.data["attributes"]
    try:
        return attempt(ErpTableConfig.model_validate(attributes))
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Value error, ")
        name = f"{attributes['system']}.{attributes['object']}"
        return Problem("erp_read_failed", system=attributes["system"], object=name, reason=reason)
