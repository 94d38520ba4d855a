"""The code that a spelling which no code list knows was probably meant to be: a slip, seen by form, look or sound.

Belongs here: one spelling against the spellings of one list. Not here: spellings the list knows (`codes.listed`),
references to master data (hub/suggestions/references.py). It only ever suggests; where two codes are near it is silent.

Steps, nearest first, with the share of right answers that was measured (docs/decisions/0030):
the same but for punctuation and traditional characters; the same sound or look-alike characters; a doubled, lost,
added, swapped or replaced letter, where the spelling is long enough for that to be a slip and not another word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache, cached_property
from typing import Any

from hub.cleansing.result import Standard, Standardiser, Suggestion
from hub.cleansing.text import narrow

RULE = "code.nearest"
SAME_FORM, SAME_SOUND, ONE_SLIP, TWO_SLIPS = 0.98, 0.95, 0.93, 0.90

_PUNCTUATION = re.compile(r"[^0-9a-z\u3400-\u9fff%²³]+")
_CJK = re.compile("[\u3400-\u9fff]")
# Characters that people and scanners take for each other, each group under its first one.
_LOOK_ALIKE_GROUPS = (
    "0oo〇", "1il|", "2z", "5s", "8b", "已己巳", "末未", "土士", "人入", "千干于", "日曰", "大太犬", "万方", "木本",
    "天夭", "庄压", "析折", "侍待", "枚牧", "公分", "件仵", "个亇", "套奎", "米来", "兔免", "戊戌戍", "辨辩辫", "缐线",
    "斤斥",
)  # fmt: skip
_LOOK_ALIKE = {ord(char): group[0] for group in _LOOK_ALIKE_GROUPS for char in group[1:]}
_DIGIT = re.compile(r"\d")
_SURE_LENGTH, _LONG = 5, 9  # letters from which one, two slips are slips
_LIMIT = 60  # longer texts are remarks, not codes


class Nearest:
    """The spellings of one code list (`codes.lookup`), by form, look and sound.

    >>> units = Nearest({"=千克": "KG", "千克": "KG", "=个": "PCS", "个": "PCS"})
    >>> units("千可").value, units("个。").value, units("待定")
    ('KG', 'PCS', None)
    """

    def __init__(self, spellings: Mapping[str, str]) -> None:
        self._spellings = spellings

    def __call__(self, raw: str) -> Suggestion | None:
        """The one code that this spelling is clearly nearest to, or None."""
        if len(raw) > _LIMIT:
            return None
        text = _form(narrow(raw).replace(" ", "").casefold())
        for known, form, confidence in self._ways:
            codes = known.get(form(text), ())
            if codes:
                return Suggestion(next(iter(codes)), RULE, confidence) if len(codes) == 1 else None
        return self._by_slips(text)

    @cached_property
    def _ways(self) -> list[tuple[dict[str, set[str]], Callable[[str], str], float]]:
        ways: list[tuple[dict[str, set[str]], Callable[[str], str], float]] = []
        for form, confidence in ((_as_is, SAME_FORM), (_looks, SAME_SOUND), (_sound, SAME_SOUND)):
            known: dict[str, set[str]] = {}
            for spelling, codes in self._forms.items():
                known.setdefault(form(spelling), set()).update(codes)
            known.pop("", None)
            ways.append((known, form, confidence))
        return ways

    @cached_property
    def _forms(self) -> dict[str, set[str]]:
        forms: dict[str, set[str]] = {}
        for spelling, code in self._spellings.items():
            if not spelling.startswith("="):  # those tell upper and lower case apart
                forms.setdefault(_form(spelling), set()).add(code)
        return forms

    def _by_slips(self, text: str) -> Suggestion | None:
        from rapidfuzz import process
        from rapidfuzz.distance import OSA

        allowed = 2 if len(text) >= _LONG else 1
        near = process.extract(text, list(self._forms), scorer=OSA.distance, score_cutoff=allowed, limit=None)
        slips_of: dict[str, int] = {}
        for form, slips, _ in near:
            if _is_slip(text, form):
                slips_of |= {code: min(slips, slips_of.get(code, slips)) for code in self._forms[form]}
        if not slips_of:
            return None
        (code, slips), *others = sorted(slips_of.items(), key=lambda entry: entry[1])
        if others and others[0][1] == slips:
            return None
        return Suggestion(code, RULE, ONE_SLIP if slips == 1 else TWO_SLIPS)


def or_nearest(standard: Standardiser, spellings: Mapping[str, str]) -> Standardiser:
    """The standardiser of a code list, suggesting the nearest code for a spelling the list does not know."""
    near = Nearest(spellings)

    def read(raw: str) -> Standard:
        answer = standard(raw)
        if answer.suggestion is None and answer.reason in ("code.unknown", "unit.unknown"):
            return answer._replace(suggestion=near(raw))
        return answer

    return read


def _is_slip(text: str, form: str) -> bool:
    """Whether two spellings differ as slips make them differ, and not as two words or two sizes do.

    Another Chinese character makes another word (未审核 and 已审核 are opposites), another digit another size, a
    syllable in front the opposite (unpaid); a short word with another letter is another word.
    """
    if _undoubled(text) == _undoubled(form):
        return len(text) >= 2
    if sorted(text) == sorted(form):
        return len(text) >= 3 and not _DIGIT.search(text)
    if _CJK.findall(text) != _CJK.findall(form) or _DIGIT.findall(text) != _DIGIT.findall(form):
        return False
    if text.endswith(form) or form.endswith(text):
        return False
    return min(len(text), len(form)) >= _SURE_LENGTH


def _undoubled(text: str) -> str:
    return re.sub(r"(.)\1+", r"\1", text)


def _form(text: str) -> str:
    """Without punctuation, in simplified characters."""
    bare = _PUNCTUATION.sub("", text)
    return _simplifier().convert(bare) if _CJK.search(bare) else bare


def _as_is(form: str) -> str:
    return form


def _looks(form: str) -> str:
    """Look-alikes as one character; "" for a single character, which looks like many."""
    return form.translate(_LOOK_ALIKE) if len(form) > 1 else ""


def _sound(form: str) -> str:
    """Chinese characters as syllables without tone; "" for a text without two of them, which sounds alike by chance."""
    if len(_CJK.findall(form)) < 2:
        return ""
    from pypinyin import lazy_pinyin

    return " ".join(lazy_pinyin(form))


@cache
def _simplifier() -> Any:
    import opencc

    return opencc.OpenCC("t2s")
