"""What a job costs: CPU seconds, wall seconds, peak memory.

Belongs here: the meter, and running a contender in a process of its own. Not here: any contender.

CPU seconds are those of the process, its children and the database servers it keeps busy: a tool that
lets the server do the work must not look cheap.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any, Self

import psutil

SAMPLE_SECONDS = 0.1
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss


@dataclass(frozen=True)
class Figures:
    """cpu, wall: seconds. peak_mb: largest resident memory of the process with its children, servers apart."""

    cpu: float
    wall: float
    peak_mb: float


class Meter:
    """Measures a `with` block; `figures` is there after it. `servers`: process ids whose trees count as CPU."""

    def __init__(self, servers: Sequence[int] = ()) -> None:
        self.servers = [psutil.Process(pid) for pid in servers]
        self.figures = Figures(0, 0, 0)
        self._peak = 0
        self._done = threading.Event()

    def __enter__(self) -> Self:
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()
        self._cpu, self._wall = self._cpu_seconds(), time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        wall = time.perf_counter() - self._wall
        cpu = self._cpu_seconds() - self._cpu
        self._done.set()
        self._watcher.join()
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT
        self.figures = Figures(cpu, wall, max(self._peak, own) / 1e6)

    def _cpu_seconds(self) -> float:
        own = sum(
            usage.ru_utime + usage.ru_stime
            for usage in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
        )
        living = [child for server in self.servers for child in (server, *server.children(recursive=True))]
        living += psutil.Process().children(recursive=True)
        return own + sum(map(_with_reaped_children, living))

    def _watch(self) -> None:
        me = psutil.Process()
        while not self._done.wait(SAMPLE_SECONDS):
            self._peak = max(self._peak, sum(_resident(process) for process in (me, *me.children(recursive=True))))


def _with_reaped_children(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0  # ended between listing and looking: its parent has reaped its time
    # A server's connections are children of it; when they close, their time moves into `children_*`.
    return times.user + times.system + getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def isolated(function: Callable[..., Any], *arguments: Any, **environment: str) -> Any:
    """function(*arguments) in a new process with these environment variables added; its result or exception.

    So that imports, caches and peak memory of one contender are not another's.
    """
    with ProcessPoolExecutor(
        max_workers=1, mp_context=multiprocessing.get_context("spawn"), initializer=_set_environment,
        initargs=(environment,),
    ) as pool:  # fmt: skip
        return pool.submit(function, *arguments).result()


def _set_environment(variables: dict[str, str]) -> None:
    os.environ.update(variables)
