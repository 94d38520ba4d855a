"""`waterworks discover` for REST APIs: the lists an OpenAPI document describes; with --write, YAML that reads them.

Belongs here: the screen. Not here: recognising endpoints (connectors/mes/openapi.py), files (discover_files.py).
"""

from __future__ import annotations

import fnmatch
from typing import TYPE_CHECKING

import typer

from portal.cli.summary import table
from portal.cli.wording import text
from schemas.problems import Language, Problem

if TYPE_CHECKING:
    from connectors.config_models import SystemConfig
    from connectors.mes.openapi import Endpoint


def discover_rest(
    config: SystemConfig,
    is_new: bool,
    where: str | None,
    like: list[str],
    names: list[str],
    entity: str | None,
    write: bool,
    lang: Language,
) -> None:
    """Raises Problem `openapi_*`, `discover_*` and what asking the service raises."""
    from connectors.config import environment_value
    from connectors.mes.openapi import endpoints
    from connectors.mes.openapi_fetch import document_of
    from connectors.mes.openapi_yaml import propose, system_document
    from connectors.mes.templates import environment_names
    from portal.cli.discover_files import write_proposal
    from schemas.loader import contracts

    if entity is not None and entity not in contracts():
        raise Problem("discover_entity", entity=entity, known=", ".join(contracts()))
    if entity is not None and not (like or names):
        raise Problem("discover_entity_of_what", entity=entity)
    url = environment_value(config.system, config.url_env)
    environment = {name: environment_value(config.system, name) for name in sorted(environment_names(config))}
    document = document_of(config, url, environment, where)
    found = [item for item in endpoints(document) if _chosen(item, like, names)]
    if not found:
        raise Problem("openapi_nothing", system=config.system, wanted=", ".join([*like, *names]) or "*")
    _tell(found, lang)
    if not write:
        typer.echo(text(lang, "discover.rest_hint"))
        return
    read_already = {item.path for item in config.mes_endpoints.values()}
    new = [item for item in found if item.path not in read_already]
    proposal = propose(document, config.system, new, contracts(), config.objects, entity, lang)
    if not (is_new or like or names):
        proposal.comments.clear()  # they were offered when the system was written first
    head = None
    if is_new:
        head = system_document(document, config.system, config.plant, str(config.url_env), config.timezone, lang)
    write_proposal(config.system, head, proposal, lang)


def _chosen(endpoint: Endpoint, like: list[str], names: list[str]) -> bool:
    if not like and not names:
        return True
    patterns = [pattern.replace("%", "*") for pattern in like]
    return (
        endpoint.name in names
        or endpoint.path in names
        or any(
            fnmatch.fnmatch(endpoint.name, pattern) or fnmatch.fnmatch(endpoint.path, pattern) for pattern in patterns
        )
    )


def _tell(found: list[Endpoint], lang: Language) -> None:
    lines = [
        [
            item.name,
            f"{item.method} {item.path}",
            ", ".join(item.key) + (" !!" if any(code == "key" for code, _ in item.doubts) else ""),
            str(item.paging["kind"]),
            item.updated["filter_from"] if item.updated else "-",
        ]
        for item in found
    ]
    heads = ("object", "path", "key", "paging", "changed")
    table([text(lang, f"discover.{name}") for name in heads], lines, left=(0, 1, 2, 3, 4))
    typer.echo("")
