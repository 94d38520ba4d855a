"""Dates counted in years of the Republic (民國): 民國112年3月5日 and 112/03/05 are 2023-03-05.

Belongs here: deciding whether a column counts so, and reading its dates. Does not belong here: any other form of
date (the hub's standardisers). Nothing is guessed: a bare year counts as 民國 only if the template says so, or
if the column proves it: years of three digits, and none that could be of this century in two.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import date
from typing import Literal

_NAMED = re.compile(r"(?:中華)?民[國国]\s*(\d{1,3}|元)\s*[年./-]\s*(\d{1,2})\s*[月./-]\s*(\d{1,2})\s*[日号號]?")
_BARE = re.compile(r"(\d{2,3})\s*([年./-])\s*(\d{1,2})\s*([月./-])\s*(\d{1,2})\s*[日号號]?")
_COMPACT = re.compile(r"(\d{3})(\d{2})(\d{2})")
# What such a date looks like at the least; the texts without it need not be looked at.
MAYBE = r"民|^\s*[\d０-９]{2,3}\s*[年./\-．／－]|^\s*[\d０-９]{7}\s*$"
_FIRST_YEAR = 1911  # 民國 year 0
_PROVES = range(100, 200)  # a year no other calendar in use writes with three digits


def dates(texts: Sequence[str | None], calendar: Literal["gregorian", "roc"] | None) -> list[str | None]:
    """ISO dates for the texts that are 民國 dates, None for all others.

    >>> dates(["民國112年3月5日", "2024-03-05"], None)
    ['2023-03-05', None]
    >>> dates(["112/03/05", "99/12/31"], None), dates(["99/12/31", "98/01/01"], None)
    (['2023-03-05', '2010-12-31'], [None, None])
    >>> dates(["91年1月2日", "1120305"], "roc")
    ['2002-01-02', '2023-03-05']
    """
    plain = [unicodedata.normalize("NFKC", text).strip() if text else "" for text in texts]
    bare = calendar == "roc" or (calendar is None and _proven(plain))
    return [_day(text, bare, calendar == "roc") for text in plain]


def _proven(texts: Sequence[str]) -> bool:
    """At least one year of three digits, and no date that is plainly of the common calendar beside it."""
    years = [int(match[1]) for text in texts if (match := _BARE.fullmatch(text))]
    return any(year in _PROVES for year in years) and all(year < 200 for year in years)


def _day(text: str, bare: bool, compact: bool) -> str | None:
    if named := _NAMED.fullmatch(text):
        year = 1 if named[1] == "元" else int(named[1])
        return _iso(year, int(named[2]), int(named[3]))
    if bare and (match := _BARE.fullmatch(text)):
        return _iso(int(match[1]), int(match[3]), int(match[5]))
    if compact and (match := _COMPACT.fullmatch(text)):
        return _iso(int(match[1]), int(match[2]), int(match[3]))
    return None


def _iso(year: int, month: int, day: int) -> str | None:
    try:
        return date(_FIRST_YEAR + year, month, day).isoformat()
    except ValueError:
        return None
