"""What the documents name exists: links, make targets, commands, headings in both languages."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from docs.fill import filled
from hub.settings import PROJECT
from portal.cli.main import app

READMES = ("README.md", "README.zh.md")
DOCUMENTS = [
    *(PROJECT / name for name in (*READMES, "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted((PROJECT / "docs").rglob("*.md")),
]
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def _read(name: str) -> str:
    return (PROJECT / name).read_text(encoding="utf-8")


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_every_relative_link_leads_somewhere(path: Path) -> None:
    for target in _LINK.findall(_FENCE.sub("", path.read_text(encoding="utf-8"))):
        if target.startswith(("https://", "http://")):
            continue
        name, _, anchor = target.partition("#")
        aim = (path.parent / name).resolve() if name else path
        assert aim.exists(), f"{path.name}: {target}"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", aim.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {_anchor(heading) for heading in headings}, f"{path.name}: {target}"


@pytest.mark.parametrize("name", [*READMES, "CONTRIBUTING.md"])
def test_every_make_target_exists(name: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", _read("Makefile"), re.MULTILINE))
    for block in re.findall(r"`[^`]+`|^make .*$", _read(name), re.MULTILINE):
        for target in re.findall(r"\bmake ([a-z-]+)", block):
            assert target in targets, f"{name}: make {target}"


def _commands() -> set[str]:
    return {entry.name or "" for entry in (*app.registered_commands, *app.registered_groups)}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_every_waterworks_command_exists(path: Path) -> None:
    found = re.findall(r"(?:^|`)waterworks ([a-z]+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(found) <= _commands()


def test_the_readmes_name_every_command() -> None:
    for name in READMES:
        for command in _commands() - {"demo", "status"}:
            assert f"waterworks {command}" in _read(name), f"{name} does not mention waterworks {command}"


@pytest.mark.parametrize("module", ["portal.cli.main", "benchmarks", "examples.demo_factory"])
def test_help_runs(module: str) -> None:
    done = subprocess.run([sys.executable, "-m", module, "--help"], cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "usage" in done.stdout.lower()


def test_both_readmes_have_the_same_parts() -> None:
    def levels(name: str) -> list[int]:
        return [len(marks) for marks in re.findall(r"^(#+) ", _FENCE.sub("", _read(name)), re.MULTILINE)]

    def links(name: str) -> list[str]:
        return [target.replace(".zh.", ".") for target in _LINK.findall(_read(name)) if target not in READMES]

    assert levels("README.md") == levels("README.zh.md")
    assert links("README.md") == links("README.zh.md")


def test_the_glossary_explains_every_word_of_the_accounting_rule_in_both_languages() -> None:
    glossary = _read("docs/glossary.md")
    for english, chinese in [("loaded", "入库"), ("held", "待修"), ("rejected", "无法读取"), ("unchanged", "未变")]:
        assert f"| {english} | {chinese} |" in glossary


def test_every_decision_is_listed() -> None:
    folder = PROJECT / "docs" / "decisions"
    numbered = sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert re.findall(r"\]\((\d{4}-[a-z-]+\.md)\)", (folder / "README.md").read_text(encoding="utf-8")) == numbered


@pytest.mark.parametrize("name", READMES)
@pytest.mark.parametrize("marker", ["score", "bench"])
def test_generated_figures_have_their_place(name: str, marker: str) -> None:
    document = filled(_read(name), marker, "| a |\n|---|")
    assert f"<!-- {marker} -->\n\n| a |\n|---|\n\n<!-- /{marker} -->" in document
    assert filled(document, marker, "| a |\n|---|") == document
