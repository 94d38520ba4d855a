"""Suggestions in a browser: seen with reason and confidence, decided for all rows alike, taken back again."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Page, expect

from tests.portal.web import world
from tests.portal.web.conftest import Portal, log_in

pytestmark = pytest.mark.browser
CHECKED_MS = 60_000


def test_a_coach_sees_why_accepts_for_all_rows_and_switches_off(page: Page, portal: Portal) -> None:
    log_in(page, "coach")
    page.get_by_role("link", name="建议", exact=True).click()
    row = page.locator("tr", has_text="公 斤?")
    expect(row).to_contain_text("KG")
    expect(row).to_contain_text("与代码表里的一个写法只差一点")
    expect(row).to_contain_text("98%")
    expect(row).to_contain_text("t_ICItem FItemID 2231")
    row.get_by_role("button", name="采纳（3 行）").click()
    expect(page.get_by_role("status")).to_contain_text("涉及 3 行")
    expect(page.locator("tr", has_text="公 斤?")).to_have_count(0)
    assert portal.sql("select raw_value, value, active, accepted_by from quality.remembered_value") == [
        ("公 斤?", "KG", True, "coach")
    ]
    page.get_by_role("link", name="已记住的取值").click()
    row = page.locator("tr", has_text="公 斤?")
    expect(row).to_contain_text("启用")
    row.get_by_role("button", name="关闭").click()
    expect(page.locator("tr", has_text="公 斤?")).to_contain_text("已关闭")
    assert portal.sql("select active, switched_by from quality.remembered_value") == [(False, "coach")]


def test_by_column_and_dismissed_without_touching_anything(page: Page, portal: Portal) -> None:
    log_in(page, "it")
    page.goto("/suggestions")
    page.locator("a.issue", has_text="物料名称").click()
    page.wait_for_url("**column=material_name**")
    row = page.locator("tr", has_text="齿轮由")
    expect(row).to_contain_text("（20 行里 19 行）")
    expect(row).to_contain_text("（只用于这一行）")
    row.get_by_role("checkbox").check()
    page.get_by_role("button", name="忽略勾选的").click()
    expect(page.get_by_role("status")).to_contain_text("以后不再提示")
    page.wait_for_url("**column=material_name**")
    assert portal.sql("select status, decided_by from quality.suggestion where raw_value = '齿轮由'") == [
        ("dismissed", "it")
    ]
    assert portal.sql("select count(*) from quality.correction where column_name = 'material_name'") == [(0,)]


def test_a_steward_corrects_the_value_of_a_finding_and_takes_it_back(page: Page, portal: Portal) -> None:
    ((finding,),) = portal.sql(
        "select id from quality.finding where dataset = 'workbooks.material_list' and value = '公 斤?'"
    )
    log_in(page, "coach")
    page.goto(f"/quality/findings/{finding}")
    page.locator("input[name=value]").fill("公斤")
    page.locator("input[name=reason]").fill("送货单 2026-031")
    page.get_by_role("button", name="更正").click()
    expect(page.locator("#correct")).to_contain_text("coach 已更正为“KG”")
    page.goto("/suggestions/corrections")
    row = page.locator("tr", has_text="送货单 2026-031")
    expect(row).to_contain_text("公 斤?")
    row.get_by_role("button", name="撤回").click()
    expect(page.locator("tr", has_text="送货单 2026-031")).to_contain_text("已撤回")


def test_business_users_do_not_decide_for_everybody(page: Page) -> None:
    log_in(page, "business")
    expect(page.get_by_role("link", name="建议", exact=True)).to_have_count(0)
    answer = page.goto("/suggestions")
    assert answer is not None
    assert answer.status == 403


def test_an_accepted_suggestion_is_in_the_corrected_copy_and_in_no_other_department(
    page: Page, portal: Portal, tmp_path: Path
) -> None:
    log_in(page, "coach")
    page.goto("/uploads")
    page.locator("#file").set_input_files(world.material_workbook(tmp_path / "物料清单.xlsx"))
    page.wait_for_url(re.compile(r"/uploads/\d+$"))
    suggestions = page.locator("#suggestions")
    expect(suggestions).to_contain_text("建议（不会自动修改）", timeout=CHECKED_MS)
    row = suggestions.locator("tr", has_text="PCS?")
    expect(row).to_contain_text("98%")
    row.get_by_role("checkbox").check()
    page.get_by_role("button", name="采纳勾选的").click()
    expect(suggestions.locator("tr", has_text="PCS?")).to_have_count(0, timeout=CHECKED_MS)
    expect(page.locator("#adds-up")).to_contain_text("9 = 8 可入库 + 0 待修 + 1 无法读取 ✓", timeout=CHECKED_MS)
    with page.expect_download() as download:
        page.locator("#corrected").click()
    copy = tmp_path / "copy.xlsx"
    download.value.save_as(copy)
    sheet = load_workbook(copy)[world.SHEET]
    assert sheet["D5"].value == "PCS"
    assert sheet["D8"].value == "公 斤?"
    assert portal.sql("select department, entity, raw_value, value from quality.remembered_value where active") == [
        ("finance", "material", "PCS?", "PCS")
    ]
    portal.sql("update quality.remembered_value set active = false")  # the other tests' uploads are as before
