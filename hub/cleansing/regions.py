"""Provinces, cities and counties of China by code, from the GB/T 2260 data that python-stdnum carries.

Belongs here: the regions and their names. Not here: finding them in an address (`addresses.py`).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from hub.cleansing.simplified import simplified

_LINE = re.compile(r'\s*(\d+) (?:province|county)="(.*)"')
_NAME = re.compile(r"(?:\[(\d*)-(\d*)\])?(.+)")
_NO_REGION = re.compile(r"市辖区|县|林区|.*直辖县级行政单位")
MUNICIPALITIES = ("11", "12", "31", "50")
_ETHNIC = re.compile("(?:(?:蒙古|回|藏|苗|彝|壮|布依|朝鲜|侗|白|土家|哈尼|哈萨克|傣|傈僳|羌|柯尔克孜|景颇)族?)+$")
_SHORT_PROVINCES = {
    "内蒙古自治区": "内蒙古",
    "广西壮族自治区": "广西",
    "宁夏回族自治区": "宁夏",
    "新疆维吾尔自治区": "新疆",
}


@dataclass(frozen=True)
class Region:
    """code: six digits; short: without 省, 市, 县, or "" where the name has no shorter form that people use."""

    code: str
    name: str
    short: str
    old: bool = False

    @property
    def province(self) -> str:
        return self.code[:2]

    @property
    def city(self) -> str:
        return self.code[:4]


@dataclass(frozen=True)
class Regions:
    """provinces by two digits; cities by four, counties by name and by short name (several may share one).

    A municipality is its own city (of code 3101). Counties right under a province have no city.
    """

    provinces: dict[str, Region]
    cities: dict[str, Region]
    counties: dict[str, tuple[Region, ...]]
    counties_short: dict[str, tuple[Region, ...]]


@cache
def regions() -> Regions:
    """All of them, read once."""
    provinces: dict[str, Region] = {}
    cities: dict[str, Region] = {}
    counties: list[Region] = []
    for code, name, old in _names():
        if code.endswith("0000"):
            provinces[code[:2]] = Region(code, name, _short_province(name))
        elif code.endswith("00"):
            if not old and not _NO_REGION.fullmatch(name):
                cities[code[:4]] = Region(code, name, _short_city(name))
        elif not _NO_REGION.fullmatch(name):
            counties.append(Region(code, name, _short_county(name), old))
    taken = {province.short for province in provinces.values()}
    cities = {
        code: Region(city.code, city.name, "" if city.short in taken else city.short) for code, city in cities.items()
    }
    for number in MUNICIPALITIES:
        whole = provinces[number]
        cities |= {f"{number}{part}": Region(f"{number}{part}00", whole.name, "") for part in ("01", "02")}
    of_cities = {city.name for city in cities.values()}
    counties = [county for county in counties if county.name not in of_cities or county.city in cities]
    named: defaultdict[str, list[Region]] = defaultdict(list)
    for county in counties:
        named[county.name].append(county)
    short: defaultdict[str, list[Region]] = defaultdict(list)
    for county in counties:
        if county.short and not county.old:
            short[county.short].append(county)
    return Regions(provinces, cities, _current(named), _current(short))


def _current(named: Mapping[str, list[Region]]) -> dict[str, tuple[Region, ...]]:
    """A name that some county bears today is not taken for what it was once."""
    return {name: tuple(county for county in found if not county.old) or tuple(found) for name, found in named.items()}


def _names() -> list[tuple[str, str, bool]]:
    """[(code, name, whether it is an old name)] of everything that was ever called so."""
    found = []
    province = ""
    for line in files("stdnum.cn").joinpath("loc.dat").read_text(encoding="utf-8").splitlines():
        match = _LINE.fullmatch(line)
        if not match:
            continue
        if len(match[1]) == 2:
            province = match[1]
            found.append((f"{province}0000", simplified(match[2]), False))
            continue
        for part in match[2].split(","):
            named = _NAME.fullmatch(part)
            if named:
                old = bool(named[2])  # known, but no longer what a county is called
                found.append((province + match[1], simplified(named[3]), old))
    return found


def _short_province(name: str) -> str:
    return _SHORT_PROVINCES.get(name) or re.sub("(?:省|市|自治区|特别行政区)$", "", name)


def _short_city(name: str) -> str:
    if name.endswith("自治州"):
        return _ETHNIC.sub("", name.removesuffix("自治州")) + "州"
    return re.sub("(?:市|地区|盟)$", "", name)


def _short_county(name: str) -> str:
    """昆山, 睢宁; never of districts (朝阳, 和平 mean anything) and autonomous counties."""
    return name[:-1] if len(name) > 2 and name[-1] in "市县" and not name.endswith("自治县") else ""
