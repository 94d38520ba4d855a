"""Both languages say the same things, and every page has its words."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

from portal.i18n import catalogue
from portal.web import render

ROOT = Path(render.__file__).parent
CJK = re.compile(r"[\u3000-\u9fff\uff00-\uffef]")


def parameters(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_same_keys_and_parameters() -> None:
    zh, en = catalogue("zh"), catalogue("en")
    assert zh.keys() == en.keys()
    assert {key: parameters(text) for key, text in zh.items()} == {key: parameters(text) for key, text in en.items()}


def test_english_has_no_chinese_and_nobody_says_the_forbidden_words() -> None:
    assert [key for key, text in catalogue("en").items() if CJK.search(text)] == []
    assert [key for key, text in catalogue("zh").items() if re.search("异常|非法|失败代码|错误", text)] == []


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.html")), ids=lambda path: path.name)
def test_every_key_of_a_template_exists(path: Path) -> None:
    used = set(re.findall(r"\bt\('([a-z_]+\.[a-z_]+)'[,)]", path.read_text(encoding="utf-8")))
    assert used - catalogue("en").keys() == set()


def test_every_template_compiles_and_has_no_inline_code() -> None:
    for path in ROOT.rglob("*.html"):
        render.environment().get_template(path.name)
        source = path.read_text(encoding="utf-8")
        assert re.search(r"\sstyle=|\son[a-z]+=|<script>|<style>|javascript:", source) is None, path.name
        shown = re.sub(r"\{#.*?#\}", "", source).replace("中文", "")
        assert CJK.search(shown) is None, path.name
