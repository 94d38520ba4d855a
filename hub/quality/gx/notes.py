"""What stands below a rule on a page of Data Docs: who keeps it, what it costs, what to do.

Belongs here: HTML of one rule, from the contract, in both languages. Not here: the page (`docs.py`, `offline.py`).
"""

from __future__ import annotations

from functools import cache
from html import escape
from pathlib import Path

import yaml

from hub.quality.gx.results import DatasetResult
from hub.quality.gx.suites import CodeLists
from schemas.model import Rule


@cache
def _words() -> dict[str, dict[str, str]]:
    """{"dimension" or "severity": {name: both languages}}."""
    return yaml.safe_load(Path(__file__).with_name("static").joinpath("words.yaml").read_text(encoding="utf-8"))


def rule_notes(result: DatasetResult, codes: CodeLists) -> dict[str, str]:
    """{rule: HTML} for every rule of the result's contract."""
    listed = codes["department"].codes if "department" in codes else ()
    titles = {entry.code: f"{entry.title.zh} / {entry.title.en}" for entry in listed}
    owner = titles.get(result.keeper, result.keeper)
    return {rule.id: _notes(rule, owner) for rule in result.contract.rules}


def _notes(rule: Rule, owner: str) -> str:
    facts = (
        ("负责 / Owner", owner),
        ("维度 / Dimension", _words()["dimension"][rule.dimension]),
        ("严重程度 / Severity", _words()["severity"][rule.severity]),
        ("规则 / Rule", rule.id),
    )
    listed = "".join(f"<span><b>{name}:</b> {escape(told)}</span>" for name, told in facts)
    return (
        f'<div class="rule-facts">{listed}</div><div class="rule-notes">'
        f'<p lang="zh"><b>为什么：</b>{escape(rule.why.zh)} <b>怎么改：</b>{escape(rule.fix.zh)}</p>'
        f'<p lang="en"><b>Why:</b> {escape(rule.why.en)} <b>What to do:</b> {escape(rule.fix.en)}</p></div>'
    )
