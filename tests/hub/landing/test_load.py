"""Loads from a real database into a real store: accounts that add up, nothing lost, nothing doubled."""

import pytest

from hub.landing.lease import lease
from hub.landing.stage import read_landed
from schemas.problems import Problem

pytestmark = pytest.mark.servers


def test_first_load_accounts_for_every_row(factory):
    result = factory.sync()
    assert (result.status, result.rows_read, result.loaded, result.held, result.unchanged) == ("ok", 25, 24, 1, 0)
    assert factory.rows("select rows_read, loaded, held, status from ops.load") == [(25, 24, 1, "ok")]
    assert factory.rows("select source_key, raw ->> 'FName' from quality.held_row") == [("3", "苏州第3机械有限公司")]


def test_second_load_changes_nothing(factory):
    factory.sync()
    before = factory.content(), factory.rows("select _source_key, _load_id from core.customer order by 1")
    result = factory.sync()
    assert (result.loaded, result.held, result.unchanged, result.deleted) == (0, 0, 25, 0)
    assert before == (factory.content(), factory.rows("select _source_key, _load_id from core.customer order by 1"))


def test_one_changed_row_is_one_loaded_row(factory):
    factory.sync()
    factory.erp_sql("update t_Organization set FPhone = '0512-65559999' where FItemID = 7")
    result = factory.sync()
    assert (result.loaded, result.unchanged) == (1, 24)
    assert factory.rows("select _source_key from core.customer where _load_id = %s", result.load_id) == [("7",)]


def test_a_changed_value_keeps_original_rule_and_origin(factory):
    factory.sync()
    assert factory.rows(
        "select source_key, source_column, raw_value, value, rule from quality.value_change"
        " where column_name = 'customer_code'"
    ) == [("2", "FNumber", "Ｃ０００２", "C0002", "code.width")]


def test_findings_name_the_raw_value_and_close_when_mended(factory):
    factory.sync()
    open_findings = (
        "select source_key, source_column, value from quality.finding where rule = %s and resolved_at is null"
    )
    rule = "customer.uscc_valid"
    assert factory.rows(open_findings, rule) == [("4", "FTaxNum", "911101087000000000")]
    factory.erp_sql("update t_Organization set FTaxNum = null where FItemID = 4")
    factory.sync()
    assert factory.rows(open_findings, rule) == []
    assert factory.rows("select count(*) from quality.finding where rule = %s", rule) == [(1,)]


def test_a_held_row_is_loaded_when_its_value_is_filled_in(factory):
    factory.sync()
    factory.erp_sql("update t_Organization set FNumber = 'C0003' where FItemID = 3")
    result = factory.sync()
    assert (result.loaded, result.held) == (1, 0)
    assert factory.rows("select count(*) from quality.held_row") == [(0,)]
    assert factory.rows("select count(*) from core.customer") == [(25,)]


def test_a_deleted_row_is_recorded_not_dropped(factory):
    factory.sync()
    factory.erp_sql("delete from t_Organization where FItemID in (3, 5)")
    assert factory.sync().deleted == 2
    assert factory.rows("select source_key, was from quality.deleted_row order by 1") == [
        ("3", "held"),
        ("5", "loaded"),
    ]
    assert factory.sync().deleted == 0


def test_an_emptied_table_deletes_nothing_and_says_so(factory):
    factory.sync()
    factory.erp_sql("delete from t_Organization")
    result = factory.sync()
    assert result.problem is not None
    assert result.problem.code == "source_suddenly_empty"
    assert factory.rows("select count(*) from core.customer") == [(24,)]


def test_losing_more_than_half_needs_a_person(factory, monkeypatch):
    factory.sync()
    factory.erp_sql("delete from t_Organization where FItemID > 5")
    result = factory.sync()
    assert result.problem is not None
    assert result.problem.params == {
        "dataset": "k3.customer",
        "missing": 20,
        "known": 25,
    }
    monkeypatch.setenv("WATERWORKS_ALLOW_SHRINK", "k3.customer")
    assert factory.sync().deleted == 20


def test_a_missing_table_is_a_failed_load_with_a_sentence(factory):
    factory.sync()
    factory.erp_sql("alter table t_Organization rename to t_Other")
    result = factory.sync()
    assert result.status == "failed"
    assert result.problem is not None
    assert "t_Organization" in result.problem.text("zh")
    assert factory.rows("select status, problem ->> 'code' from ops.load order by id desc limit 1") == [
        ("failed", result.problem.code)
    ]
    assert factory.rows("select count(*) from core.customer") == [(24,)]


def test_raw_rows_stay_as_read(factory, tmp_path):
    factory.sync()
    files = factory.rows("select path, rows from ops.landed_file order by id")
    raw = [row for path, _ in files for row in read_landed(tmp_path / "home" / "landing", path).to_pylist()]
    assert sum(rows for _, rows in files) == len(raw) == 25
    assert next(row for row in raw if row["_key"] == "2")["FNumber"] == "Ｃ０００２"


def test_two_syncs_of_one_source_the_second_says_why(factory):
    with lease("k3", "nightly run"), pytest.raises(Problem) as caught:
        factory.sync()
    assert caught.value.code == "lease_held"
    assert "nightly run" in caught.value.text("en")
    assert factory.sync().status == "ok"


def test_a_run_that_lost_its_lease_cannot_write(factory, monkeypatch):
    with lease("k3", "slow run") as held:
        factory.rows("update ops.lease set epoch = epoch + 1 returning epoch")
        monkeypatch.setattr("hub.landing.sync.lease", lambda *_: _Given(held))
        with pytest.raises(Problem) as caught:
            factory.sync()
    assert caught.value.code == "lease_lost"
    assert factory.rows("select count(*) from core.customer") == [(0,)]


class _Given:
    """A lease that was handed out earlier."""

    def __init__(self, held):
        self.held = held

    def __enter__(self):
        return self.held

    def __exit__(self, *_):
        return None
