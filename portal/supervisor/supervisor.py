"""The loop: start children when what they need is ready, start them again when they crash, stop them all.

Belongs here: order and watching. Not here: which children (plan.py), one child's life (child.py).
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from types import FrameType

from hub.store.postgres import EmbeddedPostgres
from portal.supervisor import run_file
from portal.supervisor.child import Child
from portal.supervisor.identity import Identity, carrying, end
from portal.supervisor.run_file import RunFile, Service
from schemas.problems import Problem

LOOK_SECONDS = 0.2
START_SECONDS = 180  # a loaded two-core machine needs 40 s for all of it
TRIES = 3  # a child that ended so often before all were ready will not come up by itself
STOP_SECONDS = 15
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    """Runs `children` until a signal comes; `run` is the claim on `home` (claim.py), kept up to date.

    The children's environment must carry the claim's token. `server`: the embedded store, watched with them.
    """

    def __init__(
        self, home: Path, run: RunFile, children: Sequence[Child], server: EmbeddedPostgres | None = None
    ) -> None:
        self.home = home
        self.children = list(children)
        self.server = server
        self._stopping = False
        self._run = run

    def run(self, on_ready: Callable[[RunFile], None] | None = None) -> None:
        """Block until SIGINT, SIGTERM or SIGHUP; then stop everything.

        `on_ready` is called once, when every child answers.
        Raises Problem `service_does_not_start` if a child is not ready in START_SECONDS or
        ends TRIES times before that; all are stopped then.
        """
        before = {number: signal.signal(number, self._ask_to_stop) for number in _STOP_SIGNALS}
        deadline = time.monotonic() + START_SECONDS
        try:
            self._record()
            while not self._stopping:
                self._look()
                if not self._run.ready:
                    late = [child for child in self.children if not child.ready]
                    if not late:
                        self._run.ready = True
                        self._record()
                        if on_ready is not None:
                            on_ready(self._run)
                    hopeless = [child for child in late if child.restarts >= TRIES]
                    if hopeless or (late and time.monotonic() > deadline):
                        child = (hopeless or late)[0]
                        raise Problem("service_does_not_start", service=child.name, log=str(child.log))
                time.sleep(LOOK_SECONDS)
        finally:
            self._stop()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _look(self) -> None:
        """One round: note who ended, bring up who may start."""
        changed = False
        if self.server is not None and self.server.pid() is None and not self._stopping:
            self._note("postgres ended; starting it again")
            self.server.start()
            changed = True
        ready = {child.name for child in self.children if child.ready}
        for child in self.children:
            code = child.look()
            if code is not None:
                self._note(f"{child.name} ended with code {code}; starting it again soon (see {child.log})")
            if child.may_start() and ready.issuperset(child.after):
                child.start()
                changed = True
        if changed:
            self._record()

    def _stop(self) -> None:
        """Stop in reverse order; whatever a child left behind is found by the token."""
        for child in reversed(self.children):
            child.signal_group(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while any(child.is_running() for child in self.children) and time.monotonic() < deadline:
            time.sleep(0.05)
        for child in reversed(self.children):
            if child.is_running():
                child.signal_group(signal.SIGKILL)
        for child in self.children:
            if child.process is not None:
                child.process.wait()
        end(carrying(self._run.token), patience=5)

    def _record(self) -> None:
        services = {
            child.name: Service(child.identity.pid, child.identity.started, child.url)
            for child in self.children
            if child.identity is not None
        }
        if self.server is not None and (pid := self.server.pid()) and (identity := Identity.of(pid)):
            services["postgres"] = Service(identity.pid, identity.started)
        self._run.services = services
        run_file.write(self.home, self._run)

    def _ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        self._stopping = True

    def _note(self, sentence: str) -> None:
        with (self.home / "logs" / "supervisor.log").open("a", encoding="utf-8") as log:
            log.write(f"{datetime.now().astimezone().isoformat(timespec='seconds')} {sentence}\n")
