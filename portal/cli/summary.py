"""The summary after a sync: rows per object that add up, findings by severity, score per entity.

Belongs here: the questions to the store and the tables on the screen. Not here: computing scores.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from typing import Any

import typer

from portal.cli.progress import COUNTS
from portal.cli.wording import text
from schemas.problems import Language, Problem

REMARKS = 3  # sentences shown per dataset; the portal shows all


def show_summary(objects: list[dict[str, Any]], lang: Language) -> bool:
    """Print the tables for these "object" events; True if every line and the store's own books add up."""
    from hub.store.engine import connect

    done = [item for item in objects if item.get("rows_read") is not None]
    lines = [[item["dataset"], *(f"{item[name]:,}" for name in COUNTS)] for item in done]
    totals = {name: sum(item[name] for item in done) for name in COUNTS}
    lines.append([text(lang, "summary.total"), *(f"{totals[name]:,}" for name in COUNTS)])
    typer.echo("")
    table([text(lang, f"summary.{name}") for name in ("object", *COUNTS)], lines)
    wrong = [item["dataset"] for item in done if item["rows_read"] != sum(item[name] for name in COUNTS[1:])]
    with connect() as connection:
        wrong += [
            dataset
            for (dataset,) in connection.execute(
                "select distinct dataset from ops.load where rows_read <> loaded + held + rejected + unchanged"
            )
        ]
        _remarks(connection, [item["dataset"] for item in objects], lang)
    show_store(lang)
    if wrong:
        typer.secho(text(lang, "summary.wrong", objects=", ".join(sorted(set(wrong)))), fg="red")
    elif done:
        typer.echo(text(lang, "summary.adds_up"))
    deleted = sum(item["deleted"] for item in done)
    if deleted:
        typer.echo(text(lang, "summary.deleted", rows=f"{deleted:,}"))
    failed = [item["dataset"] for item in objects if item["status"] != "ok"]
    if failed:
        typer.secho(text(lang, "summary.failed", objects=", ".join(failed)), fg="red")
    elif done and not deleted and totals["unchanged"] == totals["rows_read"]:
        typer.echo(text(lang, "summary.nothing_new", rows=f"{totals['rows_read']:,}"))
    return not wrong


def show_store(lang: Language) -> None:
    """Print where every row is now, what is wrong with them, and the scores."""
    from hub.store.engine import connect

    with connect() as connection:
        _places(connection, lang)
        _findings(connection, lang)
        _scores(connection, lang)


def _places(connection: Any, lang: Language) -> None:
    """Rows in the store, loaded, held and rejected; rules over all rows may have moved some since they were read."""
    from psycopg import sql

    from schemas.loader import contracts

    loaded = sum(
        connection.execute(sql.SQL("select count(*) from {}").format(sql.Identifier("core", entity))).fetchone()[0]
        for entity in contracts()
    )
    held, rejected, hold_back, returned = connection.execute(
        "select (select count(*) from quality.held_row), (select count(*) from quality.rejected_row),"
        " coalesce(sum(held) filter (where kind = 'settle'), 0), coalesce(sum(returned), 0) from ops.load"
        " where started_at > now() - interval '1 day'"
    ).fetchone()
    counts = {"rows": loaded + held + rejected, "loaded": loaded, "held": held, "rejected": rejected}
    typer.echo("")
    typer.echo(text(lang, "summary.places", **{name: f"{count:,}" for name, count in counts.items()}))
    if hold_back or returned:
        typer.echo(text(lang, "summary.moved", held=f"{hold_back:,}", returned=f"{returned:,}"))


def _remarks(connection: Any, datasets: list[str], lang: Language) -> None:
    """What the loads of these datasets did to values, and decided, on their way out of an ERP."""
    told = connection.execute(
        "select distinct on (dataset) dataset, notes -> 'notes' from ops.load where dataset = any(%s) and kind = 'read'"
        " order by dataset, id desc",
        [datasets],
    ).fetchall()
    lines = [
        (dataset, [Problem(note["code"], **note["params"]).text(lang) for note in notes or () if _is_remark(note)])
        for dataset, notes in told
    ]
    if any(sentences for _, sentences in lines):
        typer.echo("")
    for dataset, sentences in lines:
        if sentences:
            more = text(lang, "summary.more_remarks", count=len(sentences) - REMARKS)
            shown = [*sentences[:REMARKS], *([more] if len(sentences) > REMARKS else [])]
            typer.secho(f"! {dataset}: {(' ' if lang == 'en' else '').join(shown)}", fg="yellow")


def _is_remark(note: dict[str, Any]) -> bool:
    return str(note["code"]).startswith("erp_")


def _findings(connection: Any, lang: Language) -> None:
    found = dict(
        connection.execute(
            "select severity, count(*) from quality.finding where resolved_at is null group by severity"
        ).fetchall()
    )
    held = connection.execute("select count(*) from quality.held_row").fetchone()[0]
    named = [f"{text(lang, f'summary.{name}')} {found.get(name, 0):,}" for name in ("error", "warning", "info")]
    typer.echo("")
    typer.echo(text(lang, "summary.findings", counts="  ".join(named), held=f"{held:,}"))


def _scores(connection: Any, lang: Language) -> None:
    from hub.marts.score_on import last_day, score_on, score_text
    from schemas.loader import contracts

    day = last_day(connection)
    scored = score_on(connection, day, "entity") if day else None
    if scored is None:
        return
    broken = dict(
        connection.execute(
            "select entity, sum(rows_failed) from mart.quality_score where day = %s group by entity", (day,)
        ).fetchall()
    )
    titles = {name: contract.title[lang] for name, contract in contracts().items()}
    typer.echo("")
    worst_first = sorted(scored.scores.items(), key=lambda item: (item[1].value is None, item[1].value or 0, item[0]))
    lines = []
    for (entity,), score in worst_first:
        told = text(lang, "summary.unknown") if score.value is None else score_text(score.value)
        if score.missing and score.value is not None:
            told += "*"
        lines.append([f"{titles.get(entity, entity)} ({entity})", told, f"{broken[entity]:,}"])
    table([text(lang, f"summary.{name}") for name in ("entity", "score", "broken")], lines)
    missing = sorted({what for score in scored.scores.values() for what in score.missing})
    if missing:
        typer.echo(text(lang, "summary.missing", what=", ".join(missing)))


def table(head: list[str], lines: list[list[str]], left: Collection[int] = (0,)) -> None:
    """Columns `left` flush left, the others right; Chinese characters count two places."""
    widths = [max(_width(line[column]) for line in [head, *lines]) for column in range(len(head))]
    for number, line in enumerate([head, *lines]):
        cells = [
            cell + " " * (widths[column] - _width(cell))
            if column in left
            else " " * (widths[column] - _width(cell)) + cell
            for column, cell in enumerate(line)
        ]
        typer.secho("  ".join(cells).rstrip(), bold=number == 0)


def _width(cell: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in cell)
