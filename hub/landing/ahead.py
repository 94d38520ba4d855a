"""The next page is read while this one is landed.

Belongs here: the thread between a connector and a load. Not here: what a page is.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from connectors.base import Page


@contextmanager
def read_ahead(pages: Iterator[Page]) -> Iterator[Iterator[Page]]:
    """The same pages in the same order, read by a thread of their own, at most one ahead.

    Bounded: besides the page being landed there is one read or being read, never more. What the read
    raises is raised where its page was asked for. The iterator is begun, used and closed by one thread
    (drivers mind); leaving the block waits for that.
    """
    permits = threading.Semaphore(1)
    found: queue.SimpleQueue[Page | BaseException | None] = queue.SimpleQueue()
    stop = threading.Event()

    def work() -> None:
        try:
            while permits.acquire() and not stop.is_set():
                page = next(pages, None)
                found.put(page)
                if page is None:
                    return
        except BaseException as error:  # noqa: BLE001 - raised again where the page is asked for
            found.put(error)
        finally:
            if (close := getattr(pages, "close", None)) is not None:
                close()

    def taken() -> Iterator[Page]:
        while (item := found.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            permits.release()
            yield item

    worker = threading.Thread(target=work, name="reading ahead", daemon=True)
    worker.start()
    try:
        yield taken()
    finally:
        stop.set()
        permits.release()
        worker.join()
