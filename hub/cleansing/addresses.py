"""An address as province, city and county: what stands at its beginning, and what follows from that.

Belongs here: reading the beginning. A level is filled in only if no other region has that name; a short name
(吉林) counts only where what follows shows that it is no street's (吉林路). Not here: the names (`regions.py`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import NamedTuple

from hub.cleansing.regions import MUNICIPALITIES, Region, regions
from hub.cleansing.result import Standard, unsure
from hub.cleansing.text import narrow, preflight_text


class Place(NamedTuple):
    """Names of the three levels, each "" if not sure; rest: the street; old: the county has a new name."""

    province: str = ""
    city: str = ""
    county: str = ""
    rest: str = ""
    old: bool = False


NOWHERE = Place()
_LEAD = re.compile(r"^(?:(?:通讯|注册|公司|联系|收货|送货)?地址\s*[::]\s*)?(?:中国|中华人民共和国)?(?:\d{6}\s*)?")
_GAP = re.compile(r"[\s,、/>·-]*")
_ZONE = re.compile(
    "[一-龥]{0,7}?(?:工业园区|开发区|高新技术产业开发区|高新区|经开区|保税区|保税港区|新区|示范区|管理区|度假区|自贸区)"
)
_TOWN = re.compile("[^路街道巷弄号]{2,5}?(?:镇|乡|街道)")
_STREET = re.compile(
    "[东西南北中]?[一二三四五]?(?:路|街|大道|大街|道|巷|弄|里|桥|大厦|广场|宾馆|酒店|饭店|厂|公司|集团)"
)


def province(raw: str) -> Standard:
    """The province that an address (or a short name) lies in: "江苏省".

    >>> province("昆山市玉山镇").value, province("吉林路5号 上海").reason
    ('江苏省', 'address.unread')
    """
    return _level(raw, lambda place: place.province)


def city(raw: str) -> Standard:
    """The city: "苏州市"; a municipality is its own city; blank for counties right under a province."""
    return _level(raw, lambda place: place.city)


def county(raw: str) -> Standard:
    """The county, district or county-level city: "昆山市"; a development zone by its city and name."""
    return _level(raw, lambda place: place.county)


def _level(raw: str, level: Callable[[Place], str]) -> Standard:
    special = preflight_text(raw)
    if special:
        return special
    place = parse(raw)
    value = level(place)
    if not value or (place.old and value == place.county):
        return unsure("address.old_name" if place.old and value else "address.unread")
    return Standard(value, None if value == raw else "address.region")


@lru_cache(maxsize=65_536)  # a load reads several levels out of one column, page by page
def parse(address: str) -> Place:
    """The regions that the address begins with; NOWHERE if it begins with none that is sure.

    >>> parse("苏州工业园区星湖街328号")
    Place(province='江苏省', city='苏州市', county='苏州工业园区', rest='星湖街328号', old=False)
    """
    text = _LEAD.sub("", narrow(address))
    everywhere = _spellings("")
    found, rest = _named(text, _spellings("provinces"))
    if found is None:
        town, rest = _named(text, everywhere)
        if town is None:
            found, rest = _named_short(text, _spellings("provinces"))
        if found is None and town is None:
            town, rest = _named_short(text, everywhere)
        if found is None:
            return _with_county(_province_of(town), town, rest) if town else _without_city(text)
    town, after = _named(rest, _spellings(found.province))
    if town is None:
        town, after = _named_short(rest, _spellings(found.province))
    if town is None and found.province in MUNICIPALITIES:
        town, after = regions().cities[f"{found.province}01"], rest.removeprefix("市辖区")
    if town is None and _named(rest, everywhere)[0]:
        return NOWHERE  # 江苏省杭州市: one of the two is wrong
    return _with_county(found, town, after)


def _without_city(text: str) -> Place:
    zone = _ZONE.match(text)
    for start in [text, text[zone.end() :]] if zone else [text]:
        name, after = _longest(start, regions().counties)
        found = regions().counties.get(name) or regions().counties_short.get(start, ())
        if found:
            if len({county.city for county in found}) == 1:
                return _place(found[0], after if name else "")
            provinces = {_province_of(county).name for county in found}
            return Place(provinces.pop() if len(provinces) == 1 else "", "", name, after)
    return NOWHERE


def _with_county(found: Region, town: Region | None, rest: str) -> Place:
    rest = _GAP.sub("", rest, count=1)
    inside = _counties_of(found.code, town.city if town else "")
    name, after = _longest(rest, inside)
    zone = None if name else _ZONE.match(rest)
    if zone:
        name, after = _longest(rest[zone.end() :], inside)
    if name:
        return _place(inside[name], after)
    brief = _county_in_short(rest, found if town is None else town)
    if brief is not None:
        return _place(brief, rest[len(brief.short) :])
    if town is None:
        return Place(found.name, rest=rest)
    if zone:
        short = town.short or found.short
        name = zone[0] if zone[0].startswith(short) else short + zone[0]
        return Place(found.name, town.name, name, rest[zone.end() :])
    return Place(found.name, town.name, rest=rest)


def _place(county: Region, rest: str) -> Place:
    town = regions().cities.get(county.city)
    rest = _GAP.sub("", rest, count=1)
    return Place(_province_of(county).name, town.name if town else "", county.name, rest, county.old)


def _province_of(region: Region) -> Region:
    return regions().provinces[region.province]


class _Spellings(NamedTuple):
    """Some regions by name and by short name."""

    names: dict[str, Region]
    short: dict[str, Region]


@cache
def _spellings(which: str) -> _Spellings:
    """Of the provinces, of the cities of one province (its two digits), or of all cities ("")."""
    if which == "provinces":
        among = list(regions().provinces.values())
    else:
        among = [city for city in regions().cities.values() if city.province.startswith(which)]
    return _Spellings({r.name: r for r in among}, {r.short: r for r in among if r.short})


def _digits(code: str) -> str:
    """What the codes of all counties in a city or province begin with; a municipality has two parts."""
    return code[:2] if code.endswith("0000") or code[:2] in MUNICIPALITIES else code[:4]


@cache
def _counties_of(province_code: str, city_code: str) -> dict[str, Region]:
    """{name: county} of a city, or of a province; names that two of them share are left out."""
    digits = _digits(city_code or province_code)
    inside = {}
    for name, found in regions().counties.items():
        here = [county for county in found if county.code.startswith(digits)]
        if len(here) == 1:
            inside[name] = here[0]
    return inside


def _named(text: str, among: _Spellings) -> tuple[Region | None, str]:
    """(region, what follows) of the longest whole name at the beginning."""
    name, rest = _longest(text, among.names)
    return (among.names[name], _GAP.sub("", rest, count=1)) if name else (None, text)


def _named_short(text: str, among: _Spellings) -> tuple[Region | None, str]:
    """The same for names without 省 or 市, where what follows cannot be the rest of a street's or building's name."""
    name, rest = _longest(text, among.short)
    if not name or not _clear(rest, among.short[name]):
        return None, text
    return among.short[name], _GAP.sub("", rest, count=1)


def _clear(rest: str, region: Region) -> bool:
    if not rest or rest[0] in " ,、/-省":
        return not rest.startswith("省道")
    if _STREET.match(rest):
        return False
    if _ZONE.match(rest) or _county_in_short(rest, region):
        return True
    inside = _counties_of(region.code, "" if region.code.endswith("0000") else region.city)
    if _longest(rest, inside)[0] or (not inside and _TOWN.match(rest)):
        return True
    if not region.code.endswith("0000"):
        return False
    cities = _spellings(region.province)
    return _named(rest, cities)[0] is not None or _named_short(rest, cities)[0] is not None


def _county_in_short(rest: str, region: Region) -> Region | None:
    """A county of the region by its short name, if the text ends there or a town follows."""
    for length in range(min(len(rest), 5), 1, -1):
        here = [
            county
            for county in regions().counties_short.get(rest[:length], ())
            if county.code.startswith(_digits(region.code))
        ]
        after = rest[length:]
        if len(here) == 1 and (not after or after[0] in " ,、" or _TOWN.match(after)) and not _STREET.match(after):
            return here[0]
    return None


def _longest(text: str, names: Mapping[str, object]) -> tuple[str, str]:
    """(name, what follows) of the longest name that the text begins with; ("", text) if there is none."""
    for length in range(min(len(text), _longest_name()), 1, -1):
        if text[:length] in names:
            return text[:length], text[length:]
    return "", text


@cache
def _longest_name() -> int:
    return max(map(len, regions().counties))
