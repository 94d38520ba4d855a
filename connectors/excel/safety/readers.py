"""The child processes that open files: started when needed, kept for the next file, replaced when they die.

Belongs here: starting, asking, ending them. Does not belong here: what is asked (sandbox.py), what
happens inside (child.py). One child reads one file at a time; threads that read at the same time get
one each. A child that dies takes nothing with it but the file it was reading.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

_ROOT = Path(__file__).resolve().parents[3]
# Secrets of source systems stand in the environment; a process that opens strangers' files gets none.
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
_MOST_IDLE = 4
_NOISE = 1 << 16  # bytes of messages after which their file is begun anew

_lock = threading.Lock()
_idle: list[Reader] = []
_owner = 0  # the process the idle ones belong to; a fork must not share them


class Died(Exception):
    """The child ended before it answered. `code` as subprocess has it, `errors`: its last messages."""

    def __init__(self, code: int, errors: str) -> None:
        self.code, self.errors = code, errors


class OutOfTime(Exception):
    """The child did not answer in time and was ended."""


class Reader:
    """One child process. `folder`: the only place it may write to."""

    def __init__(self) -> None:
        self._home = tempfile.TemporaryDirectory(prefix="waterworks-read-", ignore_cleanup_errors=True)
        self.folder = Path(self._home.name).resolve()
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed in end()
        self.fresh = True
        self._received = b""
        self.last = False  # it told that it takes no further file
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        # OpenBLAS and friends reserve address space per thread, which RLIMIT_AS counts.
        environment |= {"PYTHONPATH": str(_ROOT), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        environment |= {"ARROW_DEFAULT_MEMORY_POOL": "system", "PYTHONDONTWRITEBYTECODE": "1"}
        # Arrays of a few hundred kilobytes come and go by the thousand: keep their memory instead of asking the
        # system for every one (a quarter of the time; glibc only, others ignore it).
        environment |= {"MALLOC_MMAP_THRESHOLD_": str(64 << 20), "MALLOC_TRIM_THRESHOLD_": str(128 << 20)}
        environment |= {"MALLOC_TOP_PAD_": str(4 << 20)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "connectors.excel.safety.child", str(self.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            cwd=self.folder,
            env=environment,
        )

    def alive(self) -> bool:
        return self.process.poll() is None

    @contextmanager
    def job_folder(self) -> Iterator[Path]:
        """Where the files of one answer are; they are gone afterwards, what is mapped into memory stays."""
        try:
            yield self.folder
        finally:
            for entry in self.folder.iterdir() if self.folder.exists() else ():
                entry.unlink()

    def ask(self, request: dict[str, Any], seconds: float) -> dict[str, Any]:
        """The answer to one request, its "results" as bytes or as names of files in the job's folder.

        Raises Died, OutOfTime; both end this reader.
        """
        assert self.process.stdin is not None
        self.fresh = False
        try:
            self.process.stdin.write(json.dumps(request).encode() + b"\n")
            self.process.stdin.flush()
        except OSError as error:
            raise self._dead() from error
        until = time.monotonic() + seconds
        while b"\n" not in self._received:
            self._receive(until)
        line, _, self._received = self._received.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        self.last = answer["last"]
        results: list[bytes | str] = []
        for result in answer.get("results", ()):
            while isinstance(result, int) and len(self._received) < result:
                self._receive(until)
            results.append(result if isinstance(result, str) else self._received[:result])
            self._received = self._received[result:] if isinstance(result, int) else self._received
        answer["results"] = results
        return answer

    def _receive(self, until: float) -> None:
        assert self.process.stdout is not None
        if not select.select([self.process.stdout], [], [], max(until - time.monotonic(), 0))[0]:
            self.end()
            raise OutOfTime
        piece = os.read(self.process.stdout.fileno(), 1 << 20)
        if not piece:
            raise self._dead()
        self._received += piece

    def _dead(self) -> Died:
        code = self.process.wait()
        size = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(size - 4096, 0))
        errors = self._errors.read().decode("utf-8", "replace").strip()
        self.end()
        return Died(code, errors)

    def tidy(self) -> None:
        """Between two files: forget the messages of the last one."""
        if self._errors.seek(0, os.SEEK_END) > _NOISE:
            self._errors.truncate(0)

    def end(self) -> None:
        """Stop the process and remove its folder."""
        if self.alive():
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self._errors):
            if stream is not None:
                try:
                    stream.close()
                except BrokenPipeError:
                    continue  # a request that was never read
        self._home.cleanup()


@contextmanager
def reader() -> Iterator[Reader]:
    """A child to ask; it goes back to the idle ones afterwards if it is still there."""
    mine = _take()
    try:
        yield mine
    except BaseException:
        mine.end()
        raise
    if mine.alive() and not mine.last:
        mine.tidy()
        with _lock:
            if _owner == os.getpid() and len(_idle) < _MOST_IDLE:
                _idle.append(mine)
                return
    mine.end()


def _take() -> Reader:
    global _owner
    with _lock:
        if _owner != os.getpid():
            _idle.clear()  # they belong to the process this one was forked from
            _owner = os.getpid()
        while _idle:
            found = _idle.pop()
            if found.alive():
                return found
            found.end()
    return Reader()


def end_all() -> None:
    """Ends the idle children; the next file starts a new one."""
    with _lock:
        mine = list(_idle) if _owner == os.getpid() else []
        _idle.clear()
    for each in mine:
        each.end()
