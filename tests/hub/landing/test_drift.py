"""Schema drift: what counts as which change, and when a load stops."""

from __future__ import annotations

import pytest

from connectors.base import SchemaPolicy, SourceField, SourceSchema
from hub.landing.drift import accept, compare, watch
from hub.store.engine import connect
from hub.store.migrate import upgrade
from schemas.problems import Problem

BEFORE = {"FItemID": "INTEGER", "FName": "VARCHAR(80)", "FModel": "VARCHAR(40)", "FPrice": "NUMERIC(20, 4)"}


def schema(
    columns: dict[str, str], wanted: set[str] | None = None, policy: SchemaPolicy = "pause", unused: str = ""
) -> SourceSchema:
    fields = {f"t.{name}": SourceField(kind, True, name not in unused.split()) for name, kind in columns.items()}
    return SourceSchema(fields, None if wanted is None else frozenset(f"t.{name}" for name in wanted), policy)


def changed(now: dict[str, str], **more: object) -> list[tuple[str, str, str | None, str | None]]:
    before = schema(BEFORE).fields
    return [(c.kind, c.column, c.before, c.after) for c in compare(before, schema(now, **more))]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (BEFORE, []),
        ({**BEFORE, "FNote": "TEXT"}, [("added", "t.FNote", None, "TEXT")]),
        ({k: v for k, v in BEFORE.items() if k != "FPrice"}, [("dropped", "t.FPrice", "NUMERIC(20, 4)", None)]),
        ({**BEFORE, "FName": "VARCHAR(200)"}, [("widened", "t.FName", "VARCHAR(80)", "VARCHAR(200)")]),
        ({**BEFORE, "FName": "VARCHAR(20)"}, [("narrowed", "t.FName", "VARCHAR(80)", "VARCHAR(20)")]),
        ({**BEFORE, "FName": "TEXT"}, [("retyped", "t.FName", "VARCHAR(80)", "TEXT")]),
        # One digit more after the point takes one from before it.
        (
            {**BEFORE, "FPrice": "NUMERIC(20, 5)"},
            [("narrowed", "t.FPrice", "NUMERIC(20, 4)", "NUMERIC(20, 5)")],
        ),
        ({**BEFORE, "FPrice": "NUMERIC(23, 6)"}, [("widened", "t.FPrice", "NUMERIC(20, 4)", "NUMERIC(23, 6)")]),
        (
            {**BEFORE, "FName": 'VARCHAR(80) COLLATE "x"'},
            [("retyped", "t.FName", "VARCHAR(80)", 'VARCHAR(80) COLLATE "x"')],
        ),
    ],
)
def test_every_kind_of_change_is_named(now: dict[str, str], expected: list[tuple[str, ...]]) -> None:
    assert changed(now) == expected


def test_a_column_that_only_changed_its_name_is_recognised() -> None:
    by_name = {("FModelNo" if k == "FModel" else k): v for k, v in BEFORE.items()}
    by_place = {("规格型号" if k == "FModel" else k): v for k, v in BEFORE.items()}
    assert changed(by_name) == [("renamed", "t.FModel", "t.FModel", "t.FModelNo")]
    assert changed(by_place) == [("renamed", "t.FModel", "t.FModel", "t.规格型号")]


def test_a_new_column_of_another_type_or_place_is_no_rename() -> None:
    now = {k: v for k, v in BEFORE.items() if k != "FModel"} | {"FZone": "VARCHAR(40)"}
    assert [kind for kind, *_ in changed(now)] == ["dropped", "added"]


@pytest.fixture
def store(postgres_url, monkeypatch):
    monkeypatch.setenv("WATERWORKS_STORE_URL", postgres_url)
    upgrade()
    with connect() as connection:
        watch(connection, "k3.thing", schema(BEFORE), 1)
        connection.commit()
        yield connection


def statuses(store) -> list[tuple[str, str, str]]:
    return store.execute("select kind, column_name, status from ops.schema_change order by id").fetchall()


NARROWER = {**BEFORE, "FName": "VARCHAR(20)"}


def test_pause_stops_this_table_once_and_keeps_the_question_open(store) -> None:
    for _ in range(3):
        with pytest.raises(Problem) as stop:
            watch(store, "k3.thing", schema(NARROWER), 2)
        assert stop.value.code == "schema_paused"
        assert "t.FName: VARCHAR(80) → VARCHAR(20)" in stop.value.text("zh")
    assert statuses(store) == [("narrowed", "t.FName", "waiting")]


def test_an_accepted_change_is_read_on_with_and_asked_once(store) -> None:
    with pytest.raises(Problem):
        watch(store, "k3.thing", schema(NARROWER), 2)
    assert accept(store, "k3.thing", "it") == 1
    assert [change.kind for change in watch(store, "k3.thing", schema(NARROWER), 3)] == ["narrowed"]
    assert watch(store, "k3.thing", schema(NARROWER), 4) == []
    assert statuses(store) == [("narrowed", "t.FName", "accepted")]
    # The same change back again is a new question: what was accepted was the other direction.
    with pytest.raises(Problem):
        watch(store, "k3.thing", schema({**NARROWER, "FName": "VARCHAR(10)"}), 5)


def test_a_source_that_is_as_it_was_needs_no_answer(store) -> None:
    with pytest.raises(Problem):
        watch(store, "k3.thing", schema(NARROWER), 2)
    assert watch(store, "k3.thing", schema(BEFORE), 3) == []
    assert statuses(store) == [("narrowed", "t.FName", "reverted")]


def test_fail_says_so_every_time(store) -> None:
    with pytest.raises(Problem) as stop:
        watch(store, "k3.thing", schema(NARROWER, policy="fail"), 2)
    assert stop.value.code == "schema_changed"


def test_evolve_reads_on_but_never_without_a_column_it_needs(store) -> None:
    assert watch(store, "k3.thing", schema(NARROWER, policy="evolve"), 2)
    assert statuses(store) == [("narrowed", "t.FName", "noted")]
    without = {k: v for k, v in NARROWER.items() if k != "FPrice"}
    with pytest.raises(Problem) as stop:
        watch(store, "k3.thing", schema(without, policy="evolve"), 3)
    assert "- t.FPrice" in stop.value.text("en")


def test_columns_nobody_reads_never_stop_anything(store) -> None:
    without = {k: v for k, v in BEFORE.items() if k != "FModel"} | {"FNew": "INTEGER"}
    wanted = {"FItemID", "FName", "FPrice"}
    assert len(watch(store, "k3.thing", schema(without, wanted=wanted, unused="FNew"), 2)) == 2
    assert {status for *_, status in statuses(store)} == {"noted"}


def test_a_configuration_without_the_dropped_column_goes_on(store) -> None:
    without = {k: v for k, v in BEFORE.items() if k != "FModel"}
    with pytest.raises(Problem):
        watch(store, "k3.thing", schema(without, wanted=set(BEFORE)), 2)
    watch(store, "k3.thing", schema(without, wanted=set(without)), 3)
    assert statuses(store)[0] == ("dropped", "t.FModel", "reverted")
