"""`waterworks recheck [DATASET]`: judge what is in the store again now, without asking the sources."""

from __future__ import annotations

from typing import Annotated

import typer

from portal.cli.exits import PARTLY, told
from portal.cli.options import DEFAULT, Lang
from portal.cli.progress import COUNTS, Progress
from portal.cli.wording import help_text, text
from schemas.problems import Language, Problem

WAIT_SECONDS = 600  # for a sync of the same source to end


def recheck(
    dataset: Annotated[str | None, typer.Argument(help=help_text("recheck_dataset"), show_default=False)] = None,
    source: Annotated[list[str] | None, typer.Option("--source", "-s", help=help_text("recheck_source"))] = None,
    lang: Lang = DEFAULT,
) -> None:
    with told(lang):
        from hub.settings import home
        from portal.cli.init import prepare_store
        from portal.supervisor.store import store_in_use

        with store_in_use(home()):
            prepare_store(lang)
            well = _judge(dataset, source or [], lang)
            well &= _publish(lang)
        if not well:
            raise typer.Exit(PARTLY)


def _judge(dataset: str | None, sources: list[str], lang: Language) -> bool:
    """Judge the datasets again, with a line for each; True if all could be judged."""
    from connectors.config import read_systems
    from hub.landing.upkeep import rejudge_waiting
    from hub.settings import settings
    from hub.store.engine import connect
    from portal.cli.summary import table

    with connect() as connection:
        stored = [name for (name,) in connection.execute("select dataset from ops.cursor order by dataset").fetchall()]
    chosen = [name for name in stored if dataset in (None, name) and (not sources or name.partition(".")[0] in sources)]
    if not chosen:
        raise Problem("recheck_unknown", name=dataset or ", ".join(sources) or "-", known=", ".join(stored) or "-")
    put_off: list[Problem] = []
    results = rejudge_waiting(
        "cli-recheck",
        read_systems()[0],
        settings().landing,
        only=chosen.__contains__,
        wait_seconds=WAIT_SECONDS,
        told=put_off.append,
    )
    names = (*COUNTS, "returned")
    lines = [[item.dataset, *(f"{getattr(item, name):,}" for name in names)] for item in results]
    if lines:
        table([text(lang, f"summary.{name}") for name in ("object", *names)], lines)
    problems = [*put_off, *(item.problem for item in results if item.problem is not None)]
    for problem in problems:
        typer.secho(f"! {problem.text(lang)}", fg="yellow")
    return not problems


def _publish(lang: Language) -> bool:
    """Rules over all rows, held rows, scores: what follows a sync follows this, too."""
    from portal.cli.jobs import run_jobs
    from portal.cli.summary import show_store

    with Progress(lang) as progress:
        code = run_jobs(["--publish"], progress.take)
    show_store(lang)
    return code == 0
