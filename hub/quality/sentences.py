"""A finding as one sentence a person understands: "D1208：‘公 斤’不是标准单位，建议 KG".

Belongs here: choosing and filling the wording. The wording itself is data (`sentences.yaml`). Not
here: titles, reasons and remedies of rules (contracts), problems of systems (schemas/problems).
"""

from __future__ import annotations

from collections.abc import Mapping as MappingABC
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

import yaml

from hub.cleansing.wording import change_titles, reason_titles
from schemas.model import Rule
from schemas.problems import Language

_DATA = Path(__file__).with_name("sentences.yaml")
_ALWAYS = ("value", "column", "title", "where")  # facts that every finding has
_QUOTED = "‘{value}’"
_LONGEST = 60  # characters of a value that a sentence shows
_COLON = {"zh": "：", "en": ": "}
_COMMA = {"zh": "、", "en": ", "}
_ROW = {"zh": "第 {} 行", "en": "row {}"}

Detail = MappingABC[str, Any]


@cache
def wordings() -> dict[str, dict[str, str]]:
    """{kind or kind.variant: {"zh": template, "en": template}}."""
    return yaml.safe_load(_DATA.read_text(encoding="utf-8"))


def sentence(
    rule: Rule,
    column_title: str,
    value: str | None,
    detail: Detail | None,
    cell_or_key: str | None,
    suggestion: str | None,
    language: Language,
) -> str:
    """What is wrong with one value, where, and what it should perhaps be.

    value: raw text of the source, None if blank. detail: as stored with the finding. cell_or_key:
    "D12" or the source key, left out if None. suggestion: left out if None; falls back to the
    detail's own.
    """
    facts = dict(detail or {})
    hint = suggestion or facts.get("suggestion")
    if facts.get("reason") in reason_titles():
        facts["because"] = reason_titles()[facts["reason"]][language]
    name = _variant(rule, value, facts)
    facts |= {key: told[language] for key, told in facts.items() if isinstance(told, dict) and language in told}
    facts |= {"value": _short(value), "column": column_title, "title": rule.title[language]}
    facts["where"] = _where(facts, language)
    wording = wordings()[name][language]
    if "read" in facts:  # beside the text of the source, what was compared in its place
        wording = wording.replace(_QUOTED, _QUOTED + wordings()["read"][language], 1)
    told = wording.format_map(facts)
    if hint and hint != value:
        told += wordings()["suggestion"][language].format(suggestion=hint)
    return f"{cell_or_key}{_COLON[language]}{told}" if cell_or_key else told


def change_sentence(change: str, raw: str, standard: str | None, cell_or_key: str | None, language: Language) -> str:
    """What cleansing did to one value: "D12：‘公 斤’已按 KG 处理（按单位表取标准单位）"."""
    name = "change" if standard is not None else "change.blank"
    facts = {"value": _short(raw), "standard": standard, "title": change_titles()[change][language]}
    told = wordings()[name][language].format_map(facts)
    return f"{cell_or_key}{_COLON[language]}{told}" if cell_or_key else told


def _variant(rule: Rule, value: str | None, facts: Detail) -> str:
    """The most special wording whose facts are all there; findings stored by an older version may lack some."""
    blank = value is None or not value.strip()
    kind = rule.kind
    if kind == "required":
        return kind if blank else "required.placeholder"
    candidates = [f"{kind}.{facts.get(special)}" for special in ("problem", "reason")]
    if kind == "range":
        limits = "both" if {"min", "max"} <= set(facts) else "min" if "min" in facts else "max"
        exclusive = ".exclusive" if facts.get("exclusive") and limits != "both" else ""
        candidates = [f"range.{limits}{exclusive}.date"] * bool(facts.get("dates")) + [f"range.{limits}{exclusive}"]
    elif kind == "pattern" and "example" in facts:
        candidates = ["pattern.example"]
    elif blank:
        return "blank"
    return next((name for name in [*candidates, f"{kind}.because", kind] if _complete(name, facts)), "expression")


def _complete(name: str, facts: Detail) -> bool:
    """Whether there is such a wording and all it names is known."""
    if name not in wordings():
        return False
    named = {field for _, field, _, _ in Formatter().parse(wordings()[name]["zh"]) if field}
    return named <= {*facts, *_ALWAYS}


def _where(facts: Detail, language: Language) -> str:
    """The other rows, keys or systems that a finding is about."""
    rows = [row for row in facts.get("rows", ()) if row is not None]
    if rows:
        return _COMMA[language].join(_ROW[language].format(row) for row in rows)
    agree = facts.get("agree") or ()
    if agree:
        said = {"zh": "‘{value}’（{count} 行）", "en": "‘{value}’ ({count} {rows})"}[language]
        return _COMMA[language].join(
            said.format(**group, rows="row" if group["count"] == 1 else "rows") for group in agree
        )
    others = facts.get("others") or ()
    if others:
        said = {"zh": "{dataset} 是‘{value}’", "en": "‘{value}’ in {dataset}"}[language]
        return _COMMA[language].join(said.format(**other) for other in others)
    return _COMMA[language].join(str(key) for key in facts.get("keys", ()))


def _short(value: str | None) -> str:
    text = (value or "").strip()
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
