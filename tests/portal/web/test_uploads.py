"""An upload from the drop zone to the store: findings per cell, corrected copy, approval, load, kills."""

from __future__ import annotations

import re
import signal
import time
from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.connectors.excel import locking
from tests.portal.web import world
from tests.portal.web.conftest import Portal, log_in, watched

pytestmark = pytest.mark.browser

CHECKED_MS = 60_000


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    return world.material_workbook(tmp_path / "物料清单_2026-11_华东.xlsx")


def upload(page: Page, file: Path) -> int:
    page.goto("/uploads")
    page.locator("#file").set_input_files(file)
    page.wait_for_url(re.compile(r"/uploads/\d+$"))
    return int(page.url.rpartition("/")[2])


def test_from_the_drop_zone_to_the_store(
    page: Page, browser: Browser, context: BrowserContext, portal: Portal, workbook: Path, tmp_path: Path
) -> None:
    log_in(page, "business")
    number = upload(page, workbook)
    expect(page.locator("#adds-up")).to_contain_text("9 = 8 可入库 + 0 待修 + 1 无法读取 ✓", timeout=CHECKED_MS)

    # the grid has the sheet's own letters and row numbers, and every finding sits in its cell
    cell = page.locator(".tabulator-row", has_text="M101202").locator(".cell-warn .marked")
    expect(cell).to_have_text("PCS?")
    cell.click()
    expect(page.locator("#popover")).to_contain_text("D5：‘PCS?’不是标准单位，建议 PCS")
    page.keyboard.press("Escape")
    expect(page.locator("#popover")).to_be_hidden()
    expect(cell).to_be_focused()
    page.locator("a.issue", has_text="不是标准单位").click()
    expect(page.locator(".tabulator-row")).to_have_count(3)
    expect(page.locator(".issues")).to_contain_text("第 12 行: 合计行，不是数据")

    with page.expect_download() as download:
        page.locator("#corrected").click()
    copy = tmp_path / "corrected.xlsx"
    download.value.save_as(copy)
    assert download.value.suggested_filename == "物料清单_2026-11_华东_修正.xlsx"
    _check_corrected(copy)

    page.goto(f"/uploads/{number}/preview")
    expect(page.locator("#plan-adds-up")).to_contain_text("8 = 8 新 + 0 更改 + 0 一致 ✓")
    page.get_by_role("button", name="提交 8 行审批").click()
    expect(page.locator("#decision")).to_contain_text("等待数据教练或 IT 审批")
    expect(page.locator("#decision form")).to_have_count(0)  # nobody approves their own

    steward = browser.new_context(base_url=portal.url, locale="zh-CN").new_page()
    watch = watched(steward, portal.url)
    log_in(steward, "coach")
    steward.locator(".task", has_text="审批上传").first.click()
    steward.get_by_role("button", name="批准入库").click()
    expect(steward.locator("#progress")).to_contain_text("等待入库")
    assert portal.sql("select status, decided_by from ops.upload where id = %s", number) == [("approved", "coach")]

    loader = portal.start("-c", f"from hub.landing.sync import load_upload; load_upload({number}, 'test')")
    assert loader.wait(120) == 0
    # the page refreshes by itself
    expect(steward.locator("#loaded")).to_contain_text("读取 9 = 入库 8 + 待修 0 + 无法读取 1 + 未变 0 ✓")
    stored = portal.sql("select count(*) from core.material where _dataset = 'uploads.material_list'")
    assert stored == [(8,)]
    assert watch.foreign == []
    assert watch.complaints == []
    steward.context.close()


def _check_corrected(copy: Path) -> None:
    """What is sure is in place, what is only suggested is told, every finding is marked in its cell."""
    sheet = load_workbook(copy)[world.SHEET]
    assert sheet["D5"].value == "PCS?"
    assert "多半是“PCS”" in sheet["D5"].comment.text
    assert str(sheet["F6"].value)[:10] == "2025-03-05"
    assert sheet["B10"].comment is not None
    assert sheet["B10"].value is None
    assert sheet["E4"].value == "外购"
    assert sheet["C7"].value == "L-HM46"
    assert sheet["C7"].comment is None
    assert sheet["A1"].value == "宏达精密制造有限公司 物料清单"


def test_a_coach_returns_an_upload_with_a_note(page: Page, browser: Browser, portal: Portal, workbook: Path) -> None:
    log_in(page, "business")
    number = upload(page, workbook)
    expect(page.locator("#adds-up")).to_be_visible(timeout=CHECKED_MS)
    page.goto(f"/uploads/{number}/preview")
    page.get_by_role("button", name="审批").click()
    steward = browser.new_context(base_url=portal.url, locale="zh-CN").new_page()
    log_in(steward, "it")
    steward.goto(f"/uploads/{number}")
    steward.locator("input[name=note]").fill("第 5 行单位请改成 PCS")
    steward.get_by_role("button", name="退回").click()
    steward.context.close()
    page.goto("/")
    page.locator(".task", has_text="被退回").first.click()
    expect(page.locator(".notice.warn")).to_contain_text("第 5 行单位请改成 PCS")


def test_a_file_that_fits_no_template_is_told_in_a_sentence(page: Page, tmp_path: Path) -> None:
    menu = tmp_path / "食堂菜单.csv"
    menu.write_text("星期,午餐\n一,红烧肉\n", encoding="utf-8")
    log_in(page, "business")
    upload(page, menu)
    expect(page.locator("#unreadable")).to_contain_text("食堂菜单.csv", timeout=CHECKED_MS)
    broken = tmp_path / "坏.xlsx"
    broken.write_bytes(b"PK\x03\x04 not a workbook")
    upload(page, broken)
    expect(page.locator("#unreadable")).to_contain_text("坏.xlsx", timeout=CHECKED_MS)


def test_a_file_of_another_kind_is_refused_at_once(page: Page, tmp_path: Path) -> None:
    program = tmp_path / "setup.exe"
    program.write_bytes(b"MZ")
    log_in(page, "business")
    page.goto("/uploads")
    page.locator("#file").set_input_files(program)
    expect(page.locator("#drop-state")).to_contain_text("不是表格文件，没有收下")


def test_another_department_does_not_see_it(page: Page, portal: Portal) -> None:
    number = portal.sql(
        "insert into ops.upload (login, department, file_name, stored_path, sha256, size, status)"
        " values ('coach', 'purchasing', 'x.xlsx', 'x.xlsx', '', 1, 'submitted') returning id"
    )[0][0]
    log_in(page, "business")
    answer = page.goto(f"/uploads/{number}")
    assert answer is not None
    assert answer.status == 404
    portal.sql("delete from ops.upload where id = %s", number)


def test_a_stuck_check_says_so_and_can_be_retried(page: Page, portal: Portal, workbook: Path) -> None:
    stored = portal.home / "uploads" / "stuck.xlsx"
    stored.write_bytes(workbook.read_bytes())
    number = portal.sql(
        "insert into ops.upload (login, department, file_name, stored_path, sha256, size, status, heartbeat)"
        " values ('business', 'sales', '卡住.xlsx', 'stuck.xlsx', '', 1, 'checking', now() - interval '11 seconds')"
        " returning id"
    )[0][0]
    log_in(page, "business")
    page.goto(f"/uploads/{number}")
    expect(page.locator("#stuck")).to_contain_text("10 秒以上没有动静")
    page.get_by_role("button", name="重新检查").click()
    expect(page.locator("#adds-up")).to_contain_text("9 = 8", timeout=CHECKED_MS)


def test_a_killed_worker_leaves_no_half_check(portal: Portal, page: Page, workbook: Path) -> None:
    log_in(page, "business")
    worker = next(process for process in portal.processes if process.args[2] == "portal.worker")  # type: ignore[index]
    number = upload(page, workbook)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if portal.sql("select status from ops.upload where id = %s", number)[0][0] != "queued":
            break
        time.sleep(0.02)
    worker.send_signal(signal.SIGKILL)
    worker.wait(10)
    portal.processes.remove(worker)
    assert portal.sql("select status from ops.upload where id = %s", number) == [("checking",)]
    assert portal.sql("select count(*) from ops.upload_finding where upload_id = %s", number) == [(0,)]
    portal.start_worker()
    expect(page.locator("#adds-up")).to_contain_text("9 = 8", timeout=CHECKED_MS)
    twice = portal.sql(
        "select count(*), count(distinct (rule, row_no, source_column)) from ops.upload_finding where upload_id = %s",
        number,
    )
    assert twice[0][0] == twice[0][1] > 5


def test_a_blank_template_is_downloaded_and_recognised(page: Page, tmp_path: Path) -> None:
    log_in(page, "business")
    page.goto("/templates")
    with page.expect_download() as download:
        page.locator(".template", has_text="客户档案").locator("a.btn").click()
    blank = tmp_path / download.value.suggested_filename
    download.value.save_as(blank)
    assert blank.name == "客户档案.xlsx"
    upload(page, blank)
    expect(page.locator("#adds-up")).to_contain_text("0 = 0", timeout=CHECKED_MS)


def test_the_worker_ends_on_sigterm(portal: Portal) -> None:
    extra = portal.start_worker()
    deadline = time.monotonic() + 60
    while f"process {extra.pid} is ready" not in (portal.home / "process.log").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    extra.terminate()
    assert extra.wait(15) == 0
    portal.processes.remove(extra)


def test_a_protected_workbook_is_opened_with_its_password_which_is_not_kept(
    page: Page, portal: Portal, workbook: Path, tmp_path: Path
) -> None:
    locked = locking.agile(workbook, tmp_path / "物料清单_2026-12_加密.xlsx", "密码 Pa$$1")
    log_in(page, "business")
    upload(page, locked)
    expect(page.locator("#unreadable")).to_contain_text("设有打开密码", timeout=CHECKED_MS)
    own = page.url
    page.locator("#unlock input[type=password]").fill("wrong")
    page.locator("#unlock button").click()
    expect(page.locator("main")).to_contain_text("都打不开")
    page.goto(own)
    page.locator("#unlock input[type=password]").fill("密码 Pa$$1")
    page.locator("#unlock button").click()
    expect(page.locator("#adds-up")).to_contain_text("9 = 8 可入库 + 0 待修 + 1 无法读取 ✓", timeout=CHECKED_MS)
    kept = [file for file in portal.home.rglob("*") if file.is_file() and "postgres" not in str(file)]
    assert not [file for file in kept if "密码 Pa$$1".encode() in file.read_bytes()]
