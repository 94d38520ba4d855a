"""Specifications of materials: M8×20, Φ10, 10×20×30, 1/2": their usual form and the key that spellings share.

Belongs here: sizes and threads inside a text, whatever stands around them. Only width and blanks are changed
without asking; 10*20 into 10×20 is proposed. Not here: material codes (`codes.py`).
"""

from __future__ import annotations

import re

from hub.cleansing.result import Standard, Suggestion
from hub.cleansing.text import narrow, text

_NUMBER = r"\d+(?:\.\d+)?"
_BETWEEN = re.compile(r"(?<=[0-9A-Za-z)])\s*[×*xX✕✖╳脳]\s*(?=[ΦφM]?\d)")
# An x is a sign only between numbers, as in 10x20 and M8X20; SX20 and 3X are names.
_SIZE = re.compile(
    rf"(?<![A-Za-z0-9.])(?:[ΦφM]\s*|DN|R|L|W|H|T)?{_NUMBER}(?:\s*[×*xX✕✖╳脳]\s*[ΦφMLR]?{_NUMBER}[LWHTm]*)+(?![A-Za-z0-9])"
)
# φ and Φ are both usual; these are other letters that look alike.
_DIAMETER = re.compile(r"[Øø∅⌀Фф]\s*(?=\d)|(?<=[Φφ])\s+(?=\d)")
_THREAD = re.compile(r"(?<![A-Za-z])m(?=\d+(?:\.\d+)?\s*[×*xX✕✖╳脳-])")
_INCH = re.compile(r"(?<=\d)\s*(?:″|''|”|“|〞|(?:英寸|寸|inch|in)(?![A-Za-z]|\s*\d))")
_TOLERANCE = re.compile(r"(?:\+/-|\+-|＋－)\s*(?=\d)")


def spec(raw: str) -> Standard:
    """As free text; one sign for times, diameter, inch and tolerance is proposed.

    >>> spec("Ｍ8*20").value, spec("Ｍ8*20").suggestion.value, spec("M8×20").suggestion
    ('M8*20', 'M8×20', None)
    """
    answer = text(raw)
    if answer.value is None or (answer.suggestion is not None and answer.suggestion.rule != "text.mojibake"):
        return answer
    if answer.suggestion is not None and not _BETWEEN.search(answer.value):
        return answer
    usual = usual_form(answer.value)
    suggestion = None if usual == answer.value else Suggestion(usual, "spec.signs", 0.95)
    return answer._replace(suggestion=suggestion or answer.suggestion)


def usual_form(value: str) -> str:
    """The specification with × between sizes, φ for diameters, " for inches, ± for tolerances.

    >>> usual_form("φ10 x 2.5x6000"), usual_form("1/2''"), usual_form("SX20 3X")
    ('φ10×2.5×6000', '1/2"', 'SX20 3X')
    """
    value = _DIAMETER.sub(lambda sign: "" if sign[0].isspace() else "φ", value)
    value = _THREAD.sub("M", value)
    value = _INCH.sub('"', value)
    value = _TOLERANCE.sub("±", value)
    return _SIZE.sub(lambda size: _BETWEEN.sub("×", size[0]), value)


def spec_match_key(value: str) -> str:
    """The form under which two specifications are compared; never shown, never stored as value.

    Blanks, width, case, signs and zeros behind a decimal point do not count; units and order do.

    >>> spec_match_key("M8 * 20.0") == spec_match_key("m8×20"), spec_match_key("10×20") == spec_match_key("20×10")
    (True, False)
    """
    key = narrow(usual_form(value)).upper().replace("×", "X").replace("*", "X")
    key = re.sub(r"(?<!\d) | (?!\d)", "", key)  # 10 20 is not 1020
    return re.sub(r"(\d+\.\d*?)0+(?=\D|$)", r"\1", key).replace(".X", "X").rstrip(".")
