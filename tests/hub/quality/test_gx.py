"""Great Expectations: suites from contracts, agreement with our engine, and Data Docs without internet."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser

from hub.quality.gx import DatasetResult, RuleCount, publish, publish_data_docs, suite
from hub.quality.gx.offline import offline
from hub.quality.gx.results import validation_result
from hub.store.models import SCHEMAS, Base
from schemas.loader import code_lists, contracts
from schemas.model import Contract, Threshold
from tests.hub.quality.small import CODES, contract, rule

RULES = (
    rule("required", "unit_code"),
    rule("in_list", "material_name", code_list="unit"),
    rule("range", "qty", min=0, max="500.5"),
    rule("range", "qty", name="positive", min=0, exclusive=True),
    rule("range", "start_date", name="date_range", min="2020-01-31", max="2030-12-31"),
    rule("pattern", "material_code", regex="[A-Z]-[0-9OI ]+"),
    rule("length", "material_name", max=6),
    rule("suspect_code", "material_code", min_digits=6),
    rule("unique", columns=["material_code"]),
    rule("unique", name="pair", columns=["material_code", "unit_code"]),
)
DAY = date(2026, 11, 22)


def test_every_contract_of_the_house_becomes_a_suite() -> None:
    lists = code_lists()
    for entity, terms in contracts().items():
        made = suite(terms, lists)
        assert made.name == entity
        assert {one.meta["rule"] for one in made.expectations} <= {each.id for each in terms.rules}
        assert all(" / " in one.description for one in made.expectations)


HOSTILE = "<img src=x onerror=alert(1)>"


def result(day: date = DAY, dataset: str = "k3.material", terms: Contract | None = None) -> DatasetResult:
    terms = terms or contract(
        *RULES, rule("checksum", "uscc", algorithm="uscc"), rule("reference", "unit_code", to="x.y")
    )
    counts = (RuleCount(each.id, 200, 3 * (n % 2), (HOSTILE,)) for n, each in enumerate(terms.rules))
    return DatasetResult(dataset, terms, day, tuple(counts))


FOREIGN = re.compile(
    r"""(?:src|href|srcset|data|action)\s*=\s*["']?\s*(?:https?:)?//|url\(\s*["']?https?:|@import""", re.I
)


def test_pages_hold_our_counts_and_nothing_foreign(tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    pages = publish([result(), result(dataset="mes.material")], folder, CODES)
    assert set(pages) == {"k3.material", "mes.material"}
    page = pages["k3.material"].read_text(encoding="utf-8")
    assert "200 行中有 3 行不符合（1.5%） / 3 of 200 rows fail (1.5%)" in page
    assert "标题 / Title" in page
    assert HOSTILE not in page
    assert DAY.isoformat() in page
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".html", ".css", ".js"}
    for path in files:
        assert not FOREIGN.search(path.read_text(encoding="utf-8")), path
    for path in folder.rglob("*.html"):
        for target in re.findall(r'(?:href|src)="([^"#]+)', path.read_text(encoding="utf-8")):
            assert (path.parent / target).resolve().is_file(), f"{path}: {target}"


def test_a_day_is_replaced_history_is_kept_and_old_runs_are_forgotten(tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    publish([result(date(2026, 11, 1))], folder, CODES)
    publish([result(date(2026, 11, 21))], folder, CODES)
    publish([result(DAY)], folder, CODES)
    publish([result(DAY)], folder, CODES)
    days = {path.parts[-3] for path in (folder / "validations").rglob("*.html")}
    assert days == {"2026-11-21", "2026-11-22"}
    index = (folder / "index.html").read_text(encoding="utf-8")
    assert index.count(">2026-11-21</a>") == 1
    assert index.count(">2026-11-22</a>") == 1


def test_a_browser_asks_nobody_but_our_own_server(tmp_path: Path, browser: Browser) -> None:
    folder = tmp_path / "docs"
    pages = publish([result()], folder, CODES)
    handler = partial(_Quiet, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_address[1]}/"
    asked: list[str] = []
    try:
        tab = browser.new_page()
        tab.on("request", lambda request: asked.append(request.url))
        tab.goto(base)
        tab.click("text=k3.material")
        tab.wait_for_url(f"{base}{pages['k3.material'].relative_to(folder).as_posix()}")
        shown = tab.locator("tbody tr:visible").count()
        tab.click("text=只看不符合的")
        assert 0 < tab.locator("tbody tr:visible").count() < shown
        assert tab.evaluate("getComputedStyle(document.querySelector('.alert')).borderLeftWidth") == "4px"
        tab.close()
    finally:
        server.shutdown()
        server.server_close()
    assert len(asked) > 3
    assert [url for url in asked if not url.startswith(base)] == []


def test_a_rule_shows_who_keeps_it_what_it_costs_and_what_to_do(tmp_path: Path, browser: Browser) -> None:
    pages = publish([replace(result(), department="purchasing")], tmp_path / "docs", code_lists())
    tab = browser.new_page()
    for page in (pages["k3.material"], tmp_path / "docs" / "expectations" / "k3" / "material.html"):
        tab.goto(page.as_uri())
        shown = tab.inner_text("body")
        assert tab.locator(".rule-notes:visible").count() == len(result().counts)
        assert shown.count("负责 / Owner: 采购部 / Purchasing") == len(result().counts)
        for words in ("维度 / Dimension: 有效性 / Validity", "为什么：原因 怎么改：办法", "Why: Why What to do: Fix"):
            assert words in shown
        assert "material.checksum)" not in shown
    tab.close()


def test_a_rule_that_could_not_run_is_unknown(tmp_path: Path, browser: Browser) -> None:
    terms = contract(rule("required", "spec"), rule("checksum", "uscc", algorithm="uscc"))
    counts = (RuleCount("material.required", 0, 0, (), True), RuleCount("material.checksum", 9, 0))
    pages = publish([DatasetResult("k3.material", terms, DAY, counts)], tmp_path / "docs", CODES)
    tab = browser.new_page()
    tab.goto(pages["k3.material"].as_uri())
    assert "这条规则没能运行，结果未知 / This rule could not run: unknown" in tab.inner_text("body")
    assert "exception" not in tab.inner_text("body")
    assert tab.locator("tbody .text-success").count() == 1
    assert tab.locator("tbody .text-warning").count() == 1
    assert "1 条未知 / unknown" in (tmp_path / "docs" / "index.html").read_text(encoding="utf-8")
    tab.close()


def test_what_a_rule_tolerates_is_no_failure(tmp_path: Path) -> None:
    tolerant = replace(rule("required", "spec"), threshold=Threshold(Decimal(5), "percent"))
    for failed, broken in ((5, []), (6, ["material.required"])):
        told = DatasetResult("k3.material", contract(tolerant), DAY, (RuleCount("material.required", 100, failed),))
        assert told.broken() == broken
        assert validation_result(told, CODES).success is not bool(broken)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """No lines on the test's output."""


def test_any_foreign_asset_is_taken_out() -> None:
    page = (
        '<head><link rel=stylesheet href="https://a/x.css"><script src="//b/y.js"></script><style>@import "https://c";'
        '</style></head><body onload="go()"><img class="l" src="https://d/l.png"><a href="https://e">text</a>'
        '<iframe src="https://f"></iframe><a href="x.html">kept</a><footer>news</footer></body>'
    )
    clean = offline(page, "../")
    assert not FOREIGN.search(clean)
    assert "onload" not in clean
    assert "text<iframe></iframe>" in clean
    assert '<a href="x.html">kept</a>' in clean
    assert '<script src="../static/data_docs.js" defer>' in clean


def test_counts_come_from_the_latest_scores(postgres_url: str, tmp_path: Path) -> None:
    engine = sa.create_engine(postgres_url)
    with engine.begin() as connection:
        for schema in SCHEMAS:
            connection.execute(sa.schema.CreateSchema(schema))
        Base.metadata.create_all(connection)
    engine.dispose()
    terms = contract(*RULES)
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        for day, failed in (("2026-11-21", 9), ("2026-11-22", 4)):
            connection.execute(
                "insert into mart.quality_score (day, dataset, rule, system, entity, department, dimension, severity,"
                " rows_checked, rows_failed, weight) values (%s, 'k3.material', 'material.required', 'k3', 'material',"
                " 'engineering', 'completeness', 'error', 100, %s, 5)",
                [day, failed],
            )
        pages = publish_data_docs(connection, {"material": terms}, tmp_path / "docs")
    page = pages["k3.material"].read_text(encoding="utf-8")
    assert "4 of 100 rows fail (4%)" in page
    assert "/2026-11-22/" in pages["k3.material"].as_posix()


def test_an_unknown_dataset_keeps_its_last_page_marked_with_its_day(postgres_url: str, tmp_path: Path) -> None:
    engine = sa.create_engine(postgres_url)
    with engine.begin() as connection:
        for schema in SCHEMAS:
            connection.execute(sa.schema.CreateSchema(schema))
        Base.metadata.create_all(connection)
    engine.dispose()
    insert = (
        "insert into mart.quality_score (day, dataset, rule, system, entity, department, dimension, severity,"
        " rows_checked, rows_failed, weight, unknown) values (%s, %s, 'material.required', 'k3', 'material',"
        " 'engineering', 'completeness', 'error', %s, 0, 5, %s)"
    )
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        for dataset in ("k3.material", "mes.material"):
            connection.execute(insert, ["2026-11-21", dataset, 100, None])
        before = publish_data_docs(connection, {"material": contract(*RULES)}, tmp_path / "docs")
        then = before["k3.material"].read_bytes()
        connection.execute(insert, ["2026-11-22", "k3.material", 0, "failed"])
        connection.execute(insert, ["2026-11-22", "mes.material", 100, None])
        after = publish_data_docs(connection, {"material": contract(*RULES)}, tmp_path / "docs")
    assert "/2026-11-21/" in after["k3.material"].as_posix()
    assert after["k3.material"].read_bytes() == then
    assert "/2026-11-22/" in after["mes.material"].as_posix()
    index = (tmp_path / "docs" / "index.html").read_text(encoding="utf-8")
    assert index.count("unknown, last 2026-11-21") == 1


@pytest.mark.parametrize("counts", [(), (RuleCount("material.required", 0, 0),)])
def test_a_dataset_without_rows_or_rules_still_has_a_page(tmp_path: Path, counts: tuple[RuleCount, ...]) -> None:
    pages = publish([DatasetResult("k3.material", contract(*RULES), DAY, counts)], tmp_path / "docs", CODES)
    assert pages["k3.material"].is_file()
