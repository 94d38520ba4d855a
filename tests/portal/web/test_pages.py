"""The pages in a real browser: roles, drill-down to the cell, filters and language, held and rejected rows."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.portal.web.conftest import Portal, log_in, watched
from tests.portal.web.test_wording import CJK

pytestmark = pytest.mark.browser

PAGES = [
    "/", "/quality", "/quality?department=finance&weeks=26", "/quality/findings", "/quality/findings?source=k3",
    "/quality/rules/material.unit_readable/rows", "/quality/findings/1", "/quality/findings/6", "/quality/held",
    "/quality/rejected", "/suggestions", "/suggestions/remembered", "/suggestions/corrections", "/uploads",
    "/templates", "/sync", "/sync/files", "/audit",
]  # fmt: skip


@pytest.mark.parametrize(
    ("login", "sees", "does_not_see"),
    [
        ("it", "/sync", None),
        ("coach", "/quality", "/sync"),
        ("business", "/uploads", "/audit"),
    ],
)
def test_log_in_shows_the_menu_of_the_role(page: Page, login: str, sees: str, does_not_see: str | None) -> None:
    log_in(page, login)
    expect(page.locator(f".side a[href='{sees}']")).to_be_visible()
    if does_not_see:
        expect(page.locator(f".side a[href='{does_not_see}']")).to_have_count(0)
        answer = page.goto(does_not_see)
        assert answer is not None
        assert answer.status == 403


def test_a_wrong_password_is_told_in_a_sentence(page: Page, portal: Portal) -> None:
    page.goto("/log-in")
    page.locator("input[name=login]").fill("coach")
    page.locator("input[name=password]").fill("wrong")
    page.locator("form.stack button").click()
    expect(page.get_by_role("alert")).to_contain_text("账号和密码对不上")
    portal.sql("delete from ops.audit where action = 'log_in_failed'")


def test_dashboard_to_the_cell_in_three_clicks(page: Page, context: BrowserContext, portal: Portal) -> None:
    log_in(page, "coach")
    page.goto("/quality?department=finance")
    expect(page.locator("#score")).to_contain_text(re.compile(r"\d\d\.\d"))
    expect(page.locator("#trend canvas")).to_be_visible()
    page.locator("#worst tr", has_text="不是标准单位").locator(".rows-link").click()  # 1
    page.locator(".tabulator-row a", has_text="D5").click()  # 2
    expect(page.locator("#where")).to_have_text("财务部/标准成本_2026.xlsx › 物料清单 › D5")
    expect(page.locator("#cell")).to_have_text("PCS?")
    expect(page.locator("#raw-value")).to_have_text("PCS?")
    expect(page.locator("table.xl tr.cur td.no")).to_have_text("5")
    shared = context.new_page()
    shared.goto(page.url)
    expect(shared.locator("#cell")).to_have_text("PCS?")


def test_an_erp_finding_shows_its_key_and_the_raw_row(page: Page) -> None:
    log_in(page, "coach")
    page.goto("/quality/rules/material.unit_readable/rows?dataset=k3.material")
    page.locator(".tabulator-row a").first.click()
    expect(page.locator("#where")).to_have_text("金蝶 K/3: t_ICItem FItemID 2231")
    expect(page.locator("#cell")).to_contain_text("公 斤")
    expect(page.locator("table.pairs tr", has_text="FNumber")).to_contain_text("01.01.0231")


def test_lists_are_paged_by_the_server_and_the_page_stands_in_the_address(page: Page) -> None:
    log_in(page, "coach")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "findings.json" in request.url else None)
    page.goto("/quality/rules/material.code_suspect/rows")
    expect(page.locator(".tabulator-row")).to_have_count(50)
    page.locator(".tabulator-page[data-page='2']").click()
    expect(page.locator(".tabulator-row")).to_have_count(11)
    page.wait_for_url("**page_no=2")
    assert "page=2" in asked[-1]
    page.reload()
    expect(page.locator(".tabulator-row")).to_have_count(11)
    page.locator("input[name=q]").fill("M1O0007")
    page.locator("form.filters button").click()
    expect(page.locator(".tabulator-row")).to_have_count(1)


def test_language_switch_keeps_page_and_filters(page: Page) -> None:
    log_in(page, "coach")
    page.goto("/quality?weeks=26&department=finance")
    page.locator("[data-language][value=en]").click()
    page.wait_for_url("**/quality?weeks=26&department=finance")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("h1")).to_have_text("Data quality")
    expect(page.locator("select[name=weeks]")).to_have_value("26")
    page.locator("[data-language][value=zh]").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.locator("h1")).to_have_text("数据质量看板")


def test_choosing_a_filter_is_applying_it(page: Page) -> None:
    log_in(page, "coach")
    page.goto("/quality")
    page.locator("select[name=source]").select_option("k3")
    page.wait_for_url("**source=k3**")
    expect(page.locator("#heat tbody tr")).to_have_count(1)


def test_held_and_rejected_rows_say_where_and_why(page: Page) -> None:
    log_in(page, "business")
    page.goto("/quality/held")
    expect(page.locator(".tabulator-row")).to_contain_text("B10")
    page.goto("/quality/rejected")
    expect(page.locator(".tabulator-row")).to_contain_text("第 12 行")
    expect(page.locator(".tabulator-row")).to_contain_text("合计行，不是数据")


def test_sync_status_adds_up_and_names_the_run(page: Page) -> None:
    log_in(page, "it")
    page.goto("/sync")
    row = page.locator("table.loads tr", has_text="1,197")
    expect(row).to_contain_text("1,200")
    expect(row).to_contain_text("✓")
    expect(row).to_contain_text("3f2a7c1e")
    expect(page.locator("tr.problem")).to_contain_text("20 秒内没有回应")


def test_files_say_where_they_came_from(page: Page) -> None:
    log_in(page, "it")
    page.goto("/sync/files?status=superseded")
    expect(page.locator("table.files")).to_contain_text("邮件来自 wang@factory.example")
    expect(page.locator("table.files")).to_contain_text("来自 SFTP 服务器 sftp.example 的 价格.txt")


def test_a_connection_check_gives_a_sentence(page: Page, portal: Portal) -> None:
    log_in(page, "it")
    page.goto("/sync")
    page.locator("#check-k3 button").click()
    expect(page.locator("#check-k3 .badge")).to_be_visible(timeout=30_000)
    assert portal.sql("select count(*) from ops.check_result where system = 'k3'")[0][0] == 1


def test_english_pages_have_no_chinese_outside_data(context: BrowserContext, portal: Portal) -> None:
    page = context.new_page()
    log_in(page, "it")
    page.locator("[data-language][value=en]").click()
    watch = watched(page, portal.url)
    for path in PAGES:
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 200, path
        page.wait_for_load_state("networkidle")
        shown = page.evaluate(
            """() => { document.querySelectorAll('.data, [data-language]').forEach((node) => node.remove());
                       return document.body.innerText + ' ' + document.title; }"""
        )
        assert CJK.findall(shown) == [], (path, re.findall(r".*[\u3000-\u9fff].*", shown))
    assert watch.foreign == []
    assert watch.complaints == []
    page.goto("/")
    page.locator("[data-language][value=zh]").click()


def test_the_store_away_is_a_page_that_recovers(page: Page, portal: Portal) -> None:
    log_in(page, "coach")
    [name] = portal.sql("select current_database()")[0]
    with portal.away(name):
        answer = page.goto("/quality")
        assert answer is not None
        assert answer.status == 503
        expect(page.locator("h1")).to_have_text("数据库暂时连不上")
    expect(page.locator("#score")).to_be_visible(timeout=20_000)  # it came back without a hand
