"""The data dictionary: everything is there, escaped, in both languages, and no page asks another host for anything."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from hub.contracts.dictionary.page import index_page, page
from schemas.loader import contracts
from tests.hub.contracts.small import both

MATERIAL = contracts()["material"]


def test_what_a_page_tells() -> None:
    known = contracts()
    html = page(MATERIAL, known, ("zh", "en"))
    for column in MATERIAL.columns:
        assert f"<code>{column.name}</code>" in html
        assert column.title.zh in html
        assert column.title.en in html
    for rule in MATERIAL.rules:
        assert rule.id in html
    assert "技术部" in html
    assert "Engineering" in html
    assert "k3.material" in html
    assert "FNumber → material_code" in html
    assert '<a href="bom.html">' in html
    assert "master.material" in html
    assert "text(80)" in html
    assert "26 h" in html
    bom = page(known["bom"], known, ("en",))
    assert '<a href="material.html">material.material_code</a>' in bom
    assert "子项" not in bom.split("<h2>")[0]


def test_everything_is_escaped() -> None:
    evil = replace(MATERIAL, title=both('<script>alert("x")</script>'), description=both("<img src=x onerror=1>"))
    html = page(evil, {**contracts(), "material": evil}, ("zh",))
    assert "<script" not in html
    assert "<img" not in html
    assert "&lt;script&gt;" in html


@pytest.mark.browser
def test_a_browser_shows_one_language_at_a_time_and_asks_nobody(tmp_path: Path, browser: Browser) -> None:
    known = contracts()
    for entity, contract in known.items():
        (tmp_path / f"{entity}.html").write_text(page(contract, known, ("zh", "en")), encoding="utf-8")
    (tmp_path / "index.html").write_text(index_page(known, ("zh", "en")), encoding="utf-8")
    tab = browser.new_page()
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(f"file://{tmp_path}/index.html")
    assert tab.locator("main:visible tbody tr").count() == len(known)
    tab.locator("main:visible a[href='material.html']").click()
    assert tab.locator("main:visible h1").inner_text().startswith("物料")
    tab.locator("label[for=en]").click()
    assert tab.locator("main:visible").count() == 1
    assert tab.locator("main:visible h1").inner_text().startswith("Material")
    assert all(url.startswith(f"file://{tmp_path}/") for url in asked)
    tab.close()
