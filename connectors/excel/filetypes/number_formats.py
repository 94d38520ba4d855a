"""Number formats: what a cell's format makes of its number, and the text that stands for the two.

Belongs here: pure functions from format codes and stored numbers to text. Does not belong here:
where formats and numbers stand in a file (ooxml.py, biff.py, xlsb.py).

A number lands as its stored value in decimal digits; only where the format changes what the number
*is* does the text follow the format: dates and times (ISO), percentages ("12.5%"), and codes shown
with leading zeros (format 00000: "00123").
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal

GENERAL, DATE, TIME, ELAPSED, PERCENT = "general", "date", "time", "elapsed", "percent"
ZEROS = "zeros:"  # followed by the width
SHOWN = "shown:"  # followed by the code: zeros with letters of its own ("P"000, 000-0000), a number all the same

# Excel's built-in formats that are not written to the file. 27-36 and 50-58 mean dates and times
# in Chinese (and Japanese, Korean) Excel and WPS.
BUILTIN: dict[int, str] = {
    **dict.fromkeys((9, 10), PERCENT),
    **dict.fromkeys((*range(14, 18), 22, *range(27, 32), 36, *range(50, 55), 57, 58), DATE),
    **dict.fromkeys((*range(18, 22), *range(32, 36), 45, 47, 55, 56), TIME),
    46: ELAPSED,
}
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.')
# Zeros, quoted or escaped characters and hyphens, with at least one zero: what people make codes of.
_SHOWN_CODE = re.compile(r'(?=[^"]*(?:"[^"]*"[^"]*)*0)(?:0|"[^"]*"|\\.|[-/ ()])+(?:;@)?')
_BRACKET = re.compile(r"\[([^\]]*)\]")
# A long number as spreadsheet programs write it where nobody asked for text: its last digits are lost.
SCIENTIFIC = r"^\s*[1-9](?:\.\d+)?[eE]\+(?:1[1-9]|[2-9]\d)\s*$"
_LAST_DATE = 2_958_466  # 10000-01-01: Excel shows ##### from here on
MAX_FORMAT = 255  # Excel's own limit; longer ones only occur in hostile files


def kind_of_format(code: str) -> str:
    """What a format code makes of a number: GENERAL, DATE, TIME, ELAPSED, PERCENT or ZEROS + width."""
    if len(code) > MAX_FORMAT:
        return GENERAL
    plain = _LITERAL.sub("", code)
    elapsed = any(word and set(word.lower()) in ({"h"}, {"m"}, {"s"}) for word in _BRACKET.findall(plain))
    plain = _BRACKET.sub("", plain).split(";")[0].strip()
    lower = plain.lower()
    if elapsed:
        return ELAPSED
    if lower in ("", "general", "standard", "@") or lower.startswith(("general", "g/")):
        return GENERAL
    if "%" in plain:
        return PERCENT
    if re.fullmatch(r"0{2,}", plain) and not _LITERAL.search(code):
        return f"{ZEROS}{len(plain)}"
    if _SHOWN_CODE.fullmatch(code) and code.strip("0"):
        return f"{SHOWN}{code}"
    letters = set(re.sub(r"am/pm|a/p", "h", lower))
    if letters & set("yd") or re.search("a{3}", lower):
        return DATE
    if letters & set("hs"):
        return TIME
    if "m" in letters or (letters & set("eg") and not letters & set("0#?")):
        return DATE
    return GENERAL


def number_text(raw: str) -> str:
    """A stored number as plain decimal digits without binary noise: "0.30000000000000004" -> "0.3".

    Whole numbers keep every digit that was stored. Text that is not a number comes back unchanged.
    """
    if raw.isascii() and raw.isdigit():
        return raw.lstrip("0") or "0"
    try:
        number = float(raw)
    except ValueError:
        return raw
    if number != number or number in (float("inf"), float("-inf")):
        return raw
    if re.fullmatch(r"-\d+", raw):
        return raw if number else "0"
    short = f"{number:.15g}"
    if "e" not in short:
        return "0" if short == "-0" else short
    exact = Decimal(short)
    return format(exact, "f") if -20 <= exact.adjusted() <= 30 else short.upper()


def formatted(raw: str, kind: str, epoch_1904: bool = False) -> str:
    """The text of a stored number under a format kind; falls back to the number where they clash."""
    if kind == GENERAL or kind.startswith(SHOWN):
        return number_text(raw)
    if kind.startswith(ZEROS):
        digits = number_text(raw)
        return digits.zfill(int(kind[len(ZEROS) :])) if digits.isdigit() else digits
    try:
        number = float(raw)
    except ValueError:
        return raw
    if kind == PERCENT:
        percent = Decimal(number_text(raw)) * 100 if abs(number) < 1e15 else None
        return number_text(raw) if percent is None else f"{_plain(percent)}%"
    return serial_text(number, kind, epoch_1904) or number_text(raw)


def scientific(digits: str) -> str:
    """A whole number as a cell of the format General shows it; all the digits the file really holds stay.

    >>> scientific("110101199003070000")
    '1.1010119900307E+17'
    """
    kept = digits[:15].rstrip("0")
    return f"{kept[0]}.{kept[1:] or '0'}E+{len(digits) - 1:02d}"


def shown_text(raw: str, kind: str) -> str | None:
    """What a cell shows of a whole number under a format of kind SHOWN; None for other numbers.

    >>> shown_text("7", 'shown:"P"000'), shown_text("12345", "shown:000-0000")
    ('P007', '001-2345')
    """
    digits = number_text(raw)
    if not digits.isdigit():
        return None
    pieces = re.findall(r'"[^"]*"|\\.|.', kind[len(SHOWN) :].removesuffix(";@"))
    digits = digits.zfill(pieces.count("0"))
    first = True
    extra, shown = len(digits) - pieces.count("0"), []
    for piece in pieces:
        if piece != "0":
            shown.append(piece.strip('"') if piece.startswith('"') else piece[-1])
            continue
        width = 1 + extra if first else 1  # what has no place of its own stands before the first digit
        shown.append(digits[:width])
        digits, first = digits[width:], False
    return "".join(shown)


def serial_text(serial: float, kind: str, epoch_1904: bool = False) -> str | None:
    """An Excel day number as ISO text, or None where Excel itself shows no date for it."""
    limit = _LAST_DATE - (1462 if epoch_1904 else 0)
    if not 0 <= serial < limit:
        return None
    days, milliseconds = divmod(round(serial * 86_400_000), 86_400_000)
    if kind == ELAPSED or (kind == TIME and days == 0):
        return duration_text(timedelta(days=days, milliseconds=milliseconds))
    if not epoch_1904 and days == 60:  # the day Excel inherited from Lotus 1-2-3 and that never was
        day = "1900-02-29"
    elif not epoch_1904 and days == 0:
        return duration_text(timedelta(milliseconds=milliseconds)) if milliseconds else None
    else:
        start = date(1904, 1, 1) if epoch_1904 else date(1899, 12, 31 if days < 60 else 30)
        day = (start + timedelta(days=days)).isoformat()
    return f"{day}T{duration_text(timedelta(milliseconds=milliseconds))}" if milliseconds else day


def duration_text(value: timedelta) -> str:
    """Hours, minutes, seconds; hours go beyond 24 ("30:00:00")."""
    milliseconds = round(value / timedelta(milliseconds=1))
    sign, milliseconds = ("-", -milliseconds) if milliseconds < 0 else ("", milliseconds)
    seconds, rest = divmod(milliseconds, 1000)
    text = f"{sign}{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{text}.{rest:03d}" if rest else text


def value_text(value: object) -> str | None:
    """The text of a typed value as a reading library returns it; None for blank."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (int, float)):
        return number_text(repr(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(value))
    if isinstance(value, datetime):
        day, clock = value.date().isoformat(), value.time()
        return day if clock == time(0) else f"{day}T{_clock(clock)}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return _clock(value)
    if isinstance(value, timedelta):
        return duration_text(value)
    return safe_text(str(value))


def safe_text(text: str) -> str:
    """Text without what no database stores: NUL keeps its escape, half surrogates become U+FFFD."""
    if "\0" in text:
        # Every second character NUL: two-byte text that was taken for one-byte text.
        text = text[::2] if set(text[1::2]) == {"\0"} else text.replace("\0", "_x0000_")
    return text if text.isascii() else text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _clock(value: time) -> str:
    since_midnight = timedelta(
        hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond
    )
    return duration_text(since_midnight)


def _plain(number: Decimal) -> str:
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
