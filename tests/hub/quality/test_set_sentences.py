"""How findings of rules over several rows read, with the facts that the store keeps with them."""

from __future__ import annotations

from typing import Any

import pytest

from hub.quality.sentences import sentence
from tests.hub.quality.small import rule


@pytest.mark.parametrize(
    ("kind", "value", "detail", "zh", "en"),
    [
        (
            "total",
            "60",
            {"problem": "over", "count": 2, "by": "W1", "total": "106", "limit": "100"},
            "‘60’所在的 W1 共 2 行，合计 106，超过了 100",
            "‘60’ is one of 2 rows of W1 that add up to 106, more than 100",
        ),
        (
            "balance",
            "90",
            {"problem": "over", "count": 2, "by": "L2", "total": "150", "limit": "100"},
            "L2 一共用掉了 150，而来源合计只有 100；这里是‘90’",
            "150 of L2 was used although there was only 100; ‘90’ of it here",
        ),
        (
            "roll_up",
            "60",
            {"problem": "apart", "rolled": "67", "percent": "10.4"},
            "‘60’和按 BOM 卷算的成本 67 相差 10.4%",
            "‘60’ differs by 10.4 % from 67, the cost rolled up over the bill of material",
        ),
        (
            "roll_up",
            "60",
            {"problem": "unknown", "keys": ["b"]},
            "‘60’没法和 BOM 核对：b 没有成本、用量，或单位换算不了",
            "‘60’ cannot be compared with the bill of material: b lacks a cost, a quantity or a unit that converts",
        ),
        (
            "no_loop",
            "b",
            {"count": 2, "keys": ["a", "b"]},
            "‘b’绕回到了自己，循环里有 2 种物料（a、b）",
            "‘b’ leads back to itself, 2 materials are in the loop (a, b)",
        ),
        (
            "freshness",
            "2026-03-05 08:00",
            {"problem": "old", "hours": "30", "limit": "26"},
            "最新的数据是 2026-03-05 08:00 的，已有 30 小时，约定不超过 26 小时",
            "the newest data are of 2026-03-05 08:00, 30 hours old; 26 hours were agreed",
        ),
        (
            "freshness",
            "-",
            {"problem": "never", "limit": "26"},
            "这份数据还没有一次完整读成，约定不超过 26 小时",
            "these data were never read to the end; at most 26 hours were agreed",
        ),
        (
            "row_count",
            "4",
            {"count": 4, "median": "10", "last": 3, "drop": "60"},
            "现在只有 4 行，比最近 3 次的中位数 10 少了 60%",
            "only 4 rows now, 60 % fewer than 10, the median of the last 3 times",
        ),
        (
            "schema_stable",
            "2",
            {"count": 2, "keys": ["t.code", "t.name"]},
            "来源有 2 处列的变化还没有人确认（t.code、t.name）",
            "2 changes of columns in the source wait for a decision (t.code, t.name)",
        ),
        ("total", "60", None, "‘60’所在的合计不对：标题", "the sum that ‘60’ belongs to is wrong: Title"),
    ],
)
def test_sentences_tell_what_the_rule_found(kind: str, value: str, detail: Any, zh: str, en: str) -> None:
    made = rule(kind, "qty")
    assert sentence(made, "列", value, detail, None, None, "zh") == zh
    assert sentence(made, "列", value, detail, None, None, "en") == en
