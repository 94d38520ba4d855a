"""`waterworks contract ...`: what is made from contracts, and what a change to one breaks.

Belongs here: arguments, writing files, printing. Does not belong here: making anything (hub/contracts).
NAME is an entity, or the path of a contract file anywhere.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from portal.cli.exits import OK, PARTLY, told
from portal.cli.options import DEFAULT, Lang
from portal.cli.wording import help_text, text
from schemas.problems import Language, Problem

if TYPE_CHECKING:
    from hub.contracts.diff.change import Change
    from schemas.model import Contract

app = typer.Typer(help=help_text("contract"), no_args_is_help=True, rich_markup_mode=None)

Name = Annotated[str, typer.Argument(metavar="NAME", help=help_text("contract_name"))]
Out = Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help=help_text("contract_out"))]
Dialect = Annotated[str, typer.Option("--dialect", "-d", metavar="DIALECT", help=help_text("contract_dialect"))]


def command(name: str):  # type: ignore[no-untyped-def]  # typer's own decorator, with our help
    """A subcommand whose help stands under help.contract_<name>."""
    words = help_text(f"contract_{name}")
    return app.command(name, help=words, short_help=words, epilog=help_text("exit_codes"))


@command("sql")
def sql(
    name: Name,
    dialect: Dialect = "postgres",
    table: Annotated[str | None, typer.Option("--table", metavar="T", help=help_text("contract_table"))] = None,
    store: Annotated[bool, typer.Option("--store", help=help_text("contract_store"))] = False,
    out: Out = None,
    lang: Lang = DEFAULT,
) -> None:
    with told(lang):
        from hub.contracts.named import named
        from hub.contracts.rule_sql import script
        from schemas.loader import code_lists

        contract = named(name)
        made = _for_the_store(contract, lang) if store else script(contract, code_lists(), dialect, lang, table)
        _give(made, out, lang)


def _for_the_store(contract: Contract, lang: Language) -> str:
    from connectors.config import read_systems
    from hub.contracts.named import with_neighbours
    from hub.contracts.store_sql import store_script
    from hub.landing.dataset import all_mappings
    from hub.quality.sets.surroundings import Surroundings
    from hub.quality.systems import Systems
    from schemas.loader import code_lists

    systems = Systems.of(read_systems()[0].values())
    around = Surroundings(with_neighbours(contract), systems, all_mappings(), code_lists())
    return store_script(contract, around, lang)


@command("ddl")
def ddl(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help=help_text("contract_names"))] = None,
    dialect: Dialect = "postgres",
    everything: Annotated[bool, typer.Option("--all", help=help_text("contract_all"))] = False,
    strict: Annotated[bool, typer.Option("--strict", help=help_text("contract_strict"))] = False,
    out: Out = None,
    lang: Annotated[Language | None, typer.Option("--lang", help=help_text("contract_comments"))] = None,
) -> None:
    with told(lang or DEFAULT):
        from hub.contracts.ddl import ddl as make
        from hub.contracts.named import named
        from schemas.loader import code_lists, contracts

        asked = [named(name) for name in names or ()]
        known = {**contracts(), **{contract.entity: contract for contract in asked}}
        if not asked and not everything:
            raise Problem("contract_none_named", known=", ".join(sorted(known)))
        entities = list(known) if everything else [contract.entity for contract in asked]
        _give(make(entities, known, code_lists(), dialect, lang or "zh", strict), out, lang or DEFAULT)


@command("gx")
def gx(name: Name, out: Out = None, lang: Lang = DEFAULT) -> None:
    with told(lang):
        from hub.contracts.gx_suite import suite_json
        from hub.contracts.named import named
        from schemas.loader import code_lists

        _give(suite_json(named(name), code_lists()), out, lang)


@command("template")
def template(
    name: Annotated[str, typer.Argument(metavar="NAME", help=help_text("contract_template_name"))],
    department: Annotated[
        str | None, typer.Option("--department", metavar="D", help=help_text("contract_department"))
    ] = None,
    live: Annotated[bool, typer.Option("--live/--no-live", help=help_text("contract_live"))] = True,
    out: Out = None,
    lang: Lang = DEFAULT,
) -> None:
    with told(lang):
        from hub.contracts.template.making import entry_workbook, wanted
        from hub.settings import load_environment
        from schemas.loader import code_lists

        departments = {code.code for code in code_lists()["department"].codes}
        if department is not None and department not in departments:
            raise Problem("contract_department_unknown", department=department, known=", ".join(sorted(departments)))
        load_environment()
        layout, contract = wanted(name)
        target = out or Path(f"{layout.name}.xlsx")
        if not live:
            _write(target, entry_workbook(layout, contract, lang), lang)
            return
        from hub.store.engine import connect

        try:
            with connect() as connection:
                content = entry_workbook(layout, contract, lang, connection, department)
        except Problem as problem:
            if not problem.code.startswith(("store_", "environment_")):
                raise
            typer.secho(problem.text(lang), fg="yellow", err=True)
            typer.echo(text(lang, "contract.no_live"), err=True)
            content = entry_workbook(layout, contract, lang)
        _write(target, content, lang)


@command("dictionary")
def dictionary(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help=help_text("contract_name"))] = None,
    everything: Annotated[bool, typer.Option("--all", help=help_text("contract_all_pages"))] = False,
    out: Out = None,
    lang: Annotated[Language | None, typer.Option("--lang", help=help_text("contract_page_language"))] = None,
) -> None:
    spoken = lang or DEFAULT
    with told(spoken):
        from hub.contracts.dictionary.page import index_page, page
        from hub.contracts.named import named, with_neighbours
        from schemas.loader import contracts

        if name is None and not everything:
            raise Problem("contract_none_named", known=", ".join(sorted(contracts())))
        languages: tuple[Language, ...] = (lang,) if lang else ("zh", "en")
        if not everything:
            contract = named(str(name))
            made = page(contract, with_neighbours(contract), languages)
            _write(out or Path(f"{contract.entity}.html"), made.encode("utf-8"), spoken)
            return
        folder = out or Path("dictionary")
        for entity, contract in contracts().items():
            _write(folder / f"{entity}.html", page(contract, contracts(), languages).encode("utf-8"), None)
        _write(folder / "index.html", index_page(contracts(), languages).encode("utf-8"), spoken)


@command("diff")
def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help=help_text("contract_old"))],
    new: Annotated[str | None, typer.Argument(metavar="[NEW]", help=help_text("contract_new"))] = None,
    against: Annotated[
        str | None, typer.Option("--against", metavar="FILE", help=help_text("contract_against"))
    ] = None,
    count: Annotated[bool, typer.Option("--count", help=help_text("contract_count"))] = False,
    lang: Lang = DEFAULT,
) -> None:
    with told(lang):
        from hub.contracts.diff.compare import compare
        from hub.contracts.named import named
        from hub.settings import load_environment

        if (new is None) == (against is None):
            raise Problem("contract_diff_two")
        # ENTITY --against FILE: what the file would change; OLD NEW: from the one to the other.
        later = named(str(new or against))
        changes = compare(named(old), later)
        if count:
            from hub.contracts.diff.count import with_counts
            from hub.store.engine import connect

            load_environment()
            with connect() as connection:
                changes = with_counts(connection, changes, later)
        show(changes, lang)
        raise typer.Exit(PARTLY if any(change.verdict == "breaks" for change in changes) else OK)


def show(changes: list[Change], lang: Language) -> None:
    """Every change with its verdict and whom it concerns, the worst first."""
    if not changes:
        typer.echo(text(lang, "contract.same"))
        return
    colours = {"breaks": "red", "holds": "yellow", "harmless": None}
    for verdict, colour in colours.items():
        mine = [change for change in changes if change.verdict == verdict]
        if mine:
            typer.secho(text(lang, f"contract.{verdict}", count=len(mine)), fg=colour, bold=True)
        for change in mine:
            typer.echo(f"  - {change.sentence[lang]}")
            for line in change.whom:
                typer.echo(f"      {line[lang]}")


def _give(content: str, out: Path | None, lang: Language) -> None:
    if out is None:
        typer.echo(content, nl=False)
    else:
        _write(out, content.encode("utf-8"), lang)


def _write(target: Path, content: bytes, lang: Language | None) -> None:
    """Write a file and say so (on stderr: stdout is for the thing itself). Raises Problem `folder_unwritable`."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    except OSError as error:
        raise Problem("folder_unwritable", folder=str(target.parent), reason=error.strerror or str(error)) from error
    if lang is not None:
        typer.echo(text(lang, "contract.written", file=target), err=True)
