"""`waterworks suggestions ...` and `waterworks correct`: decide on values from the command line.

Belongs here: arguments, and what is printed. Not here: deciding (hub/suggestions). Whoever may use the shell of this
machine may decide; the audit names their login.
"""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from portal.cli.exits import told
from portal.cli.options import DEFAULT, Lang
from portal.cli.summary import table
from portal.cli.wording import help_text, text
from schemas.problems import Language

app = typer.Typer(
    name="suggestions",
    help=help_text("suggestions"),
    epilog=help_text("exit_codes"),
    invoke_without_command=True,
    rich_markup_mode=None,
)

Number = Annotated[int, typer.Argument(metavar="ID", help=help_text("suggestions_id"))]
Dataset = Annotated[str | None, typer.Option("--dataset", help=help_text("suggestions_dataset"))]
Column = Annotated[str | None, typer.Option("--column", help=help_text("suggestions_column"))]
Limit = Annotated[int, typer.Option("--limit", help=help_text("suggestions_limit"), min=1, max=10_000)]
Now = Annotated[bool, typer.Option("--now", help=help_text("suggestions_now"))]


@app.callback()
def main(context: typer.Context, lang: Lang = DEFAULT) -> None:
    """Without a command: the open suggestions."""
    if context.invoked_subcommand is None:
        show(lang=lang)


@app.command("list", help=help_text("suggestions_list"))
def show(dataset: Dataset = None, column: Column = None, limit: Limit = 50, lang: Lang = DEFAULT) -> None:
    with _store(lang) as connection:
        from hub.cleansing.wording import suggestion_titles
        from hub.suggestions import listing

        found = listing.open_suggestions(connection, limit, dataset=dataset, column=column)
        total = listing.count_open(connection, dataset=dataset, column=column)
        titles = suggestion_titles()
        lines = [
            [
                str(row["id"]), row["dataset"], row["column_name"], row["raw_value"] or "∅", row["value"],
                f"{row['confidence'] * 100:.0f}%", f"{row['rows']:,}", row["cell"] or row["source_key"] or "",
                titles[row["rule"]][lang] if row["rule"] in titles else row["rule"],
            ]
            for row in found
        ]  # fmt: skip
    if not lines:
        typer.echo(text(lang, "suggestions.none"))
        return
    heads = ("id", "dataset", "column", "raw", "value", "confidence", "rows", "example", "why")
    table([text(lang, f"suggestions.{name}") for name in heads], lines, left=(1, 2, 3, 4, 7, 8))
    typer.echo(text(lang, "suggestions.shown", shown=len(lines), total=f"{total:,}"))


@app.command("accept", help=help_text("suggestions_accept"))
def accept(number: Number, now: Now = False, lang: Lang = DEFAULT) -> None:
    with _store(lang) as connection:
        from hub.settings import settings
        from hub.suggestions import decide

        done = decide.accept(connection, number, getpass.getuser(), settings().landing)
    typer.echo(text(lang, "suggestions.accepted", rows=f"{done.rows:,}", datasets=", ".join(done.datasets)))
    _afterwards(now, lang)


@app.command("dismiss", help=help_text("suggestions_dismiss"))
def dismiss(
    number: Number,
    reason: Annotated[str, typer.Option("--reason", help=help_text("suggestions_reason"))] = "",
    lang: Lang = DEFAULT,
) -> None:
    with _store(lang) as connection:
        from hub.suggestions import decide

        rows = decide.dismiss(connection, number, getpass.getuser(), reason)
    typer.echo(text(lang, "suggestions.dismissed", rows=f"{rows:,}"))


@app.command("remembered", help=help_text("suggestions_remembered"))
def remembered(lang: Lang = DEFAULT) -> None:
    with _store(lang) as connection:
        from hub.suggestions import listing

        lines = [
            [
                str(row["id"]), text(lang, "suggestions.on" if row["active"] else "suggestions.off"), row["department"],
                f"{row['entity']}.{row['column_name']}", row["raw_value"], row["value"], f"{row['rows']:,}",
                row["accepted_by"],
            ]
            for row in listing.remembered_values(connection)
        ]  # fmt: skip
    if not lines:
        typer.echo(text(lang, "suggestions.none_remembered"))
        return
    heads = ("id", "state", "department", "column", "raw", "value", "rows", "by")
    table([text(lang, f"suggestions.{name}") for name in heads], lines, left=(1, 2, 3, 4, 5, 7))


@app.command("off", help=help_text("suggestions_off"))
def off(number: Number, now: Now = False, lang: Lang = DEFAULT) -> None:
    with _store(lang) as connection:
        from hub.suggestions import decide

        known = decide.switch_off(connection, number, getpass.getuser())
    typer.echo(text(lang, "suggestions.switched_off", raw=known["raw_value"], value=known["value"]))
    _afterwards(now, lang)


@app.command("on", help=help_text("suggestions_on"))
def on(number: Number, now: Now = False, lang: Lang = DEFAULT) -> None:
    with _store(lang) as connection:
        from hub.suggestions import decide

        known = decide.switch_on(connection, number, getpass.getuser())
    typer.echo(text(lang, "suggestions.switched_on", raw=known["raw_value"], value=known["value"]))
    _afterwards(now, lang)


@app.command("corrections", help=help_text("suggestions_corrections"))
def corrections(lang: Lang = DEFAULT) -> None:
    with _store(lang) as connection:
        from hub.suggestions import listing

        lines = [
            [
                str(row["id"]), text(lang, f"suggestions.{_state(row)}"), row["dataset"], row["source_key"],
                row["column_name"], row["raw_value"] or "∅", row["value"] or "∅", row["decided_by"], row["reason"],
            ]
            for row in listing.corrections(connection)
        ]  # fmt: skip
    if not lines:
        typer.echo(text(lang, "suggestions.none_corrected"))
        return
    heads = ("id", "state", "dataset", "key", "column", "raw", "value", "by", "why")
    table([text(lang, f"suggestions.{name}") for name in heads], lines, left=range(1, 9))


@app.command("take-back", help=help_text("suggestions_take_back"))
def take_back(number: Number, now: Now = False, lang: Lang = DEFAULT) -> None:
    with _store(lang) as connection:
        from hub.suggestions import decide

        known = decide.take_back(connection, number, getpass.getuser())
    typer.echo(text(lang, "suggestions.taken_back", column=known["column_name"], key=known["source_key"]))
    _afterwards(now, lang)


def correct(
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help=help_text("accept_dataset"))],
    key: Annotated[str, typer.Argument(metavar="KEY", help=help_text("correct_key"))],
    column: Annotated[str, typer.Argument(metavar="COLUMN", help=help_text("correct_column"))],
    value: Annotated[str, typer.Argument(metavar="VALUE", help=help_text("correct_value"))],
    reason: Annotated[str, typer.Option("--reason", help=help_text("correct_reason"))],
    now: Now = False,
    lang: Lang = DEFAULT,
) -> None:
    with _store(lang) as connection:
        from hub.settings import settings
        from hub.suggestions import decide

        number = decide.correct(
            connection, dataset, key, column, value, getpass.getuser(), reason, settings().landing
        )  # fmt: skip
    typer.echo(text(lang, "suggestions.corrected", column=column, key=key, value=value or "∅", id=number))
    _afterwards(now, lang)


def _state(row: dict[str, Any]) -> str:
    return "off" if not row["active"] else "outdated" if row["outdated_at"] else "on"


def _afterwards(now: bool, lang: Language) -> None:
    """Apply what was decided to the rows of the store, or say when that will happen."""
    if not now:
        typer.echo(text(lang, "suggestions.soon"))
        return
    with _in_use(lang):
        from hub.suggestions.apply import apply_now

        apply_now()
    typer.echo(text(lang, "suggestions.applied"))


@contextmanager
def _in_use(lang: Language) -> Iterator[None]:
    with told(lang):
        from hub.settings import home, load_environment
        from portal.supervisor.store import store_in_use

        load_environment()
        with store_in_use(home()):
            yield


@contextmanager
def _store(lang: Language) -> Iterator[Any]:
    """A connection for one transaction."""
    with _in_use(lang):
        from hub.store.engine import connect
        from portal.cli.init import prepare_store

        prepare_store(lang)
        with connect() as connection:
            yield connection
