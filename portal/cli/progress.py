"""What a sync shows while it works: one line per object, rewritten in place on a terminal.

Belongs here: turning events of `python -m pipelines.run` into lines. Not here: the summary table.
"""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any, Self

import typer

from portal.cli.wording import text
from schemas.problems import Language, Problem

Event = dict[str, Any]
COUNTS = ("rows_read", "loaded", "held", "rejected", "unchanged")
QUIET_SECONDS = 5  # between two lines about one object where lines cannot be rewritten


class Progress:
    """`take` is called with every event; `objects` collects the "object" events in order."""

    def __init__(self, lang: Language) -> None:
        self.lang = lang
        self.objects: list[Event] = []
        self._rewrites = sys.stdout.isatty()
        self._open_line = False
        self._last = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close_line()

    def take(self, event: Event) -> None:
        match event["event"]:
            case "job_started":
                self._say(text(self.lang, "progress.job", job=event["job"]))
            case "object_started":
                self._passing(text(self.lang, "progress.reading", dataset=event["dataset"], rows=0))
            case "rows":
                self._passing(text(self.lang, "progress.reading", dataset=event["dataset"], rows=f"{event['rows']:,}"))
            case "object":
                self.objects.append(event)
                self._object(event)
            case "step_started":
                self._passing(text(self.lang, f"progress.{event['step']}"))
            case "step":
                self._step(event)
            case "waiting" | "config_problem" | "step_failed":
                problem = Problem(event["problem"]["code"], **event["problem"]["params"])
                self._say(f"  ! {problem.text(self.lang)}", "yellow")
            case "job" if not event["ok"]:
                self._say(text(self.lang, "progress.job_failed", job=event["job"], run_id=event["run_id"]), "red")

    def _step(self, event: Event) -> None:
        line = "  ✓ " + text(self.lang, f"progress.{event['step']}")
        if event["skipped"]:
            line += text(self.lang, "progress.skipped")
        if event["returned"] or event["held"]:
            counts = {name: f"{event[name]:,}" for name in ("returned", "held")}
            line += text(self.lang, "progress.settled", **counts)
        self._say(line)

    def _object(self, event: Event) -> None:
        if event["problem"]:
            problem = Problem(event["problem"]["code"], **event["problem"]["params"])
            # What was put off or waits for a decision is not broken.
            mark, colour = ("!", "yellow") if event["status"] == "paused" else ("✗", "red")
            self._say(f"  {mark} {event['dataset']}: {problem.text(self.lang)}", colour)
        else:
            counts = {name: f"{event[name]:,}" for name in COUNTS}
            self._say("  ✓ " + text(self.lang, "progress.object", dataset=event["dataset"], **counts))

    def _passing(self, line: str) -> None:
        """A line that the next one replaces; without a terminal, one every few seconds."""
        if self._rewrites:
            sys.stdout.write(f"\r\x1b[2K  … {line}")
            sys.stdout.flush()
            self._open_line = True
        elif time.monotonic() - self._last > QUIET_SECONDS:
            self._say(f"  … {line}")

    def _say(self, line: str, colour: str | None = None) -> None:
        self._close_line()
        typer.secho(line, fg=colour)
        self._last = time.monotonic()

    def _close_line(self) -> None:
        if self._open_line:
            sys.stdout.write("\r\x1b[2K")
            self._open_line = False
