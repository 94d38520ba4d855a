"""Units as headers write them: 单价（元）, 金额(万元), 重量/kg, and what a number in one is in another.

Belongs here: the unit of a header text, factors between units of one kind. Does not belong here: units of
quantity of a material (the hub's code list), which column a header means (headers.py).
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

_BRACKETS = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]|【([^【】]*)】|<([^<>]*)>|〔([^〔〕]*)〕|\{([^{}]*)\}")
_NOT_UNITS = {"必填", "选填", "可选", "内部", "非必填", "必须", "required", "optional"}
# Units as English headers write them.
IN_ENGLISH = {"元": "CNY", "万元": "10,000 CNY", "天": "days"}
# kind of quantity -> unit -> how many of the kind's base unit it is
_KINDS: dict[str, dict[str, str]] = {
    "cny": {"元": "1", "人民币": "1", "rmb": "1", "cny": "1", "¥": "1", "百元": "100", "千元": "1000", "万元": "10000",
            "万": "10000", "10,000cny": "10000", "十万元": "100000", "百万元": "1000000", "千万元": "10000000",
            "亿元": "100000000", "亿": "100000000"},
    "usd": {"美元": "1", "usd": "1", "$": "1", "千美元": "1000", "万美元": "10000"},
    "twd": {"新台币": "1", "新台幣": "1", "twd": "1", "ntd": "1", "nt$": "1", "千新台币": "1000", "万新台币": "10000"},
    "mass": {"kg": "1", "千克": "1", "公斤": "1", "g": "0.001", "克": "0.001", "mg": "0.000001", "毫克": "0.000001",
             "t": "1000", "吨": "1000", "公吨": "1000", "斤": "0.5"},
    "length": {"m": "1", "米": "1", "mm": "0.001", "毫米": "0.001", "cm": "0.01", "厘米": "0.01", "公分": "0.01",
               "dm": "0.1", "km": "1000", "千米": "1000", "公里": "1000", "um": "0.000001", "μm": "0.000001",
               "微米": "0.000001", "inch": "0.0254", "英寸": "0.0254"},
    "area": {"m2": "1", "平方米": "1", "平米": "1", "cm2": "0.0001", "平方厘米": "0.0001", "mm2": "0.000001",
             "平方毫米": "0.000001"},
    "volume": {"l": "1", "升": "1", "ml": "0.001", "毫升": "0.001", "m3": "1000", "立方米": "1000", "立方": "1000"},
    "time": {"s": "1", "sec": "1", "秒": "1", "min": "60", "分钟": "60", "分鐘": "60", "h": "3600", "hr": "3600",
             "小时": "3600", "小時": "3600", "工时": "3600", "d": "86400", "天": "86400", "日": "86400",
             "days": "86400", "day": "86400", "周": "604800", "week": "604800", "weeks": "604800"},
    "count": {"个": "1", "件": "1", "只": "1", "pcs": "1", "pc": "1", "ea": "1", "千个": "1000",
              "千件": "1000", "千只": "1000", "kpcs": "1000", "万个": "10000", "万件": "10000", "万只": "10000"},
    "share": {"%": "1", "百分比": "1", "‰": "0.1"},
}  # fmt: skip
_BASE = {unit: (kind, Decimal(factor)) for kind, units in _KINDS.items() for unit, factor in units.items()}
_PERIOD = re.compile(r"[\d\-~./]+|\d{2,4}年.*|\d{1,2}月.*|第.*|q[1-4]", re.IGNORECASE)  # "销售（2026年）" names no unit
_SIMPLIFIED = str.maketrans("萬億圓臺個噸", "万亿元台个吨")
_BEHIND = re.compile(r"^(.+?)\s*[/／,，:：_\-]\s*([^/／,，:：_\-]+)$")
_LATIN = re.compile(r"^(.*[\u4e00-\u9fff])\s*([A-Za-z][A-Za-z0-9]{0,3}|%|‰)$")


def core(unit: str) -> str:
    """A unit's spelling without width, case, blanks and traditional characters: "ＫＧ" -> "kg", "萬元" -> "万元"."""
    return "".join(unicodedata.normalize("NFKC", unit).lower().split()).translate(_SIMPLIFIED)


def is_known(unit: str) -> bool:
    return core(unit) in _BASE


def split(header: str) -> tuple[str, str | None]:
    """(header without its unit, unit or None).

    >>> split("重量(kg)"), split("金额（万元）"), split("单价/元"), split("重量KG"), split("含税/不含税")
    (('重量', 'kg'), ('金额', '万元'), ('单价', '元'), ('重量', 'KG'), ('含税/不含税', None))
    """
    text = unicodedata.normalize("NFKC", header).strip()
    for match in _BRACKETS.finditer(text):
        unit = "".join(group for group in match.groups() if group).strip()
        labelled = unit.startswith("单位:")
        unit = unit.removeprefix("单位:").strip()
        if not unit or len(unit) > 10 or unit.lower() in _NOT_UNITS or unit.startswith(("如", "例")):
            continue
        if labelled or is_known(unit) or not _PERIOD.fullmatch(unit):
            return (text[: match.start()] + text[match.end() :]).strip(), unit
    for pattern in (_BEHIND, _LATIN):
        if (found := pattern.match(text)) and is_known(found[2]) and core(found[2]) not in ("万", "亿"):
            return found[1].strip(), found[2].strip()
    return text, None


def unit_of(header: str) -> str | None:
    """The unit a header names, None if it names none."""
    return split(header)[1]


def same(written: str, expected: str) -> bool:
    """Do two wordings name one unit: "万元" and "10,000 CNY"?"""
    return core(written) in {core(expected), core(IN_ENGLISH.get(expected, expected))} or factor(written, expected) == 1


def factor(written: str, expected: str) -> Decimal | None:
    """What a number in `written` is multiplied by to be one in `expected`; None if they do not compare.

    >>> factor("万元", "元"), factor("g", "公斤"), factor("美元", "元")
    (Decimal('10000'), Decimal('0.001'), None)
    """
    here, there = _BASE.get(core(written)), _BASE.get(core(expected))
    if here is None or there is None or here[0] != there[0]:
        return None
    return (here[1] / there[1]).normalize() + Decimal(0)


def in_banner(text: str) -> str | None:
    """The unit a line above the table states for its figures: "单位：万元" -> "万元"."""
    found = re.search(r"(?:金额|货币|计量)?单位\s*[:：]\s*(?:人民币)?\s*([^\s,，;；)）]{1,8})", text)
    return found[1] if found and is_known(found[1]) else None
