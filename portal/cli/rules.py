"""`waterworks rules try FILE --on DATASET|ENTITY|WORKBOOK`: what changed rules would find, before they are saved.

Belongs here: arguments, and what is printed. Not here: trying (hub/trying). Writes nothing but the --out file.
"""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from portal.cli.compare import PASSWORDS
from portal.cli.exits import PARTLY, told
from portal.cli.options import DEFAULT, Lang
from portal.cli.summary import table
from portal.cli.wording import help_text, text
from schemas.problems import Language, Problem

if TYPE_CHECKING:
    from hub.quality.engine import Run
    from hub.trying.changed import Change
    from hub.trying.run import Found
    from schemas.model import CodeList, Contract, Rule, Template

app = typer.Typer(name="rules", help=help_text("rules"), rich_markup_mode=None, no_args_is_help=True)
_FILES = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods", ".csv", ".txt")


@app.callback()
def main() -> None:
    """Keeps `try` a command of its own although it is the only one."""


@app.command("try", help=help_text("rules_try"))
def try_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=help_text("rules_file"))],
    where: Annotated[str, typer.Option("--on", metavar="DATASET|ENTITY|WORKBOOK", help=help_text("rules_on"))],
    rule: Annotated[list[str] | None, typer.Option("--rule", "-r", help=help_text("rules_rule"))] = None,
    every: Annotated[bool, typer.Option("--all", help=help_text("rules_all"))] = False,
    limit: Annotated[int, typer.Option("--limit", help=help_text("rules_limit"), min=0, max=10_000)] = 5,
    out: Annotated[Path | None, typer.Option("--out", help=help_text("rules_out"))] = None,
    template: Annotated[str | None, typer.Option("--template", "-t", help=help_text("compare_template"))] = None,
    lang: Lang = DEFAULT,
) -> None:
    with told(lang):
        from hub.contracts.named import named
        from hub.settings import load_environment
        from hub.trying.changed import rules_to_try
        from schemas.loader import code_lists, contracts

        load_environment()
        codes = code_lists()
        contract = named(str(file))
        rules = rules_to_try(contract, contracts().get(contract.entity), codes, rule or (), every)
        with _findings_file(out, contract, lang) as write:
            trial = _Trial(contract, codes, rules, limit, write)
            if where.lower().endswith(_FILES):
                _on_workbook(trial, Path(where), template, lang)
            else:
                _on_store(trial, where)
        _show(trial, where, lang)
        if out is not None:
            typer.echo(text(lang, "rules.written", file=out, findings=f"{trial.counts.total():,}"))
        if trial.broken:
            raise typer.Exit(PARTLY)


@dataclass
class _Trial:
    """What is tried, and what came of it so far. now: open findings today; None where there is no today."""

    contract: Contract
    codes: dict[str, CodeList]
    rules: list[tuple[Rule, Change]]
    limit: int
    write: Any
    rows: int = 0
    now: dict[str, int] | None = None
    left_out: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    shown: dict[str, list[Found]] = field(default_factory=dict)
    broken: dict[str, Problem] = field(default_factory=dict)

    def of(self, *scopes: str) -> list[Rule]:
        return [rule for rule, _ in self.rules if rule.scope in scopes]

    def keep(self, found: Found) -> None:
        self.counts[found.rule] += 1
        first = self.shown.setdefault(found.rule, [])
        if len(first) < self.limit:
            first.append(found)
        self.write(found)


def _on_workbook(trial: _Trial, path: Path, template: str | None, lang: Language) -> None:
    """Rules of rows and of the whole table; rules over several datasets need the store."""
    from connectors.excel.finding.table import match_template
    from connectors.excel.safety.passwords import split
    from hub.landing.dataset import dataset
    from hub.trying.pages import workbook_pages
    from hub.trying.run import try_rows
    from schemas.template_loader import templates

    passwords = split(os.environ.get(PASSWORDS, ""))
    fitting = {name: one for name, one in templates().items() if one.entity == trial.contract.entity}
    if not fitting or (template is not None and template not in fitting):
        known = ", ".join(fitting) or "-"
        raise Problem("rule_try_template", template=template or "-", entity=trial.contract.entity, known=known)
    chosen: Template = fitting[template] if template else match_template(path, fitting.values(), path.name, passwords)
    about = replace(dataset(chosen.dataset, "P1"), contract=trial.contract)
    run = _run()
    trial.left_out = [rule.id for rule in trial.of("set", "dataset")]
    pages = workbook_pages(path, chosen, about, passwords)
    trial.rows = try_rows(pages, about, trial.of("row", "table"), run, trial.keep)
    trial.broken |= run.broken


def _on_store(trial: _Trial, where: str) -> None:
    from connectors.config import read_systems
    from hub.landing.dataset import all_mappings, dataset, with_decisions
    from hub.quality.sets.surroundings import Surroundings
    from hub.quality.systems import Systems
    from hub.settings import home, settings
    from hub.store.engine import connect
    from hub.trying.pages import stored_pages
    from hub.trying.run import open_now, try_rows, try_store
    from portal.supervisor.store import store_in_use
    from schemas.loader import contracts

    entity = trial.contract.entity
    mine = sorted(name for name, mapping in all_mappings().items() if mapping.entity == entity)
    chosen = mine if where.removeprefix("core.") == entity else [name for name in mine if name == where]
    if not chosen:
        raise Problem("rule_try_where", where=where, entity=entity, known=", ".join([entity, *mine]))
    with store_in_use(home()), connect() as connection:
        run = _run()
        for name in chosen if trial.of("row") else []:
            about = replace(with_decisions(connection, dataset(name, "P1")), contract=trial.contract)
            pages = stored_pages(connection, about, settings().landing)
            trial.rows += try_rows(pages, about, trial.of("row"), run, trial.keep)
        systems = Systems.of(read_systems()[0].values())
        around = Surroundings({**contracts(), entity: trial.contract}, systems, all_mappings(), trial.codes)
        broken = try_store(connection, trial.of("table", "set", "dataset"), around, chosen, trial.keep)
        trial.broken |= run.broken | broken
        trial.now = dict(open_now(connection, [rule.id for rule, _ in trial.rules], chosen))


def _run() -> Run:
    from hub.quality.engine import Run

    return Run()


@contextmanager
def _findings_file(out: Path | None, contract: Contract, lang: Language) -> Iterator[Any]:
    """A function that writes one finding as a line of a CSV file; it opens in Excel as it is."""
    if out is None:
        yield lambda found: None
        return
    from connectors.excel.marking.inert import inert

    try:
        with out.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            heads = ("rule", "dataset", "file", "sheet", "cell", "column", "key", "value", "sentence")
            writer.writerow([text(lang, f"rules.{name}") for name in heads])
            yield lambda found: writer.writerow(
                [
                    inert(part or "")
                    for part in (
                        found.rule, found.dataset, found.file, found.sheet, found.cell, found.column,
                        found.source_key, found.value, _sentence(contract, found, lang),
                    )
                ]
            )  # fmt: skip
    except OSError as error:
        raise Problem("rule_try_out", file=str(out), reason=error.strerror or str(error)) from error


def _show(trial: _Trial, where: str, lang: Language) -> None:
    typer.echo(text(lang, "rules.tried", file=trial.contract.path, where=where, rows=f"{trial.rows:,}"))
    lines = []
    for rule, change in trial.rules:
        if rule.id in trial.left_out:
            continue
        found = "?" if rule.id in trial.broken else f"{trial.counts[rule.id]:,}"
        now = "" if trial.now is None else f"{trial.now.get(rule.id, 0):,}"
        effect = text(lang, f"rules.{rule.severity}")
        lines.append([rule.id, text(lang, f"rules.{change}"), now, found, effect, rule.title[lang]])
    heads = ("rule", "change", "now", "would_find", "effect", "title")
    table([text(lang, f"rules.{name}") for name in heads], lines, left=(1, 4, 5))
    for rule, _ in trial.rules:
        for one in trial.shown.get(rule.id, ()):
            typer.echo(f"  {rule.id}  {one.dataset}  {_sentence(trial.contract, one, lang)}")
    for problem in trial.broken.values():
        typer.secho(f"! {problem.text(lang)}", fg="yellow")
    if trial.left_out:
        typer.secho("! " + text(lang, "rules.left_out", rules=", ".join(trial.left_out)), fg="yellow")


def _sentence(contract: Contract, found: Found, lang: Language) -> str:
    from hub.quality.sentences import sentence

    rule = next(rule for rule in contract.rules if rule.id == found.rule)
    title = contract.column(rule.column).title[lang] if rule.column else contract.title[lang]
    return sentence(rule, title, found.value, found.detail, found.cell or found.source_key, None, lang)
