"""What changed in the rules of a contract.

Belongs here: added, removed, stricter, looser, severity, threshold. Does not belong here: columns (`columns.py`).
A rule is the same rule while its id is.
"""

from __future__ import annotations

from collections.abc import Iterator

from hub.contracts.diff.change import Change, said, shown
from hub.contracts.diff.strictness import tendency
from hub.contracts.diff.whom import Concerned
from hub.contracts.words import word
from schemas.model import Contract, Rule, Text, Threshold


def rule_changes(old: Contract, new: Contract, concerned: Concerned) -> Iterator[Change]:
    """All changes of rules. Whom: the departments whose rows the rule looks at."""
    before = {rule.id: rule for rule in old.rules}
    after = {rule.id: rule for rule in new.rules}
    for rule_id, rule in before.items():
        if rule_id in after:
            yield from _changed(rule, after[rule_id], concerned)
        else:
            whom = concerned.departments(rule.column)
            yield Change("rule_removed", rule_id, "harmless", said("rule_removed", rule=rule.title), whom)
    for rule_id, rule in after.items():
        if rule_id not in before:
            told = said("rule_added", rule=rule.title, severity=_severity(rule))
            yield _judged("rule_added", rule, told, concerned)


def _changed(old: Rule, new: Rule, concerned: Concerned) -> Iterator[Change]:
    if old.severity != new.severity:
        told = said("rule_severity", rule=new.title, old=_severity(old), new=_severity(new))
        yield _judged("rule_severity", new, told, concerned)
    found = tendency(old, new)
    if found is not None:
        way, what = found
        told = said(f"rule_{way}", rule=new.title, what="; ".join(what))
        if way == "looser":
            yield Change("rule_looser", new.id, "harmless", told, concerned.departments(new.column))
        else:
            yield _judged(f"rule_{way}", new, told, concerned)
    if old.threshold != new.threshold:
        told = said("rule_threshold", rule=new.title, old=_tolerated(old.threshold), new=_tolerated(new.threshold))
        yield Change("rule_threshold", new.id, "harmless", told, concerned.departments(new.column))
    if (old.title, old.why, old.fix, old.dimension) != (new.title, new.why, new.fix, new.dimension):
        yield Change("rule_words", new.id, "harmless", said("rule_words", rule=new.title))


def _judged(kind: str, rule: Rule, told: Text, concerned: Concerned) -> Change:
    """A rule that asks for more may hold rows back, if it holds any."""
    whom = concerned.departments(rule.column)
    return (
        Change(kind, rule.id, "holds", told, whom, rule) if rule.hold else Change(kind, rule.id, "harmless", told, whom)
    )


def _severity(rule: Rule) -> Text:
    return Text(word("zh", f"dictionary.{rule.severity}"), word("en", f"dictionary.{rule.severity}"))


def _tolerated(threshold: Threshold | None) -> object:
    if threshold is None:
        return shown(None)
    key = f"dictionary.threshold_{threshold.unit}"
    return Text(word("zh", key, at_most=threshold.at_most), word("en", key, at_most=threshold.at_most))
