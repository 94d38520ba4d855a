"""`waterworks discover SOURCE`: what a source has; with --write, YAML that reads it.

Belongs here: arguments, the screen, and where files go. Not here: looking into a source (connectors).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from portal.cli.exits import told
from portal.cli.options import DEFAULT, Lang
from portal.cli.summary import table
from portal.cli.wording import help_text, text
from schemas.problems import Language, Problem

if TYPE_CHECKING:
    from connectors.config_models import SystemConfig
    from connectors.erp.connector import ErpConnector
    from connectors.erp.examine.adapt import Adapted
    from connectors.erp.examine.survey import Survey, Surveyed

_CAPTION_WIDTH = 24  # characters; the YAML has the whole caption


def discover(
    source: Annotated[str | None, typer.Argument(metavar="SOURCE", help=help_text("discover_source"))] = None,
    like: Annotated[list[str] | None, typer.Option("--like", help=help_text("discover_like"))] = None,
    tables: Annotated[str | None, typer.Option("--tables", help=help_text("discover_tables"))] = None,
    limit: Annotated[int, typer.Option("--limit", min=0, help=help_text("discover_limit"))] = 100,
    preset: Annotated[str | None, typer.Option("--preset", help=help_text("discover_preset"))] = None,
    entity: Annotated[str | None, typer.Option("--entity", help=help_text("discover_entity"))] = None,
    write: Annotated[bool, typer.Option("--write", help=help_text("discover_write"))] = False,
    system: Annotated[str | None, typer.Option("--system", help=help_text("discover_system"))] = None,
    url_env: Annotated[str | None, typer.Option("--url-env", help=help_text("discover_url_env"))] = None,
    plant: Annotated[str, typer.Option("--plant", help=help_text("discover_plant"))] = "P1",
    openapi: Annotated[str | None, typer.Option("--openapi", help=help_text("discover_openapi"))] = None,
    lang: Lang = DEFAULT,
) -> None:
    with told(lang):
        from hub.settings import load_environment

        load_environment()
        config, is_new = _system(source or system, url_env, plant)
        names = [name.strip() for name in (tables or "").split(",") if name.strip()]
        if config.kind == "mes" and (is_new or write or openapi is not None):
            from portal.cli.discover_rest import discover_rest

            discover_rest(config, is_new, openapi, list(like or []), names, entity, write, lang)
            return
        if config.kind != "erp":
            _list(config, write, lang)
            return
        _erp(config, is_new, list(like or []), names, limit, preset, entity, write, lang)


def _system(name: str | None, url_env: str | None, plant: str) -> tuple[SystemConfig, bool]:
    """(the configured system of that name, False), or (a new one at `url_env`, True)."""
    from pydantic import ValidationError

    from connectors.config import read_systems
    from connectors.config_base import Title
    from connectors.config_models import SystemConfig

    systems, problems = read_systems()
    if name is None:
        raise Problem("discover_what", known=", ".join(systems) or "-")
    if name in systems:
        return systems[name], False
    if url_env is None:
        if problems:
            raise problems[0]
        raise Problem("discover_unknown", source=name, known=", ".join(systems) or "-")
    try:
        title = Title(zh=name, en=name)
        is_rest = os.environ.get(url_env, "").strip().startswith(("http://", "https://"))
        kind: Literal["erp", "mes"] = "mes" if is_rest else "erp"
        return SystemConfig(system=name, kind=kind, plant=plant, title=title, url_env=url_env), True
    except ValidationError as error:
        value = name if error.errors()[0]["loc"][0] == "system" else url_env
        raise Problem("discover_name", value=value) from error


def _list(config: SystemConfig, write: bool, lang: Language) -> None:
    """A folder or a REST API: what its connector finds, without proposals."""
    from connectors.config import open_connector

    if write:
        raise Problem("discover_write_kind", system=config.system, kind=config.kind)
    lines = [
        [item.name, "-" if item.rows is None else f"{item.rows:,}", ", ".join(item.key) or "-", str(len(item.columns))]
        for item in open_connector(config).discover()
    ]
    _show(["object", "rows", "key", "columns"], lines, lang)


def _erp(
    config: SystemConfig,
    is_new: bool,
    like: list[str],
    names: list[str],
    limit: int,
    preset: str | None,
    entity: str | None,
    write: bool,
    lang: Language,
) -> None:
    from connectors.erp.examine.discovery import preset_objects, propose
    from connectors.erp.presets import presets
    from schemas.loader import contracts

    if preset is not None and preset not in presets():
        raise Problem("discover_preset", preset=preset, known=", ".join(presets()))
    if entity is not None and entity not in contracts():
        raise Problem("discover_entity", entity=entity, known=", ".join(contracts()))
    if entity is not None and not (like or names):
        raise Problem("discover_entity_of_what", entity=entity)
    with _connector(config).surveyed(like, names, limit, preset) as (survey, attempt):
        if not survey.tables:
            raise Problem("discover_nothing", system=config.system, wanted=", ".join([*like, *names]) or "*")
        adapted = preset_objects(survey, contracts())
        _tell(survey, adapted, lang)
        if not write:
            typer.echo(text(lang, "discover.hint"))
            return
        chosen = [item for item in survey.tables if like or names or survey.product is None]
        proposal = propose(
            config.system,
            survey,
            adapted,
            chosen,
            [*config.objects],
            contracts()[entity] if entity else None,
            attempt,
            lang,
        )
        product = survey.product
    from connectors.erp.examine.proposal import system_document
    from portal.cli.discover_files import write_proposal

    head = None
    if is_new:
        title = {"zh": product.title.zh, "en": product.title.en} if product else config.title.model_dump()
        head = system_document(config.system, config.plant, title, str(config.url_env), config.timezone, product, lang)
    write_proposal(config.system, head, proposal, lang)


def _connector(config: SystemConfig) -> ErpConnector:
    """The ERP's connector; of several databases with the same tables, that of the first."""
    from connectors.config import environment_value
    from connectors.erp.account_sets import AccountSetsConnector
    from connectors.erp.connector import ErpConnector

    url = environment_value(config.system, config.url_env)
    return ErpConnector(config, url) if config.databases is None else AccountSetsConnector(config, url).first()


def _tell(survey: Survey, adapted: list[Adapted], lang: Language) -> None:
    """The tables, then what they are recognised as."""
    _show(["object", "rows", "key", "changed", "caption"], [_line(item, lang) for item in survey.tables], lang)
    if survey.total > len(survey.tables):
        typer.echo(text(lang, "discover.more", shown=len(survey.tables), total=survey.total))
    if survey.product is None:
        typer.echo(text(lang, "discover.unrecognised"))
        return
    typer.secho(
        text(lang, "discover.recognised", product=survey.product.title[lang], preset=survey.product.name), bold=True
    )
    if survey.product.note is not None:
        typer.echo(f"  {survey.product.note[lang]}")
    for item in adapted:
        missing = ", ".join(dict.fromkeys(item.missing))
        if not item.usable:
            typer.secho(f"  ✗ {item.item.object}: {text(lang, 'discover.not_usable', missing=missing)}", fg="yellow")
        elif missing:
            typer.secho(f"  ! {item.item.object}: {text(lang, 'discover.without', missing=missing)}", fg="yellow")
        else:
            typer.echo(f"  ✓ {item.item.object} ({item.item.title[lang]})")


def _line(item: Surveyed, lang: Language) -> list[str]:
    rows = "-" if item.rows is None else f"{'' if item.counted else '≈ '}{item.rows:,}"
    key = ", ".join(item.key) + ("" if item.primary else " *") if item.key else text(lang, "discover.no_key")
    changed = item.candidates[0].column if item.candidates else "-"
    return [item.shown, rows, key, changed, (item.caption or "")[:_CAPTION_WIDTH]]


def _show(head: list[str], lines: list[list[str]], lang: Language) -> None:
    table([text(lang, f"discover.{name}") for name in head], lines, left=(0, 2, 3, 4))
    typer.echo("")


def project_path(path: Path) -> str:
    """The path as a person in the project's folder would write it."""
    from hub.settings import PROJECT

    return str(path.relative_to(PROJECT)) if path.is_relative_to(PROJECT) else str(path)
