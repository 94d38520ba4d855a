"""Whether the score is as good as it has to be.

Belongs here: the goals, and which lines of a score they are about. Not here: counting (`score.py`), tables
(`score_report.py`). Matching has no goal here: two records of one company are judged by evidence, not by a rule.
"""

from __future__ import annotations

from examples.demo_factory import truth
from examples.demo_factory.score import Line, Score

KINDS = 0.98  # precision and recall of each kind that a rule can decide
REPAIRS = 1.0  # precision of what is changed without asking
SUGGESTIONS = 0.9  # precision of what people are asked to accept, over all and for each reason
_OF_RULES = ("error", "fixable", "suggest", "reject")
GOALS = (
    f"kinds that a rule can decide: precision and recall >= {KINDS:g} each; repairs without asking: precision"
    f" {REPAIRS:g}; suggestions: precision >= {SUGGESTIONS:g} over all and for each reason"
)


def missed(score: Score) -> list[str]:
    """One sentence for every goal that is not reached; none if all are.

    A reason that suggested nothing is no miss; a kind that nothing of was found is one.
    """
    told = []
    for line in score.kinds:
        if line.group in _OF_RULES and "undecidable" not in truth.kinds()[line.name] and line.planted:
            told += _below(line, "precision", line.precision, KINDS) + _below(line, "recall", line.recall, KINDS)
        elif line.group == "repair":
            told += _below(line, "precision", line.precision, REPAIRS)
        elif line.group == "suggestion":
            told += _below(line, "precision", line.precision, SUGGESTIONS)
    told += _below(total(score, "suggestion"), "precision", total(score, "suggestion").precision, SUGGESTIONS)
    return told


def total(score: Score, group: str) -> Line:
    """All lines of a class as one: what was right and wrong adds up; what was planted is counted for several."""
    lines = [line for line in score.kinds if line.group == group]
    return Line("all", group, 0, sum(line.found for line in lines), sum(line.wrong for line in lines))


def _below(line: Line, what: str, value: float | None, goal: float) -> list[str]:
    if value is None:
        return [f"{line.group} {line.name}: nothing was found"] if line.planted and line.group in _OF_RULES else []
    return [] if value >= goal else [f"{line.group} {line.name}: {what} {_down(value)} is below {goal:g}"]


def _down(value: float) -> str:
    """Rounded down, so that a miss never looks like the goal."""
    return f"{int(value * 10000) / 10000:.4f}"
