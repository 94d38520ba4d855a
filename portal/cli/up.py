"""`waterworks up`: start everything and watch it until Ctrl-C (or `waterworks down`)."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from portal.cli.exits import told
from portal.cli.options import DEFAULT, Lang
from portal.cli.wording import help_text, text
from portal.supervisor import run_file
from portal.supervisor.run_file import RunFile
from schemas.problems import Language, Problem

if TYPE_CHECKING:
    from hub.store.postgres import EmbeddedPostgres

DEMO_FOLDER = "WATERWORKS_DEMO_FOLDER"  # set by `demo`: then the demo factory's MES runs too
DETACH_SECONDS = 240


def up(
    port: Annotated[int | None, typer.Option("--port", help=help_text("port"), min=1, max=65535)] = None,
    host: Annotated[str, typer.Option("--host", help=help_text("host"))] = "127.0.0.1",
    detach: Annotated[bool, typer.Option("--detach", "-d", help=help_text("detach"))] = False,
    lang: Lang = DEFAULT,
) -> None:
    with told(lang):
        from hub.settings import home

        if (run := run_file.running(home())) is not None:
            show_running(run, lang)
            return
        if detach:
            _detach(home(), port, host, lang)
            return
        from portal.cli.init import prepare_store
        from portal.supervisor.claim import claimed
        from portal.supervisor.environment import make_folder
        from portal.supervisor.stop import stop_run
        from portal.supervisor.store import store_in_use

        make_folder(home())
        stop_run(home())  # what a killed supervisor left behind
        with claimed(home()) as claim, store_in_use(home()) as server:
            prepare_store(lang)
            serve(home(), claim, server, port, host, lang)
        typer.echo(text(lang, "down.stopped"))


def serve(
    home: Path,
    claim: RunFile,
    server: EmbeddedPostgres | None,
    port: int | None,
    host: str,
    lang: Language,
    prepared: bool = False,
) -> None:
    """Run all services until a signal comes; the store must be in use (`server`: if embedded) and current.

    `prepared`: Dagster's instance was looked after just now, by a sync in this same command.
    """
    from dataclasses import replace

    from portal.cli.jobs import run_jobs
    from portal.supervisor.environment import child_environment
    from portal.supervisor.plan import Ports, plan
    from portal.supervisor.supervisor import Supervisor

    typer.echo(text(lang, "up.starting"))
    if not prepared:
        run_jobs(["--prepare"], lambda event: None)
    ports = Ports() if port is None else replace(Ports(), portal=port)
    demo = os.environ.get(DEMO_FOLDER)
    children = plan(child_environment(), home, host, ports, Path(demo) if demo else None)
    Supervisor(home, claim, children, server).run(on_ready=lambda run: show_urls(run, lang, stop_hint=True))
    typer.echo(text(lang, "up.stopping"))


def show_running(run: RunFile, lang: Language) -> None:
    """That it runs already, and where."""
    if run.ready:
        typer.echo(text(lang, "up.already"))
        show_urls(run, lang)
    else:
        typer.echo(text(lang, "up.already_starting"))


def show_urls(run: RunFile, lang: Language, stop_hint: bool = False) -> None:
    """Where people find the portal and Dagster."""
    typer.secho(text(lang, "up.portal", url=run.url("portal") or "-"), fg="green", bold=True)
    typer.echo(text(lang, "up.dagster", url=run.url("dagster") or "-"))
    if stop_hint:
        typer.echo(text(lang, "up.stop_hint"))


def _detach(home: Path, port: int | None, host: str, lang: Language) -> None:
    """Start `waterworks up` in the background and wait until everything answers."""
    from portal.supervisor.environment import make_folder

    make_folder(home / "logs")
    log = home / "logs" / "up.log"
    command = [sys.executable, "-m", "portal.cli.main", "up", "--host", host, "--lang", lang]
    command += ["--port", str(port)] if port is not None else []
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    deadline = time.monotonic() + DETACH_SECONDS
    while time.monotonic() < deadline:
        run = run_file.running(home)
        if run is not None and run.ready:
            show_urls(run, lang)
            return
        if (code := process.poll()) is not None:
            typer.echo(log.read_text(encoding="utf-8").strip(), err=True)
            raise typer.Exit(code or 1)
        time.sleep(0.2)
    raise Problem("service_does_not_start", service="waterworks up", log=str(log))
