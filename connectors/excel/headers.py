"""Header texts: what stays of "客户编码 *" or "信用额度（万元）", and which template column it means.

Belongs here: pure text work on headers. Does not belong here: finding the header's rows (layout.py).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from schemas.model import Template

_BRACKETS = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]|【([^【】]*)】|<([^<>]*)>")
_NOISE = re.compile(r"[\s*★☆▲:_\-./\\|、]+")
_NOT_UNITS = {"必填", "选填", "可选", "内部", "required", "optional"}
# Units as English headers write them.
UNIT_IN_ENGLISH = {"元": "CNY", "万元": "10,000 CNY", "天": "days"}


@dataclass(frozen=True)
class Header:
    """One column's header: its texts from the top level to the leaf, as written."""

    column: int  # 1-based
    levels: tuple[str, ...]

    @property
    def leaf(self) -> str:
        return self.levels[-1]

    @property
    def shown(self) -> str:
        """All levels on one line, as people would say it: "成本（元）/材料成本"."""
        return "/".join(" ".join(level.split()) for level in self.levels)


def plain(text: str) -> str:
    """A header's core: width-safe, without blanks, asterisks, brackets and case."""
    text = unicodedata.normalize("NFKC", text).lower()
    core = _NOISE.sub("", _BRACKETS.sub("", text))
    return core or _NOISE.sub("", text)


def unit_of(text: str) -> str | None:
    """The unit a header names in brackets: "信用额度（万元）" -> "万元"."""
    for groups in _BRACKETS.findall(unicodedata.normalize("NFKC", text)):
        unit = "".join(groups).strip()
        if unit and len(unit) <= 10 and unit.lower() not in _NOT_UNITS and not unit.startswith(("如", "例", "单位:")):
            return unit
        if unit.startswith("单位:"):
            return unit.removeprefix("单位:").strip() or None
    return None


def same_unit(written: str, expected: str) -> bool:
    """Do two wordings name one unit: "万元" and "10,000 CNY"?"""
    return plain(written) in {plain(expected), plain(UNIT_IN_ENGLISH.get(expected, expected))}


def names_of(header: Header) -> list[str]:
    """Core texts a header may be recognised by, the surest first."""
    leaf = header.leaf
    with_brackets = _NOISE.sub("", unicodedata.normalize("NFKC", leaf).lower())
    names = [plain(leaf), with_brackets]
    if len(header.levels) > 1:
        names.append(plain("".join(header.levels)))
    return list(dict.fromkeys(name for name in names if name))


def vocabulary(template: Template) -> dict[str, tuple[str, int]]:
    """Core text -> (source column, rank); rank 0 is the column's own name, 1 a synonym."""
    words: dict[str, tuple[str, int]] = {}
    for column in template.columns:
        for synonym in column.synonyms:
            words.setdefault(plain(synonym), (column.source, 1))
    for column in template.columns:
        words[plain(column.source)] = (column.source, 0)
    return words


def match(headers: Sequence[Header], words: dict[str, tuple[str, int]]) -> dict[str, list[Header]]:
    """Source column -> headers that mean it, the best first."""
    found: dict[str, list[tuple[int, int, Header]]] = {}
    for header in headers:
        for name in names_of(header):
            if name in words:
                source, rank = words[name]
                found.setdefault(source, []).append((rank, header.column, header))
                break
    return {
        source: [header for *_, header in sorted(matches, key=lambda m: m[:2])] for source, matches in found.items()
    }


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
