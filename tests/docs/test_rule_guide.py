"""Every example of the rule authors' guide: the loader reads it, the engine agrees with the verdicts and sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from schemas.model import Contract
from schemas.rule_kinds import KINDS
from tests.docs.rule_guide import (
    Example,
    Verdict,
    examples,
    guide_store,
    of_file,
    of_store,
    sections,
    with_examples,
)
from tests.servers import PostgresServer

EXAMPLES = examples()


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Contract]:
    return with_examples(tmp_path_factory.mktemp("schemas"))


@pytest.fixture(scope="module")
def store(postgres_server: PostgresServer, known: dict[str, Contract]) -> Iterator[psycopg.Connection[Any]]:
    with guide_store(postgres_server.url(postgres_server.create_database()), known) as opened:
        yield opened


def test_every_kind_has_a_section_that_names_its_arguments_and_an_example() -> None:
    assert list(sections()) == list(dict.fromkeys(sections()))
    assert set(sections()) == set(KINDS) == {example.kind for example in EXAMPLES}
    for kind, text in sections().items():
        for argument in (*KINDS[kind].required, *KINDS[kind].optional):
            assert f"`{argument}`" in text, f"{kind} does not explain {argument}"
        for word in (word for words in KINDS[kind].choices.values() for word in words):
            assert re.search(rf"\b{word}\b", text), f"{kind} does not name {word}"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_an_example_has_rows_that_fail_and_rows_that_pass(example: Example) -> None:
    verdicts = [line.fails for table in example.tables for line in table.lines]
    assert True in verdicts
    assert False in verdicts


@pytest.mark.parametrize(
    "example", [each for each in EXAMPLES if KINDS[each.kind].scope in ("row", "table")], ids=lambda each: each.name
)
def test_rows_of_a_file(example: Example, known: dict[str, Contract]) -> None:
    _compare(example, of_file(example, known[example.entity]))


@pytest.mark.parametrize(
    "example", [each for each in EXAMPLES if KINDS[each.kind].scope in ("set", "dataset")], ids=lambda each: each.name
)
def test_rows_of_the_store(example: Example, known: dict[str, Contract], store: psycopg.Connection[Any]) -> None:
    _compare(example, of_store(example, known, store))


def _compare(example: Example, verdicts: list[Verdict]) -> None:
    lines = [line for table in example.tables for line in table.lines if line.fails is not None]
    assert [fails for fails, _ in verdicts] == [line.fails for line in lines]
    for line, (_, said) in zip(lines, verdicts, strict=True):
        told = "<br>".join(said[language] for language in ("zh", "en")) if said else ""
        printed = ".*".join(map(re.escape, line.reads.split("…")))
        assert re.fullmatch(printed, told), f"{line.reads}\n{told}"
