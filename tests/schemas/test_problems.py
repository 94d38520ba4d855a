"""Every problem the code can raise, one table: its sentence exists, can be filled in, and is raised somewhere.

Belongs here: code and catalogue compared with each other. Not here: provoking a problem (the tests of its room).
"""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path

import pytest

from schemas.problems import Problem, catalogue

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("schemas", "connectors", "hub", "pipelines", "portal", "examples")
SOURCES = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")) if "vendor" not in path.parts]
CJK = re.compile(r"[一-鿿]")
CODE = re.compile(r"^[a-z]+(_[a-z0-9]+)+$")


def _raised() -> list[tuple[str, str, set[str] | None]]:
    """[(place, code, keyword names or None if some are only known at run time)] of every Problem("code", ...)."""
    found = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Problem"):
                continue
            if not (node.args and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str)):
                continue
            names = {keyword.arg for keyword in node.keywords if keyword.arg}
            known = None if any(keyword.arg is None for keyword in node.keywords) else names
            found.append((f"{path.relative_to(ROOT)}:{node.lineno}", node.args[0].value, known))
    return found


def _strings() -> set[str]:
    """Every text in the code that could be the name of a problem."""
    return {
        node.value
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.match(node.value)
    }


def _parameters(template: str) -> set[str]:
    return {name.partition(".")[0].partition("[")[0] for _, name, _, _ in string.Formatter().parse(template) if name}


@pytest.mark.parametrize("code", sorted(catalogue()))
def test_a_sentence_is_whole_in_both_languages(code: str) -> None:
    entry = catalogue()[code]
    parameters = {name: f"<{name}>" for name in _parameters(entry["zh"]) | _parameters(entry["en"])}
    problem = Problem(code, **parameters)
    zh, en = problem.text("zh"), problem.text("en")
    for name in parameters:
        assert f"<{name}>" in zh, f"{name} is missing in zh"
        assert f"<{name}>" in en, f"{name} is missing in en"
    assert CJK.search(zh)
    assert not CJK.search(re.sub(r"'[^']*'", "", en)), (
        "Chinese stands in English sentences only as an example in quotes"
    )
    assert zh.rstrip("”）)\"'")[-1] in "。！？", "a sentence ends"
    assert en.rstrip(")\"'”")[-1] in ".!?", "a sentence ends"
    assert "异常" not in zh
    assert "非法" not in zh


@pytest.mark.parametrize(
    ("place", "code", "given"), _raised(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_what_is_raised_can_be_told(place: str, code: str, given: set[str] | None) -> None:
    assert code in catalogue(), f"{place}: {code} has no sentence in schemas/problems.yaml"
    if given is not None:
        missing = _parameters(catalogue()[code]["zh"]) - given
        assert not missing, f"{place}: {code} needs {missing}"


def test_no_sentence_is_left_over() -> None:
    known = _strings()
    assert sorted(code for code in catalogue() if code not in known) == []
