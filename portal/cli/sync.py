"""`waterworks sync [--source S]`: read the sources now, show progress, and a table that adds up."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from portal.cli.exits import PARTLY, told
from portal.cli.options import DEFAULT, Lang
from portal.cli.wording import help_text
from schemas.problems import Language, Problem


def sync(
    source: Annotated[list[str] | None, typer.Option("--source", "-s", help=help_text("sync_source"))] = None,
    outside_hours: Annotated[bool, typer.Option("--outside-hours", help=help_text("outside_hours"))] = False,
    lang: Lang = DEFAULT,
) -> None:
    with told(lang):
        from hub.landing.hours import OUTSIDE_HOURS
        from hub.settings import home
        from portal.cli.init import prepare_store
        from portal.supervisor.store import store_in_use

        _known(source or [])
        with store_in_use(home()):
            prepare_store(lang)
            with demo_mes(home()) as more:
                asked = {OUTSIDE_HOURS: "1"} if outside_hours else {}
                if not sync_now(home(), source or [], lang, {**more, **asked}):
                    raise typer.Exit(PARTLY)


def sync_now(home: Path, sources: list[str], lang: Language, more: dict[str, str] | None = None) -> bool:
    """Sync and publish in a child process, with progress and summary; True if everything went well."""
    from portal.cli.jobs import run_jobs
    from portal.cli.progress import Progress
    from portal.cli.summary import show_summary
    from portal.supervisor import run_file

    arguments = ["--sync", *sources, "--publish"]
    run = run_file.running(home)
    if run is None or run.supervisor.pid == os.getpid():
        arguments.insert(0, "--prepare")  # while services run, their runs are alive and the pools are set
    progress = Progress(lang)
    with progress:
        code = run_jobs(arguments, progress.take, more)
    adds_up = show_summary(progress.objects, lang)
    return code == 0 and adds_up and all(item["status"] == "ok" for item in progress.objects)


@contextmanager
def demo_mes(home: Path) -> Iterator[dict[str, str]]:
    """The demo factory's MES for the length of the block, if this is a demo and it does not run already.

    Yields the environment that names it.
    """
    from portal.cli.up import DEMO_FOLDER
    from portal.supervisor import run_file

    demo = os.environ.get(DEMO_FOLDER)
    run = run_file.running(home)
    running = run.url("mes") if run is not None else None
    if demo is None or running is not None:
        yield {"WATERWORKS_MES_URL": running} if running else {}
        return
    from portal.supervisor.brief import running_child
    from portal.supervisor.child import choose_port
    from portal.supervisor.environment import child_environment
    from portal.supervisor.plan import Ports, mes_server

    child = mes_server(child_environment(), home, Path(demo), choose_port(Ports().mes, set()))
    with running_child(child):
        yield {"WATERWORKS_MES_URL": str(child.url)}


def _known(sources: list[str]) -> None:
    """Problem `source_unknown` (or the mistake in its YAML) before anything is started."""
    from connectors.config import read_systems

    systems, problems = read_systems()
    for name in sources:
        if name not in systems:
            raise problems[0] if problems else Problem("source_unknown", source=name, known=", ".join(systems))
