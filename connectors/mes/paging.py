"""Walking a list page by page until it ends, although its records move while we walk.

Belongs here: the stop rules and the guards. Does not belong here: HTTP, rows.

A record that is deleted or re-sorted while we page pushes another one to a page we have already seen.
The server's total shows it: if fewer different records come than promised, or the total falls on the way,
the list is walked again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from schemas.problems import Problem

MAX_WALKS = 3


@dataclass(frozen=True)
class RawPage:
    """Items as the server sent them; total: how many it says there are, None if it does not say."""

    items: list[Any]
    total: int | None


def walk(fetch: Callable[[int], RawPage], first: int, max_pages: int, where: dict[str, str]) -> Iterator[RawPage]:
    """Pages from number `first` until the end of the list.

    Ends when the total is reached, at an empty page, or (without a total) at a page shorter than the first or
    equal to the one before: a server that ignores the page number has sent everything.
    `where`: parameters of the Problems `mes_page_repeats` (a total promises more than repeated pages bring)
    and `mes_too_many_pages`.
    """
    seen = 0
    longest = 0
    previous: list[Any] | None = None
    for number in range(first, first + max_pages):
        page = fetch(number)
        if page.items and page.items == previous:
            if page.total is None:
                return
            raise Problem("mes_page_repeats", **where, page=number)
        yield page
        seen += len(page.items)
        short = len(page.items) < longest
        longest = max(longest, len(page.items))
        if not page.items or (seen >= page.total if page.total is not None else short):
            return
        previous = page.items
    raise Problem("mes_too_many_pages", **where, pages=max_pages)
