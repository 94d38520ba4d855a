"""Shows a score as a table for people or as JSON for programs. No counting here."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence

from examples.demo_factory import truth
from examples.demo_factory.goals import GOALS, missed, total
from examples.demo_factory.score import Line, Score
from hub.cleansing.wording import change_titles, suggestion_titles

_ADDED = ("repair", "suggestion")  # classes whose lines add up
_WORDS = {
    "error": ("findings", "planted errors that a rule must find"),
    "fixable": ("fixes", "spellings that cleansing must bring to the true value"),
    "suggest": ("suggested", "errors whose true value must be proposed to people"),
    "match": ("links", "pairs of records of one true thing that matching must link"),
    "reject": ("rejects", "lines that are no data"),
    "repair": ("right", "what is changed without asking, by the rule that changes it"),
    "suggestion": ("right", "what people are asked to accept, by the reason it is suggested for"),
}


def as_json(score: Score) -> str:
    """{"world", "kinds": [...], "matching": [...], "others": {rule: findings}, "missed": [...]}; ratios may be null."""

    def plain(line: Line) -> dict[str, object]:
        return {
            "name": line.name,
            "class": line.group,
            "planted": line.planted,
            "found": line.found,
            "wrong": line.wrong,
            "exact": line.exact,
            "precision": line.precision,
            "recall": line.recall,
        }

    body = {
        "world": score.world,
        "kinds": [plain(line) for line in score.kinds],
        "matching": [plain(line) for line in score.domains],
        "others": score.others,
        "missed": missed(score),
    }
    return json.dumps(body, ensure_ascii=False, indent=1)


def as_table(score: Score) -> str:
    """A Markdown table per class of error, then one for matching; the last line says whether the goals hold."""
    parts = [score.world] if score.world else []
    for group, (found, title) in _WORDS.items():
        lines = [line for line in score.kinds if line.group == group]
        if lines:
            shown = [*lines, total(score, group)] if group in _ADDED else lines
            parts.append(f"{group}: {title}\n\n{_table(shown, found, group in ('fixable', 'suggest'))}")
    parts.append(f"kinds that no rule can decide: no goal is set for them\n\n{_undecidable()}")
    if score.domains:
        parts.append(f"matching: pairs of records per domain\n\n{_table(score.domains, 'links', False)}")
    if score.others:
        others = "\n".join(f"- {rule}: {count}" for rule, count in score.others.items())
        parts.append(f"findings of rules that no planted kind belongs to, on rows without planted errors\n\n{others}")
    return "\n\n".join([*parts, _verdict(missed(score))])


def _undecidable() -> str:
    return "\n".join(
        f"- {name}: {facts['undecidable']['en']}" for name, facts in truth.kinds().items() if "undecidable" in facts
    )


def _verdict(told: Sequence[str]) -> str:
    if not told:
        return f"The goals hold ({GOALS})."
    return "\n".join([*(f"- {one}" for one in told), "", f"The goals do not hold ({GOALS})."])


def _table(lines: Sequence[Line], found: str, with_exact: bool) -> str:
    head = ["kind", "", "planted", found, *(["true value"] if with_exact else []), "wrong", "precision", "recall"]
    rows = [head, ["-" * 3] * len(head)]
    for line in lines:
        title = _title(line)
        exact = [str(line.exact)] if with_exact else []
        planted = "" if line.name == "all" or line.group == "repair" else str(line.planted)
        rows.append([line.name, title, planted, str(line.found), *exact, str(line.wrong),
                     _ratio(line.precision), _ratio(line.recall)])  # fmt: skip
    widths = [max(_width(row[i]) for row in rows) for i in range(len(head))]
    return "\n".join(
        "| " + " | ".join(text + " " * (w - _width(text)) for text, w in zip(row, widths, strict=True)) + " |"
        for row in rows
    )


def _title(line: Line) -> str:
    if line.name == "all":
        return ""
    if line.group == "repair":
        return change_titles()[line.name]["en"]
    if line.group == "suggestion":
        return suggestion_titles()[line.name]["en"]
    return truth.kinds()[line.name]["en"] if line.group != "domain" else ""


def _ratio(value: float | None) -> str:
    """Rounded down, so that 1.000 means all."""
    return "-" if value is None else f"{int(value * 1000) / 1000:.3f}"


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
