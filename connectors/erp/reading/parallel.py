"""Several jobs on several connections, their results in one stream.

Belongs here: threads, the bounded queue between them, ending all of them when one fails or the consumer
stops. Does not belong here: what a job does (`sweep.py`).
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import Generic, TypeVar

from connectors.erp.database.session import Session

J = TypeVar("J")
R = TypeVar("R")
WAIT_SECONDS = 0.2  # how long a worker waits for room before it looks whether it should stop


def side_by_side(
    work: Callable[[Session, J], Iterator[R]],
    jobs: Sequence[J],
    own: Session,
    open_session: Callable[[], AbstractContextManager[Session]],
    connections: int,
) -> Iterator[R]:
    """Results of all jobs as they come; at most `connections` sessions, `own` being one of them.

    At most one finished result per worker waits for the consumer, so memory is bounded. The first error
    of a worker is raised here, after the others have stopped.
    """
    run = _Run(work, jobs, min(connections, len(jobs)))
    with ExitStack() as opened:
        sessions = [own, *(opened.enter_context(open_session()) for _ in range(run.workers - 1))]
        threads = [threading.Thread(target=run.worker, args=(session,), daemon=True) for session in sessions]
        try:
            for thread in threads:
                thread.start()
            yield from run.results()
        finally:
            run.stopped.set()
            for thread in threads:
                thread.join()


class _Run(Generic[J, R]):
    def __init__(self, work: Callable[[Session, J], Iterator[R]], jobs: Sequence[J], workers: int) -> None:
        self.work = work
        self.workers = workers
        self.stopped = threading.Event()
        self._jobs = iter(list(jobs))
        self._next = threading.Lock()
        # (result, None), (None, error), or (None, None) from a worker that found no more jobs
        self._queue: queue.Queue[tuple[R | None, BaseException | None]] = queue.Queue(workers)

    def worker(self, session: Session) -> None:
        try:
            while not self.stopped.is_set():
                with self._next:
                    job = next(self._jobs, None)
                if job is None:
                    break
                for result in self.work(session, job):
                    if not self._put((result, None)):
                        return
        except BaseException as error:  # noqa: BLE001 - raised again where results are asked for
            self._put((None, error))
        else:
            self._put((None, None))

    def results(self) -> Iterator[R]:
        running = self.workers
        while running:
            result, error = self._queue.get()
            if error is not None:
                raise error
            if result is None:
                running -= 1
            else:
                yield result

    def _put(self, item: tuple[R | None, BaseException | None]) -> bool:
        """False if the consumer stopped."""
        while not self.stopped.is_set():
            try:
                self._queue.put(item, timeout=WAIT_SECONDS)
                return True
            except queue.Full:
                continue
        return False
