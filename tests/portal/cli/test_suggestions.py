"""Deciding from the command line: listed with reason and confidence, accepted, switched off, corrected."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from portal.cli import exits
from portal.cli.main import app
from tests.hub.suggestions.conftest import MEANT, MOJIBAKE, Desk, desk, factory

__all__ = ["desk", "factory"]

pytestmark = pytest.mark.servers


def run(*arguments: str, code: int = exits.OK) -> str:
    result = CliRunner().invoke(app, [*arguments, "--lang", "en"])
    assert result.exit_code == code, result.output
    return result.output


def test_from_the_list_to_the_stored_rows_and_back(desk: Desk) -> None:
    number = str(desk.suggestion("text.mojibake"))
    listed = next(line for line in run("suggestions", "list").splitlines() if line.split()[0] == number)
    for told in ("k3.customer", "customer_name", MOJIBAKE, MEANT, "97%", "wrong"):
        assert told in listed
    assert "concerns 2 rows of k3.customer" in run("suggestions", "accept", number)
    desk.sync()
    assert desk.name("5")[0] == MEANT
    ((remembered,),) = desk.rows("select id from quality.remembered_value")
    assert MEANT in run("suggestions", "remembered")
    run("suggestions", "off", str(remembered))
    desk.sync()
    assert desk.name("5")[0] == MOJIBAKE
    assert "counts as" in run("suggestions", "on", str(remembered))


def test_a_value_is_corrected_with_a_reason_and_taken_back(desk: Desk) -> None:
    run("correct", "k3.customer", "6", "customer_name", "上海机床厂", "--reason", "by the licence")
    shown = run("suggestions", "corrections")
    assert "上海机床厂" in shown
    assert "by the licence" in shown
    ((number,),) = desk.rows("select id from quality.correction")
    assert "says again what the source says" in run("suggestions", "take-back", str(number))


def test_what_cannot_be_decided_is_told_in_a_sentence(desk: Desk) -> None:
    run("suggestions", "accept", "999999", code=exits.CONFIG)
    run("correct", "k3.customer", "no row", "customer_name", "x", "--reason", "y", code=exits.CONFIG)
    assert "dismiss" in run("suggestions", "--help").lower()
    assert "no longer" not in run("suggestions", "dismiss", str(desk.suggestion("text.mojibake")))
