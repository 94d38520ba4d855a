"""Which process is which: never by name, always by pid and start time, or by a token it inherited.

A pid alone may belong to somebody else by now. Belongs here: recognising and ending processes.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass

import psutil

# Every process we start carries this variable, and so does whatever that process starts.
TOKEN = "WATERWORKS_RUN_TOKEN"  # noqa: S105  # the name of a variable that marks our processes, not a secret


@dataclass(frozen=True)
class Identity:
    """pid and start time (seconds since 1970, as the kernel tells it)."""

    pid: int
    started: float

    @classmethod
    def of(cls, pid: int) -> Identity | None:
        """The identity of a running process, or None."""
        try:
            return cls(pid, psutil.Process(pid).create_time())
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return None

    def is_alive(self) -> bool:
        """True while this very process runs; a zombie has ended."""
        try:
            process = psutil.Process(self.pid)
            return abs(process.create_time() - self.started) < 1 and process.status() != psutil.STATUS_ZOMBIE
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return False


def carrying(token: str) -> list[Identity]:
    """Every other process that was started under `token`, wherever it stands in the tree."""
    spared = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid not in spared and process.environ().get(TOKEN) == token:
                found.append(Identity(process.pid, process.create_time()))
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess, OSError):
            continue  # gone meanwhile, or not ours to look at: then it is not ours to stop
    return found


def end(processes: Iterable[Identity], patience: float) -> None:
    """Ask them to end (SIGTERM), wait up to `patience` seconds, then end them (SIGKILL)."""
    ours = [process for process in processes if process.is_alive()]
    for process in ours:
        _send(process, signal.SIGTERM)
    if not _gone(ours, patience):
        for process in ours:
            _send(process, signal.SIGKILL)
        _gone(ours, 5)


def _send(process: Identity, number: signal.Signals) -> None:
    if process.is_alive():
        try:
            os.kill(process.pid, number)
        except ProcessLookupError:
            return  # ended between the look and the signal


def _gone(processes: list[Identity], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while any(process.is_alive() for process in processes):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
