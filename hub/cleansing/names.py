"""What a company's name consists of, and the key that two spellings of it share.

Belongs here: match keys (compared, never shown). Not here: the stored name (`text.name`).
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, NamedTuple

from hub.cleansing.text import narrow

_LEGAL = re.compile(
    "(?:集团)?(?:股份有限责任公司|股份有限公司|有限责任公司|有限公司|有限合伙企业|股份公司|公司)"
    "|(?:CO\\.?,?\\s*LTD\\.?|COMPANY LIMITED|LIMITED|LTD\\.?|INC\\.?)$"
)
_BRANCH = re.compile("(?:分公司|分厂|分部|办事处|分店|经营部|第[一二三四五六七八九十]+(?:分)?厂)$")
_NOISE = re.compile(r"[^0-9A-Z\u3400-\u9fff]+")


class CompanyKey(NamedTuple):
    """core: what must be equal for two names to be one company; branch: "" for the head office."""

    core: str
    branch: str


@cache
def _simplifier() -> Any:
    import opencc

    return opencc.OpenCC("t2s")


def company_key(name: str) -> CompanyKey:
    """Brackets, blanks, punctuation, width, case, traditional characters and the legal form do not count.

    >>> company_key("上海宝钢（集团） 有限责任公司苏州分公司")
    CompanyKey(core='上海宝钢集团', branch='苏州分公司')
    """
    plain = _simplifier().convert(narrow(name)).upper()
    bare = re.sub(r"[()\[\]{}（）【】\s]", "", plain)
    legal = list(_LEGAL.finditer(bare))
    branch = ""
    if _BRANCH.search(bare):
        # The branch is what stands behind the legal form of the head office.
        heads = [match for match in legal if match.end() < len(bare)]
        if heads:
            branch, bare = bare[heads[-1].end() :], bare[: heads[-1].end()]
    core = _NOISE.sub("", _LEGAL.sub(_without_legal_form, bare))
    return CompanyKey(core or _NOISE.sub("", bare), _NOISE.sub("", branch))


def _without_legal_form(match: re.Match[str]) -> str:
    # 集团 is part of who they are, not of the legal form: 宝钢 and 宝钢集团 are two companies.
    return "集团" if match[0].startswith("集团") else ""


def name_match_key(name: str) -> str:
    """One string for a match-key table: core, and the branch behind "#" if there is one."""
    key = company_key(name)
    return f"{key.core}#{key.branch}" if key.branch else key.core
