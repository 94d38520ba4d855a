"""The dashboard in a real browser: what is unknown, the formula with its numbers, past days, changes of rules."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta

import pytest
from playwright.sync_api import Page, expect

from hub.marts.scores import TODAY
from tests.portal.web.conftest import Portal, log_in

pytestmark = pytest.mark.browser


def _today(portal: Portal) -> date:
    day: date = portal.sql(f"select {TODAY}")[0][0]
    return day


def test_a_source_that_was_not_read_is_unknown_in_glyph_word_and_colour(page: Page) -> None:
    log_in(page, "coach")
    page.goto("/quality?group=source")
    line = page.locator("#groups tr", has_text="MES").locator("b.unknown")
    expect(line).to_have_text("? 未知")
    expect(line).to_have_attribute("title", re.compile("来源没有读成"))
    cells = page.locator("#heat tr", has_text="MES").locator("td.unknown")
    expect(cells.first).to_have_text("? 未知")
    assert page.locator("#heat tr", has_text="MES").locator("td.ok, td.warn, td.bad").count() == 0
    expect(page.locator("#missing")).to_contain_text("来源没有读成")
    page.goto("/quality?source=mes")
    expect(page.locator("#score")).to_have_text("? 未知")


def test_the_formula_is_shown_with_its_numbers(page: Page, portal: Portal) -> None:
    log_in(page, "coach")
    page.goto("/quality?source=k3")
    page.locator("#score").hover()
    tip = page.locator("#formula")
    expect(tip).to_be_visible()
    [(checked, failed)] = portal.sql(
        f"select sum(weight * rows_checked)::bigint, sum(weight * rows_failed)::bigint from mart.quality_score"
        f" where day = {TODAY} and system = 'k3'"
    )
    expect(tip).to_contain_text(f"100 ×（1 − {failed:,} ÷ {checked:,}）= {100 * (1 - failed / checked):.1f}")


def test_a_change_of_a_rule_is_marked_on_the_trend(page: Page) -> None:
    log_in(page, "coach")
    page.goto("/quality?weeks=12")
    expect(page.locator("#rule-changes li")).to_contain_text("严重程度: 注意 → 严重; 参数: max 5 → 9")
    assert json.loads(page.locator("#trend").get_attribute("data-marks") or "") == [[8, 1]]
    page.goto("/quality?entity=customer")
    expect(page.locator("#rule-changes")).to_have_count(0)


def test_a_past_day_is_shown_as_it_was_said_then(page: Page, portal: Portal) -> None:
    log_in(page, "coach")
    week_ago = _today(portal) - timedelta(weeks=1)
    page.goto(f"/quality?day={week_ago}")
    expect(page.locator("#past")).to_contain_text(f"这是 {week_ago} 当天的得分")
    then = page.locator("#score").text_content()
    page.goto(f"/quality?day={week_ago + timedelta(days=2)}")
    expect(page.locator("#past")).to_contain_text(f"用的是之前最近一次（{week_ago}）")
    assert page.locator("#score").text_content() == then
    page.goto("/quality?day=tomorrow-ish")
    expect(page.locator("#past")).to_have_count(0)


def test_who_fixed_what_adds_up(page: Page) -> None:
    log_in(page, "coach")
    page.goto("/quality")
    expect(page.locator("#fixed")).to_have_text("3")
    expect(page.locator("#fixed-by")).to_have_text("来源改好 2 · 数据教练改好 1")


@pytest.mark.parametrize("group", ["department", "entity", "source", "dimension", "column", "rule"])
def test_every_grouping_is_a_table(page: Page, group: str) -> None:
    log_in(page, "coach")
    page.goto(f"/quality?group={group}")
    assert page.locator("#groups tbody tr").count() > 2
    expect(page.locator("#groups tbody tr").first).to_contain_text(re.compile(r"\d\d\.\d"))
