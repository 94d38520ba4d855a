"""Loads of a source whose tables change, with its mirror: from ALTER TABLE to the sync page's words."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from hub.landing import drift
from hub.landing.hours import OUTSIDE_HOURS
from hub.store.engine import connect

MIRROR = 'select "FName" from raw_k3.customer order by _source_key::int'


def configure(factory, extra: str) -> None:
    path = factory.defs / "k3" / "defs.yaml"
    path.write_text(path.read_text(encoding="utf-8") + f"  {extra}\n", encoding="utf-8")


def last(factory) -> tuple[str, str | None]:
    return factory.rows("select status, problem->>'code' from ops.load order by id desc limit 1")[0]


def test_a_renamed_column_pauses_the_object_and_harms_nothing(factory):
    factory.sync()
    before = factory.content()
    factory.erp_sql("alter table t_Organization rename column FTaxNum to FTaxNumber")
    for _ in range(2):
        result = factory.sync()
        assert (result.status, result.rows_read) == ("paused", 0)
    assert last(factory) == ("paused", "schema_paused")
    assert factory.content() == before
    assert factory.rows("select kind, column_name, after, status from ops.schema_change") == [
        ("renamed", "t_Organization.FTaxNum", "t_Organization.FTaxNumber", "waiting")
    ]
    assert factory.rows("select severity, times from ops.alert where seen_at is null") == [("warn", 2)]
    # Put back as it was, the object goes on by itself, and the alert is over.
    factory.erp_sql("alter table t_Organization rename column FTaxNumber to FTaxNum")
    assert factory.sync().status == "ok"
    assert factory.rows("select count(*) from ops.alert where seen_at is null") == [(0,)]


def test_a_configuration_that_follows_the_rename_goes_on(factory):
    factory.erp_sql("alter table t_Organization add column FNote text")
    path = factory.defs / "k3" / "defs.yaml"
    as_it_was = path.read_text(encoding="utf-8")
    path.write_text(as_it_was.replace("FDeleted]", "FDeleted, FNote]"), encoding="utf-8")
    factory.sync()
    factory.erp_sql("alter table t_Organization rename column FNote to FRemark")
    assert factory.sync().status == "paused"
    path.write_text(as_it_was.replace("FDeleted]", "FDeleted, FRemark]"), encoding="utf-8")
    assert factory.sync().status == "ok"
    assert factory.rows("select status from ops.schema_change where kind = 'renamed'")[0] == ("reverted",)


def test_new_and_unused_columns_are_noted_and_nothing_stops(factory):
    factory.sync()
    factory.erp_sql("alter table t_Organization add column FSelf01 text")
    assert factory.sync().status == "ok"
    assert factory.rows("select kind, column_name, used, status from ops.schema_change") == [
        ("added", "t_Organization.FSelf01", False, "noted")
    ]


def test_an_accepted_change_is_read_on_with(factory):
    factory.sync()
    rows = factory.rows("select count(*) from core.customer")
    factory.erp_sql("alter table t_Organization rename to old")
    factory.erp_sql(
        "create table t_Organization (FItemID integer primary key, FNumber text, FName varchar(60), FShortName text,"
        " FContact text, FPhone text, FAddress text, FTaxNum text, FDeleted integer)"
    )
    factory.erp_sql("insert into t_Organization select * from old")
    assert factory.sync().status == "paused"
    with connect(factory.environment["WATERWORKS_STORE_URL"]) as connection:
        assert drift.accept(connection, "k3.customer", "it") >= 1
    assert factory.rows("select id from ops.alert where seen_at is null") == []
    result = factory.sync()
    assert result.status == "ok"
    assert factory.rows("select count(*) from core.customer") == rows


def test_policy_fail_is_an_error_every_time(factory):
    configure(factory, "schema_change: fail")
    factory.sync()
    factory.erp_sql("alter table t_Organization rename column FTaxNum to FTaxNumber")
    result = factory.sync()
    assert (result.status, result.problem.code) == ("failed", "schema_changed")
    assert factory.rows("select severity from ops.alert where seen_at is null") == [("error",)]


def test_the_mirror_has_every_current_row_and_follows_changes_and_deletions(factory):
    configure(factory, "mirror: true")
    factory.sync()
    assert factory.rows("select count(*) from raw_k3.customer") == [(25,)]
    factory.erp_sql("update t_Organization set FName = '新名字有限公司' where FItemID = 3")
    factory.erp_sql("delete from t_Organization where FItemID = 4")
    factory.sync()
    names = [row[0] for row in factory.rows(MIRROR)]
    assert len(names) == 24
    assert names[2] == "新名字有限公司"


def test_a_mirror_asked_for_later_begins_with_what_is_there(factory):
    factory.sync()
    factory.erp_sql("update t_Organization set FName = '新名字有限公司' where FItemID = 3")
    factory.erp_sql("delete from t_Organization where FItemID = 4")
    factory.sync()
    configure(factory, "mirror: true")
    result = factory.sync()
    assert result.unchanged == result.rows_read
    names = [row[0] for row in factory.rows(MIRROR)]
    assert len(names) == 24
    assert names[2] == "新名字有限公司"


def test_what_a_read_cost_the_source_is_kept(factory):
    factory.sync()
    ((burden,),) = factory.rows("select burden from ops.load")
    assert burden["rows"] >= 25
    assert burden["statements"] >= 1
    assert burden["busy_seconds"] >= burden["longest_seconds"] > 0


def test_outside_its_hours_an_erp_is_left_alone_until_somebody_insists(factory, monkeypatch):
    path = factory.defs / "k3" / "defs.yaml"
    hour = dt.datetime.now(ZoneInfo("Asia/Shanghai")).hour
    closed = f"{(hour + 2) % 24:02}:00-{(hour + 3) % 24:02}:00"
    head = path.read_text(encoding="utf-8")
    path.write_text(head.replace("K3_URL}", f'K3_URL, pace: {{hours: ["{closed}"]}}}}'), encoding="utf-8")
    result = factory.sync()
    assert (result.status, result.problem.code, result.rows_read) == ("paused", "erp_outside_hours", 0)
    assert factory.rows("select count(*) from ops.alert") == [(0,)]
    monkeypatch.setenv(OUTSIDE_HOURS, "1")
    assert factory.sync().status == "ok"


def test_what_reading_did_to_values_is_kept_with_the_load(factory):
    factory.erp_sql("update t_Organization set FContact = 'a' || char(0) || 'b' where FItemID = 5")
    factory.sync()
    ((notes,),) = factory.rows("select notes from ops.load")
    assert [note["code"] for note in notes["notes"]] == ["erp_text_nul"]
    assert notes["notes"][0]["params"]["column"] == "FContact"
