"""Header texts: what stays of "客户编码 *" or "信用额度（万元）", and which template column it means.

Belongs here: pure text work on headers. Does not belong here: finding the header's rows (layout.py), units
(units.py), spellings in pinyin and traditional characters (spoken.py).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from rapidfuzz import fuzz, process

from connectors.excel.finding import units
from schemas.model import Template

_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】|<[^<>]*>|〔[^〔〕]*〕|\{[^{}]*\}")
_NOISE = re.compile(r"[\s*★☆▲●◆※:_\-./\\|、,;'\"“”‘’。!?#~·]+")
_NUMBERING = re.compile(r"^(?:\d{1,2}[.、)]|[①-⑳]|[a-z][.、)])\s*")
_WORD = re.compile(r"[a-z]{2,40}")
LIKENESS = 60  # of 100; below it two headers have too little in common to be proposed

How = Literal["pinned", "remembered", "name", "synonym", "traditional", "pinyin", "initials"]
_RANK: dict[How, int] = {
    "pinned": -2, "remembered": -1, "name": 0, "synonym": 1, "traditional": 2, "pinyin": 3, "initials": 4,
}  # fmt: skip


@dataclass(frozen=True)
class Header:
    """One column's header: its texts from the top level to the leaf, as written.

    `above`: group titles that stand further left in the rows above and are not merged across ("成本" over the first
    of three columns): they may belong to this column too.
    """

    column: int  # 1-based
    levels: tuple[str, ...]
    above: tuple[str, ...] = ()

    @property
    def leaf(self) -> str:
        return self.levels[-1]

    @property
    def shown(self) -> str:
        """All levels on one line, as people would say it: "成本（元）/材料成本"."""
        return "/".join(" ".join(level.split()) for level in self.levels)


@dataclass(frozen=True)
class Match:
    """A header that means a template column, and by what it was recognised."""

    header: Header
    how: How


@lru_cache(maxsize=50_000)
def exact(text: str) -> str:
    """A header without width, case, blanks and marks, but with what stands in brackets."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", text).lower())


@lru_cache(maxsize=50_000)
def plain(text: str) -> str:
    """A header's core: width-safe, without blanks, asterisks, brackets and case."""
    return _core(text) or exact(text)


def _core(text: str) -> str:
    return _NOISE.sub("", _BRACKETS.sub("", unicodedata.normalize("NFKC", text).lower()))


@lru_cache(maxsize=50_000)
def _spellings(text: str) -> tuple[str, ...]:
    first_line = text.strip().split("\n")[0]
    without_number = _NUMBERING.sub("", unicodedata.normalize("NFKC", text).strip().lower())
    return (plain(text), exact(text), plain(units.split(text)[0]), plain(first_line), plain(without_number))


def names_of(header: Header) -> list[str]:
    """Core texts a header may be recognised by, the surest first."""
    names = [*_spellings(header.leaf)]
    if len(header.levels) > 1:
        names += [plain("".join(header.levels)), plain("".join(header.levels[-2:]))]
        names.append("".join(plain(level) for level in header.levels))
    names += [plain(title + header.leaf) for title in header.above]
    return list(dict.fromkeys(name for name in names if name))


def vocabulary(template: Template) -> dict[str, tuple[str, int]]:
    """Core text -> (source column, rank); rank 0 is the column's own name, 1 a synonym."""
    words: dict[str, tuple[str, int]] = {}
    columns = [column for column in template.columns if column.origin == "cell"]
    for column in columns:
        for synonym in column.synonyms:
            words.setdefault(plain(synonym), (column.source, 1))
            words.setdefault(exact(synonym), (column.source, 1))
    for column in columns:
        words[plain(column.source)] = (column.source, 0)
        words.setdefault(exact(column.source), (column.source, 0))
    return words


def of_rows(
    grid: Mapping[int, Mapping[int, str]], first: int, last: int, left: int | None, right: int | None
) -> list[Header]:
    """The headers that rows `first` to `last` of {row: {column: text}} make, between these columns if given."""
    columns = sorted({column for row in range(first, last + 1) for column in grid.get(row, {})})
    found = []
    titles = [_rightwards(grid.get(row, {}), columns) for row in range(max(1, first - 1), last)]
    for column in columns:
        if (left is not None and column < left) or (right is not None and column > right):
            continue
        texts = [grid[row][column] for row in range(first, last + 1) if column in grid.get(row, {})]
        levels = [text for place, text in enumerate(texts) if place == 0 or text != texts[place - 1]]
        above = [line[column] for line in titles if column in line and line[column] not in levels]
        found.append(Header(column, tuple(levels), tuple(dict.fromkeys(above))))
    return found


def _rightwards(line: Mapping[int, str], columns: Sequence[int]) -> dict[int, str]:
    """Each text of a row of group titles over the columns up to the next text."""
    found: dict[int, str] = {}
    current: str | None = None
    for column in columns:
        current = line.get(column, current)
        if current is not None:
            found[column] = current
    return found


@dataclass
class Words:
    """What a template's columns may be called.

    `remembered`: header text -> source column (None: "not one of ours"), as a person decided before.
    `spoken`: traditional characters and pinyin count too.
    """

    template: Template
    remembered: Mapping[str, str | None] = field(default_factory=dict)
    spoken: bool = False

    def __post_init__(self) -> None:
        self._words = vocabulary(self.template)
        self._remembered = {exact(text): source for text, source in self.remembered.items()}
        self._endings = {word[at:] for word in (*self._words, *self._remembered) for at in range(len(word))}
        self._may_end: dict[str, bool] = {}
        self._pinyin: dict[str, set[str]] = {}
        self._initials: dict[str, set[str]] = {}
        self._simplified: dict[str, str] = {}
        if self.spoken:
            from connectors.excel.finding import spoken

            for word, (source, _) in self._words.items():
                self._simplified.setdefault(spoken.simplified(word), source)
                full, initials = spoken.pinyin(word)
                for spelling in full:
                    self._pinyin.setdefault(spelling, set()).add(source)
                for spelling in initials:
                    self._initials.setdefault(spelling, set()).add(source)

    def may_end(self, text: str) -> bool:
        """False if no header whose last level is this text can mean anything here.

        What a header is recognised by ends with its last level's core, unless all of that stands in brackets.
        """
        if self.spoken:
            return True
        known = self._may_end.get(text)
        if known is None:
            known = not _core(text) or any(name in self._endings for name in (*_spellings(text), exact(text)))
            self._may_end[text] = known
        return known

    def meaning(self, header: Header) -> tuple[str | None, How] | None:
        """(source column, by what), (None, "remembered") for a header a person set aside, None if unknown."""
        for text in (exact(header.shown), exact(header.leaf)):
            if text in self._remembered and self._is_source(self._remembered[text]):
                return self._remembered[text], "remembered"
        names = names_of(header)
        for name in names:
            if name in self._words:
                source, rank = self._words[name]
                return source, "synonym" if rank else "name"
        return self._spoken(names) if self.spoken else None

    def _is_source(self, source: str | None) -> bool:
        return source is None or any(column.source == source for column in self.template.columns)

    def _spoken(self, names: Sequence[str]) -> tuple[str, How] | None:
        from connectors.excel.finding import spoken

        for name in names:
            if (source := self._simplified.get(spoken.simplified(name))) is not None:
                return source, "traditional"
        how: How
        for known, how in ((self._pinyin, "pinyin"), (self._initials, "initials")):
            for name in names:
                # A spelling that two columns share says nothing.
                if _WORD.fullmatch(name) and len(sources := known.get(name, set())) == 1:
                    return next(iter(sources)), how
        return None


def match(headers: Sequence[Header], words: Words) -> dict[str, list[Match]]:
    """Source column -> headers that mean it, the best first."""
    found: list[tuple[str, Match]] = []
    for header in headers:
        meaning = words.meaning(header)
        if meaning is not None and meaning[0] is not None:
            found.append((meaning[0], Match(header, meaning[1])))
    # Two letters prove little on their own; among other headers in pinyin they do.
    by_sound = sum(hit.how in ("pinyin", "initials") for _, hit in found)
    sources: dict[str, list[Match]] = {}
    for source, hit in sorted(found, key=lambda entry: (_RANK[entry[1].how], entry[1].header.column)):
        if hit.how == "initials" and len(plain(hit.header.leaf)) < 3 and by_sound < 3:
            continue
        sources.setdefault(source, []).append(hit)
    return sources


def nearest(wanted: str, template: Template, headers: Sequence[Header]) -> Header | None:
    """The header that looks most like a missing column, None if none does."""
    column = template.column(wanted)
    choices = {place: plain(header.leaf) for place, header in enumerate(headers)}
    best: tuple[float, int] | None = None
    for word in (column.source, *column.synonyms):
        hit = process.extractOne(plain(word), choices, scorer=fuzz.ratio, score_cutoff=50)
        if hit is not None and (best is None or hit[1] > best[0]):
            best = (hit[1], hit[2])
    return headers[best[1]] if best is not None else None


def proposals(header: Header, template: Template, sources: Sequence[str], most: int = 2) -> list[str]:
    """Which of these template columns an unknown header resembles, the likest first. Proposed, never applied."""
    from connectors.excel.finding.spoken import simplified

    scores: dict[str, float] = {}
    names = {simplified(name) for name in names_of(header)}
    for source in sources:
        column = template.column(source)
        for word in (column.source, *column.synonyms):
            score = max(fuzz.ratio(simplified(plain(word)), name) for name in names)
            scores[source] = max(score, scores.get(source, 0))
    likely = sorted((source for source in scores if scores[source] >= LIKENESS), key=lambda source: -scores[source])
    return likely[:most]
