"""Every command explains itself in both languages, and trouble ends with a sentence and its exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.settings import PROJECT
from portal.cli import exits
from portal.cli.main import app
from portal.cli.wording import catalogue, chosen_language, text
from schemas.problems import Problem

COMMANDS = ("demo", "init", "up", "down", "check", "sync", "status", "correct")


def waterworks(home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The real command in a process of its own, with nothing of ours in the environment."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("WATERWORKS_")}
    return subprocess.run(
        [sys.executable, "-m", "portal.cli.main", *arguments],
        cwd=PROJECT,
        env={**clean, "WATERWORKS_HOME": str(home), "LANG": "en_US.UTF-8", "LC_ALL": "en_US.UTF-8", **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_help_says_what_it_does_and_what_the_exit_codes_mean(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0
    shown = " ".join(result.output.split())
    language = chosen_language([])
    assert text(language, f"help.{command}").split(". ")[0].split("，")[0][:40] in shown
    assert "130" in shown


def test_help_follows_the_language(tmp_path: Path) -> None:
    assert "Build the demo factory" in waterworks(tmp_path, "--help").stdout
    assert "演示工厂" in waterworks(tmp_path, "--help", LC_ALL="zh_CN.UTF-8").stdout
    assert "演示工厂" in waterworks(tmp_path, "demo", "--lang", "zh", "--help").stdout


def test_both_languages_have_the_same_sentences_with_the_same_parameters() -> None:
    import string

    def parameters(sentence: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}

    zh, en = catalogue("zh"), catalogue("en")
    assert zh.keys() == en.keys()
    assert [key for key in zh if parameters(zh[key]) != parameters(en[key])] == []
    for command in COMMANDS:
        assert f"help.{command}" in en


def test_the_command_line_starts_without_heavy_libraries() -> None:
    program = (
        "import sys, portal.cli.main;"
        "print([n for n in ('dagster', 'pandas', 'pyarrow', 'sqlalchemy', 'fastapi', 'psycopg') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["sync", "--source", "sap"], exits.CONFIG, "No source is called 'sap'"),
        (["check", "sap"], exits.CONFIG, "No source is called 'sap'"),
        (["sync"], exits.STORE, "waterworks init"),
        (["up"], exits.STORE, "waterworks init"),
        (["status"], exits.STORE, "waterworks init"),
        (["init", "--store-url", "mysql://root@localhost/x"], exits.CONFIG, "postgresql://"),
        (["init", "--store-url", "postgresql://u:secret@127.0.0.1:1/x"], exits.STORE, "127.0.0.1:1"),
        (["sync", "--nonsense"], exits.CONFIG, "--nonsense"),
    ],
)
def test_trouble_is_one_sentence_and_a_code(tmp_path: Path, arguments: list[str], code: int, words: str) -> None:
    done = waterworks(tmp_path / "home", *arguments)
    assert done.returncode == code, done.stdout + done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert "secret" not in done.stdout + done.stderr


def test_a_source_that_cannot_be_reached_is_exit_code_1(tmp_path: Path) -> None:
    done = waterworks(tmp_path, "check", "k3", WATERWORKS_K3_URL=f"sqlite:///{tmp_path / 'none.db'}")
    assert done.returncode == exits.PARTLY, done.stderr
    assert done.stdout.startswith("✗ ")


def test_an_unset_variable_is_named(tmp_path: Path) -> None:
    done = waterworks(tmp_path, "check", "k3")
    assert done.returncode == exits.PARTLY
    assert "WATERWORKS_K3_URL" in done.stdout


def test_a_home_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    done = waterworks(tmp_path / "file" / "home", "init")
    assert done.returncode == exits.MACHINE, done.stderr
    assert "WATERWORKS_HOME" in done.stderr


def test_the_unexpected_goes_to_a_log_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import typer

    monkeypatch.setenv("WATERWORKS_HOME", str(tmp_path))
    with pytest.raises(typer.Exit) as ended, exits.told("en"):
        raise RuntimeError("the details")
    assert ended.value.exit_code == exits.UNEXPECTED
    assert "RuntimeError: the details" in (tmp_path / "logs" / "cli.log").read_text()


def test_codes_by_kind_of_problem() -> None:
    assert exits.code_for(Problem("store_not_initialised", home="/x")) == exits.STORE
    assert exits.code_for(Problem("yaml_missing", file="f", reason="r")) == exits.CONFIG
    assert exits.code_for(Problem("folder_unwritable", folder="f", reason="r")) == exits.MACHINE


def test_down_with_nothing_running(tmp_path: Path) -> None:
    done = waterworks(tmp_path, "down")
    assert (done.returncode, done.stdout.strip()) == (0, "Nothing was running.")
