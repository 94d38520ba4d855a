"""`waterworks status`: what runs, and how the last load of every object ended."""

from __future__ import annotations

import os
from typing import Any

import typer

from portal.cli.exits import OK, PARTLY, STORE, told
from portal.cli.options import DEFAULT, Lang
from portal.cli.progress import COUNTS
from portal.cli.summary import table
from portal.cli.wording import text
from schemas.problems import Language, Problem


def status(lang: Lang = DEFAULT) -> None:
    with told(lang):
        from hub.settings import home, load_environment
        from hub.store.postgres import recorded_url
        from portal.supervisor import run_file
        from portal.supervisor.store import STORE_URL, store_in_use

        load_environment()
        typer.echo(text(lang, "status.home", home=home()))
        run = run_file.running(home())
        code = OK
        if run is None:
            typer.echo(text(lang, "status.not_running"))
            code = STORE
        else:
            for name, service in run.services.items():
                alive = service.identity.is_alive()
                code = code if alive else PARTLY
                state = text(lang, "status.runs" if alive else "status.ended")
                typer.echo(f"  {'✓' if alive else '✗'} {name:<9} {state}  {service.url or ''}".rstrip())
        url = os.environ.get(STORE_URL) or recorded_url(home())
        if url is None:
            raise Problem("store_not_initialised", home=str(home()))
        with store_in_use(home()):  # the embedded one runs only while somebody needs it
            code = max(code, _loads(url, lang), _unknown(url, lang), _alerts(url, lang))
        raise typer.Exit(code)


def _loads(url: str, lang: Language) -> int:
    """Print the last load of every object; PARTLY if one did not end well."""
    from hub.store.engine import connect

    with connect(url) as connection:
        loads: list[Any] = connection.execute(
            "select distinct on (dataset) dataset, status, to_char(started_at, 'YYYY-MM-DD HH24:MI'),"
            " rows_read, loaded, held, rejected, unchanged, problem from ops.load"
            " where kind = 'read' order by dataset, id desc"
        ).fetchall()
    if not loads:
        typer.echo(text(lang, "status.no_loads"))
        return OK
    typer.echo("")
    table(
        [text(lang, f"summary.{name}") for name in ("object", "status", "started", *COUNTS)],
        [[row[0], text(lang, f"status.{row[1]}"), row[2], *(f"{count:,}" for count in row[3:8])] for row in loads],
    )
    for row in loads:
        if row[8]:
            typer.secho(f"✗ {row[0]}: {Problem(row[8]['code'], **row[8]['params']).text(lang)}", fg="red")
    return PARTLY if any(row[1] in ("failed", "paused") for row in loads) else OK


def _unknown(url: str, lang: Language) -> int:
    """Print what nobody can say how good it is: datasets that were not read, rules that could not be run."""
    from connectors.config import read_systems
    from hub.cleansing.dates import ZONE
    from hub.landing.dataset import all_mappings
    from hub.quality.states import NEVER, dataset_states
    from hub.store.engine import connect
    from schemas.loader import contracts

    systems = read_systems()[0].values()
    configured = [f"{item.system}.{item.object}" for system in systems for item in system.objects.values()]
    with connect(url) as connection:
        states = dataset_states(connection, contracts(), all_mappings(), configured)
        broken: list[Any] = connection.execute(
            "select rule, problem from quality.rule_run where problem is not null order by rule"
        ).fetchall()
    unknown = {dataset: state for dataset, state in sorted(states.items()) if not state.known}
    if not states or not (unknown or broken):
        return OK
    typer.echo("")
    typer.echo(text(lang, "status.unknown"))
    for dataset, state in unknown.items():
        since = f"{state.read_at.astimezone(ZONE):%Y-%m-%d %H:%M}" if state.read_at else "–"
        read_at = text(lang, "status.read_at", when=since)
        typer.secho(f"? {dataset}: {text(lang, f'status.why_{state.state}')} {read_at}", fg="yellow")
    for rule, problem in broken:
        typer.secho(f"? {rule}: {Problem(problem['code'], **problem['params']).text(lang)}", fg="yellow")
    return PARTLY if broken or any(state.state != NEVER for state in unknown.values()) else OK


def _alerts(url: str, lang: Language) -> int:
    """Print every open alert that the list of loads does not tell; PARTLY if one is about an error."""
    from hub.store.engine import connect

    with connect(url) as connection:
        alerts: list[Any] = connection.execute(
            "select a.dataset, a.system, a.severity, a.problem, a.times,"
            " to_char(a.last_raised_at, 'YYYY-MM-DD HH24:MI') from ops.alert a"
            " left join lateral (select problem from ops.load where dataset = a.dataset and kind = 'read'"
            " order by id desc limit 1) l"
            " on true where a.seen_at is null and a.problem->>'code' is distinct from l.problem->>'code'"
            " order by a.last_raised_at desc, a.id desc"
        ).fetchall()
    if alerts:
        typer.echo("")
        typer.echo(text(lang, "status.alerts"))
    for dataset, system, severity, problem, times, at in alerts:
        again = f" ×{times}" if times > 1 else ""
        sentence = Problem(problem["code"], **problem["params"]).text(lang)
        mark, colour = ("✗", "red") if severity == "error" else ("!", "yellow")
        typer.secho(f"{mark} {at}{again} {dataset or system}: {sentence}", fg=colour)
    return PARTLY if any(alert[2] == "error" for alert in alerts) else OK
