"""One child process: start it so that it dies with us, know when it answers, start it again.

Belongs here: the life of one child. Not here: which children there are (plan.py), the loop.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from portal.supervisor.identity import Identity

LOG_LIMIT = 20 * 1024 * 1024  # a larger log is set aside as <name>.log.1 when its process starts
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0  # seconds before a crashed child starts again: 1, 2, 4, ... 60
STEADY_SECONDS = 60  # a child that ran this long starts again after FIRST_WAIT
_PR_SET_PDEATHSIG = 1


@dataclass
class Child:
    """port: where it answers when it is ready; None: ready as soon as it runs. Needs `after` to be ready."""

    name: str
    command: list[str]
    environment: Mapping[str, str]
    folder: Path
    log: Path
    port: int | None = None
    url: str | None = None
    after: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    identity: Identity | None = field(default=None, init=False)
    ready: bool = field(default=False, init=False)
    restarts: int = field(default=0, init=False)
    _started: float = field(default=0.0, init=False)
    _wait: float = field(default=FIRST_WAIT, init=False)
    _not_before: float = field(default=0.0, init=False)

    def start(self) -> None:
        """Start the process in a session of its own: Ctrl-C reaches us alone, and we end the children in order."""
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.folder,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                # Safe here: this process has no other threads.
                preexec_fn=_die_with_parent(os.getpid()),
            )
        self.identity = Identity.of(self.process.pid)
        self.ready = self.port is None
        self._started = time.monotonic()

    def may_start(self) -> bool:
        return self.process is None and time.monotonic() >= self._not_before

    def look(self) -> int | None:
        """The exit code if the process has just ended (it may start again later), else None."""
        if self.process is None:
            return None
        code = self.process.poll()
        if code is None:
            self.ready = self.ready or answers(self.port)
            return None
        if time.monotonic() - self._started > STEADY_SECONDS:
            self._wait = FIRST_WAIT
        self._not_before = time.monotonic() + self._wait
        self._wait = min(2 * self._wait, LONGEST_WAIT)
        self.process, self.ready = None, False
        self.restarts += 1
        return code

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def signal_group(self, number: signal.Signals) -> None:
        """Send a signal to the child and everything in its process group."""
        if self.process is None:
            return
        try:
            os.killpg(self.process.pid, number)
        except (ProcessLookupError, PermissionError):
            return  # the whole group has ended (macOS says "not permitted" for a group of zombies)


def answers(port: int | None) -> bool:
    """True if something accepts connections on 127.0.0.1:port."""
    if port is None:
        return True
    with socket.socket() as probe:
        probe.settimeout(0.3)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def choose_port(preferred: int, taken: set[int]) -> int:
    """`preferred` if it is free on 127.0.0.1, else any free one; adds it to `taken`."""
    for candidate in (preferred, 0):
        with socket.socket() as probe:
            # As servers do: a port whose last connections linger in TIME_WAIT is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", candidate))
            except OSError:
                continue
            port = int(probe.getsockname()[1])
        if port not in taken and not (candidate and answers(port)):
            taken.add(port)
            return port
    return choose_port(0, taken)


def _die_with_parent(parent: int) -> Callable[[], None] | None:
    """On Linux: the kernel ends the child when we are gone, even after a SIGKILL. Elsewhere `down` does it."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def prepare() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # we died between fork and here
            os._exit(1)

    return prepare
