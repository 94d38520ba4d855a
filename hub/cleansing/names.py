"""What a company's name consists of, the key that two spellings of it share, and the spelling to propose.

Belongs here: parts of company names and match keys (compared, never shown). Not here: width and blanks of a
stored name (`text.name`).
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from hub.cleansing.regions import regions
from hub.cleansing.result import Standard, Suggestion
from hub.cleansing.simplified import simplified
from hub.cleansing.text import INVISIBLE, name, narrow

_LEGAL = re.compile("(?:股份有限责任公司|股份有限公司|有限责任公司|有限公司|有限合伙企业|股份公司|公司)")
_LEGAL_OTHER = re.compile("(?:普通合伙企业|普通合伙|有限合伙|个人独资企业|专业合作社|合作社)$")
_LEGAL_EN = re.compile(r"(?:CO\.?,?\s*LTD\.?|COMPANY LIMITED|LIMITED|LTD\.?|INC\.?|LLC|GMBH|CORP\.?)$")
_FORMS = (_LEGAL, _LEGAL_OTHER, _LEGAL_EN)
_BRANCH = re.compile("(?:分公司|分厂|分部|办事处|分店|经营部|第[一二三四五六七八九十]+(?:分)?厂)$")
_NOISE = re.compile(r"[^0-9A-Z\u3400-\u9fff]+")
_BRACKETS = re.compile(r"[()\[\]{}（）【】\s]")
_PLACE_IN_BRACKETS = re.compile(r"[(（]([\u4e00-\u9fff]{2,4})[)）]")
# What a company does, as it stands before its legal form: the last of these words and what qualifies it.
_TRADE = re.compile(
    "((?:精密|电子|电气|机械|汽车|部件|五金|塑料|塑胶|金属|化工|包装|物流|贸易|科技|信息|自动化|新材料|模具|建筑|食品|医疗|国际|"
    "进出口|智能|环保|新能源|光电|半导体|软件|网络|工程|设备|制造|工业|实业|材料|零部件|配件|技术|制品|制冷|仪器|仪表|"
    "轴承|钢铁|铸造|热处理|表面处理|电缆|电线|纺织|服饰|印刷|家具|玻璃|陶瓷|投资|发展|商贸|服务|运输|供应链)+)$"
)
_SPACED = re.compile(r"(?<=[\u4e00-\u9fff)])\s+(?=[\u4e00-\u9fff(])")
_BLANKS = re.compile(r"\s+")
_TAIL = re.compile(r"(?<=公司)[\s.,;:。，；、*]+$")


class CompanyKey(NamedTuple):
    """core: what must be equal for two names to be one company; branch: "" for the head office."""

    core: str
    branch: str


class CompanyParts(NamedTuple):
    """The parts of a Chinese company's name, each "" if it has none; group: whether it calls itself 集团."""

    place: str
    core: str
    trade: str
    legal_form: str
    branch: str
    group: bool


def company_key(name: str) -> CompanyKey:
    """Brackets, blanks, punctuation, width, case, traditional characters and the legal form do not count.

    >>> company_key("上海宝钢（集团） 有限责任公司苏州分公司")
    CompanyKey(core='上海宝钢集团', branch='苏州分公司')
    """
    bare = _bare(name)
    head, branch = _without_branch(bare)
    core = _NOISE.sub("", _LEGAL_EN.sub("", _LEGAL.sub("", head)))
    return CompanyKey(core or _NOISE.sub("", head), _NOISE.sub("", branch))


def name_match_key(name: str) -> str:
    """One string for a match-key table: core, and the branch behind "#" if there is one."""
    key = company_key(name)
    return f"{key.core}#{key.branch}" if key.branch else key.core


def company_parts(name: str) -> CompanyParts:
    """What a name says; a place counts wherever it stands: in front or in brackets behind the core.

    >>> company_parts("上海宝钢集团有限公司苏州分公司")
    CompanyParts(place='上海', core='宝钢', trade='', legal_form='有限公司', branch='苏州分公司', group=True)
    >>> company_parts("博世汽车部件（苏州）有限公司").place
    '苏州'
    """
    plain = simplified(narrow(name)).upper()
    bracketed = next((place[1] for place in _PLACE_IN_BRACKETS.finditer(plain) if _place(place[1]) == place[1]), "")
    head, branch = _without_branch(_bare(plain.replace(f"({bracketed})", "", 1) if bracketed else plain))
    form = next((found[0] for pattern in _FORMS if (found := pattern.search(head))), "")
    for pattern in _FORMS:
        head = pattern.sub("", head)
    core = _NOISE.sub("", head)
    place = bracketed or _place(core)
    if not bracketed:
        core = core.removeprefix(place)
    group = "集团" in core
    core = core.replace("集团", "")
    trade = _TRADE.search(core)
    if trade and trade.start() > 0:
        return CompanyParts(place, core[: trade.start()], trade[1], form, branch, group)
    return CompanyParts(place, core, "", form, branch, group)


def company_name(raw: str) -> Standard:
    """As `text.name`; blanks inside a Chinese name, marks behind it and 公司 twice: only proposed.

    Such blanks stay as they were typed until somebody decides: a value is repaired or proposed, never half of each.

    >>> company_name("苏州 精工机械有限公司。").suggestion.value
    '苏州精工机械有限公司'
    >>> company_name("苏州　精工机械有限公司").value
    '苏州　精工机械有限公司'
    """
    answer = name(raw)
    if answer.value is None or answer.suggestion is not None or answer.value.isascii():
        return answer
    tidy = _TAIL.sub("", _SPACED.sub("", answer.value)).replace("有限公司公司", "有限公司")
    if tidy == answer.value:
        return answer
    value = _with_blanks_of(raw, answer.value)
    changed = "text.spaces" if value == raw.strip() else answer.rule
    return Standard(value, changed if value != raw else None, suggestion=Suggestion(tidy, "name.tidied", 0.95))


def _with_blanks_of(raw: str, value: str) -> str:
    """The standard value with the blanks between its words as they were typed."""
    blanks = [*_BLANKS.findall(re.sub(f"[{INVISIBLE}]", "", raw).strip()), ""]
    return "".join(word + blank for word, blank in zip(value.split(" "), blanks, strict=True))


def _bare(name: str) -> str:
    return _BRACKETS.sub("", simplified(narrow(name)).upper())


def _without_branch(bare: str) -> tuple[str, str]:
    """(name of the head office, branch): the branch is what stands behind the legal form of the head office."""
    if _BRANCH.search(bare):
        heads = [match for match in _LEGAL.finditer(bare) if match.end() < len(bare)]
        if heads:
            return bare[: heads[-1].end()], bare[heads[-1].end() :]
    return bare, ""


def _place(text: str) -> str:
    """The province, city and county that a name begins with, as written there."""
    known, end = regions(), 0
    while True:
        names = (text[end : end + length] for length in range(min(len(text) - end, 11), 1, -1))
        found = next((n for n in names if n in known.counties_short or n in known.counties or n in _place_names()), "")
        if not found or (end and found[-1] not in "省市县区州"):
            return text[:end]
        end += len(found)


@cache
def _place_names() -> frozenset[str]:
    known = regions()
    wide = (*known.provinces.values(), *known.cities.values())
    return frozenset(spelling for region in wide for spelling in (region.name, region.short) if spelling) | {"中国"}
