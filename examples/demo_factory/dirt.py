"""The ways real data are spoilt, one pure function per kind of value.

Belongs here: taking a true value and a seeded `random.Random`, giving back a `Cell`: what a person
typed, and which kind of error (kinds.yaml) that is. Does not belong here: where it is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any

from stdnum.cn import uscc

from examples.demo_factory import words
from examples.demo_factory.names import CompanyName

_FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
_EXCEL_EPOCH = date(1899, 12, 30)

# Spellings of one unit as they stand in real systems, the standard code first.
UNIT_SPELLINGS: Mapping[str, tuple[tuple[str, int], ...]] = {
    "KG": (("KG", 62), ("千克", 11), ("公斤", 12), ("kg", 10), ("Kg", 2), ("ＫＧ", 1), ("公 斤", 2)),
    "PCS": (("PCS", 66), ("个", 16), ("件", 8), ("pcs", 7), ("只", 3)),
    "M": (("M", 66), ("米", 25), ("m", 9)),
    "L": (("L", 70), ("升", 30)),
    "SET": (("SET", 60), ("套", 40)),
}
UNKNOWN_UNIT = "待定"


@dataclass(frozen=True, slots=True)
class Cell:
    """A value as it is written down. `kind` is None when it is right; else `true` is what it should say."""

    value: Any
    kind: str | None = None
    true: Any = None


def pick(rng: Random, weights: Mapping[str, float]) -> str | None:
    """One of the kinds with its probability, else None (the weights sum to less than 1)."""
    point = rng.random()
    for kind, weight in weights.items():
        point -= weight
        if point < 0:
            return kind
    return None


def full_width(text: str) -> str:
    return text.translate(_FULL_WIDTH)


def as_text(value: Any) -> str | None:
    """A value as the hub lands it: dates in ISO, whole floats without a point, empty as None."""
    if value is None or value == "":
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.isoformat() if isinstance(value, date) else str(value)


# --- companies ----------------------------------------------------------------------------------


def company(rng: Random, name: CompanyName, kind: str | None) -> Cell:
    """The company's name, spoilt in the way `kind` says (None: as registered)."""
    full = name.full
    if kind == "name_full_width":
        dirty = full_width(full)  # touches brackets only; a name without them stays right
    elif kind == "name_blank":
        blank = rng.choice((" ", "\u3000", "  "))
        at = rng.choice((0, len(full), full.index(name.form)))
        kind = "name_blank" if at in (0, len(full)) else "name_blank_inside"
        dirty = full[:at] + blank + full[at:]
    elif kind == "name_form":
        other = rng.choice(("", "公司", "有限责任公司" if name.form != "有限责任公司" else "有限公司"))
        dirty = full.replace(name.form, other)
    elif kind == "name_place":
        dirty = f"{name.brand}{name.trade}{name.form}{name.branch}"
    elif kind == "name_typo":
        dirty = _typo(rng, full, len(full) - len(name.form) - len(name.branch))
    else:
        return Cell(full)
    return Cell(dirty, kind, full) if dirty != full else Cell(full)


def _typo(rng: Random, text: str, length: int) -> str:
    """One slip of the hand in the first `length` characters: a lookalike, a lost or two swapped characters."""
    candidates = [i for i in range(length) if text[i] in words.LOOKALIKES]
    how = rng.random()
    if candidates and how < 0.7:
        at = rng.choice(candidates)
        return text[:at] + words.LOOKALIKES[text[at]] + text[at + 1 :]
    at = rng.randrange(2, length - 1)
    if how < 0.85:
        return text[:at] + text[at + 1 :]
    return text[: at - 1] + text[at] + text[at - 1] + text[at + 1 :]


def tax_number(rng: Random, number: str, kind: str | None) -> Cell:
    """The credit code, spoilt in the way `kind` says. Wrong ones never pass the check digit by chance."""
    if kind == "uscc_missing":
        return Cell(rng.choice((None, None, None, "", " ")), kind, number)
    if kind == "uscc_form":
        grouped = f"{number[:6]} {number[6:10]} {number[10:]}"
        dirty = rng.choice((number.lower(), full_width(number), grouped, f" {number}"))
        return Cell(dirty, kind, number) if dirty != number else Cell(number)
    if kind == "uscc_o_for_zero":
        return Cell(number.replace("0", "O", 1), kind, number) if "0" in number else Cell(number)
    if kind == "uscc_old_licence":
        return Cell(f"{number[2:8]}{rng.randrange(10**9):09d}", kind, number)
    if kind == "uscc_wrong":
        at = rng.randrange(8, 17)
        how = rng.random()
        if how < 0.5:
            dirty = number[:at] + rng.choice("0123456789") + number[at + 1 :]
        elif how < 0.8:
            dirty = number[: at - 1] + number[at] + number[at - 1] + number[at + 1 :]
        else:
            dirty = number[:at] + number[at + 1 :]
        return Cell(dirty, kind, number) if not uscc.is_valid(dirty) else Cell(number)
    return Cell(number)


# --- materials ----------------------------------------------------------------------------------


def material_code(rng: Random, code: str, kind: str | None) -> Cell:
    if kind == "code_blank":
        at = rng.choice((0, len(code)))
        return Cell(code[:at] + rng.choice((" ", "  ", "\u3000")) + code[at:], kind, code)
    if kind == "code_full_width":
        return Cell(full_width(code), kind, code)
    if kind == "code_o_for_zero" and "0" in code[2:]:
        at = rng.choice([i for i in range(2, len(code)) if code[i] == "0"])
        return Cell(code[:at] + "O" + code[at + 1 :], kind, code)
    if kind == "code_zero_lost" and code.isdigit() and code[0] == "0":
        return Cell(int(code), kind, code)
    return Cell(code)


def specification(rng: Random, text: str) -> str:
    """The same specification as another person would write it (for duplicates under a second code)."""
    other = text.replace("×", rng.choice(("*", "X", "x"))).replace("φ", rng.choice(("Φ", "Ø", "直径")))
    return other if other != text else text.replace("-", " - ", 1) if "-" in text else f"{text} "


def unit(rng: Random, code: str) -> Cell:
    spellings = UNIT_SPELLINGS[code]
    spelling = rng.choices([s for s, _ in spellings], [w for _, w in spellings])[0]
    return Cell(spelling) if spelling == code else Cell(spelling, "unit_spelling", code)


# --- figures and dates --------------------------------------------------------------------------


def price(rng: Random, amount: Decimal, kind: str | None) -> Cell:
    """An amount; spoilt ones are text, since only text can hold a currency sign."""
    if kind == "price_text":
        forms = (
            f"￥{amount:,.2f}",
            f"{amount:.2f}元",
            full_width(f"{amount:.2f}"),
            f"{amount:,.2f} 元",
            f"RMB {amount:.2f}",
        )
        return Cell(rng.choice(forms), kind, amount)
    if kind == "price_unreadable":
        return Cell(
            rng.choice((f"{int(amount)},{rng.randrange(1, 10)}", "面议", f"约{int(amount) + 1}左右", "待定")),
            kind,
            amount,
        )
    return Cell(amount)


DATE_KINDS: Mapping[str, float] = {
    "date_slash": 0.07, "date_dot": 0.05, "date_compact": 0.05, "date_chinese": 0.05, "date_serial": 0.05,
    "date_short_year": 0.01,
}  # fmt: skip


def day(value: date, kind: str | None) -> Cell:
    """A date in one of the written forms; None keeps it a real date."""
    texts: dict[str | None, Any] = {
        "date_slash": f"{value.year}/{value.month}/{value.day}",
        "date_dot": f"{value:%Y.%m.%d}",
        "date_compact": f"{value:%Y%m%d}",
        "date_chinese": f"{value.year}年{value.month}月{value.day}日",
        "date_serial": (value - _EXCEL_EPOCH).days,
        "date_short_year": f"{value.year % 100}.{value.month}.{value.day}",
    }
    return Cell(texts[kind], kind, value) if kind else Cell(value)
