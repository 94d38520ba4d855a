"""Exit codes, and the promise that every problem is one sentence and never a traceback.

Belongs here: what a command ends with. Not here: the sentences.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from types import FrameType

import typer

from portal.cli.wording import text
from schemas.problems import Language, Problem

OK = 0
PARTLY = 1  # it ran, but a source failed or a check said no
CONFIG = 2  # wrong arguments or a mistake in the configuration
STORE = 3  # the store cannot be had
MACHINE = 4  # something on this machine: a port, a folder, a service that does not start
UNEXPECTED = 5  # a mistake of ours; the details are in the log file

_BY_PREFIX = {
    "store_": STORE,
    "postgres_": STORE,
    "yaml_": CONFIG,
    "source_config_": CONFIG,
    "source_unknown": CONFIG,
    "environment_": CONFIG,
    "discover_": CONFIG,
    "erp_preset_unknown": CONFIG,
    "contract_": CONFIG,
    "schema_": CONFIG,
    "rule_": CONFIG,
    "mapping_": CONFIG,
    "template_": CONFIG,
    "code_list_": CONFIG,
    "suggestion_": CONFIG,
    "remembered_": CONFIG,
    "correction_": CONFIG,
    "decision_": CONFIG,
}


def code_for(problem: Problem) -> int:
    """The exit code of a command that ended with this problem."""
    return next((code for prefix, code in _BY_PREFIX.items() if problem.code.startswith(prefix)), MACHINE)


@contextmanager
def told(language: Language) -> Iterator[None]:
    """Print a Problem of the block as its sentence and exit; anything else as a sentence with the log's name.

    SIGTERM and a closed terminal end the block like Ctrl-C, so that whatever it started is stopped.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        yield
    except Problem as problem:
        typer.secho(problem.text(language), fg="red", err=True)
        raise typer.Exit(code_for(problem)) from problem
    except KeyboardInterrupt as interrupt:
        typer.echo(text(language, "common.interrupted"), err=True)
        raise typer.Exit(130) from interrupt
    except (typer.Exit, typer.Abort, SystemExit, BrokenPipeError):
        raise
    except Exception as error:  # the last guard: nobody is shown a traceback
        typer.secho(text(language, "common.unexpected", error=_first_line(error), log=_log(error)), fg="red", err=True)
        raise typer.Exit(UNEXPECTED) from error


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _first_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:200]


def _log(error: BaseException) -> str:
    """Write the traceback to the log folder, or to stderr's last resort, a temporary file; returns the path."""
    import tempfile
    import traceback
    from pathlib import Path

    from hub.settings import home

    details = f"{datetime.now().astimezone().isoformat(timespec='seconds')} {' '.join(sys.argv)}\n" + "".join(
        traceback.format_exception(error)
    )
    for folder in (home() / "logs", Path(tempfile.gettempdir())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / "cli.log"
            with path.open("a", encoding="utf-8") as file:
                file.write(details)
            return str(path)
        except OSError:
            continue
    return "-"
