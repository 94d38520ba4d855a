"""Golden ids in a real store: minted once, carried over, redirected, never reused."""

import pytest

from hub.matching.run import match_all
from hub.store.engine import connect
from hub.store.migrate import upgrade

pytestmark = pytest.mark.servers

USCC_A = "91310000132209138H"


@pytest.fixture
def store(postgres_url):
    upgrade(postgres_url)
    with connect(postgres_url) as connection:
        yield connection


def _customer(store, dataset, key, name, uscc=None):
    store.execute(
        "insert into core.customer (_dataset, _source_key, _plant, _row_hash, _load_id, customer_code, customer_name,"
        " uscc) values (%s, %s, 'P1', md5(%s)::uuid, 1, %s, %s, %s) on conflict (_dataset, _source_key) do update"
        " set customer_name = excluded.customer_name, uscc = excluded.uscc",
        (dataset, key, name, key, name, uscc),
    )


def _golden(store):
    return dict(
        store.execute(
            "select dataset || ':' || source_key, golden_id from master.crosswalk"
            " where domain = 'customer' and valid_to is null"
        ).fetchall()
    )


def test_spellings_of_one_company_share_a_golden_id_and_keep_it(store):
    _customer(store, "k3.customer", "1", "苏州恒达精密机械有限公司")
    _customer(store, "mes.customer", "9", "苏州恒达精密机械有限责任公司")
    _customer(store, "workbooks.customer_list", "C7", "无锡启明电子有限公司")
    assert match_all(store, "run 1")["customer"] == 2
    first = _golden(store)
    assert first["k3.customer:1"] == first["mes.customer:9"] != first["workbooks.customer_list:C7"]
    _customer(store, "workbooks.customer_list", "C8", "苏州恒达精密机械 有限公司")
    match_all(store, "run 2")
    assert {key: value for key, value in _golden(store).items() if key in first} == first
    assert _golden(store)["workbooks.customer_list:C8"] == first["k3.customer:1"]


def test_matching_again_writes_nothing(store):
    _customer(store, "k3.customer", "1", "苏州恒达精密机械有限公司")
    match_all(store, "run 1")
    match_all(store, "run 2")
    assert store.execute("select count(*), min(run_id) from master.crosswalk").fetchone() == (1, "run 1")


def test_a_merge_leaves_a_redirect_and_history(store):
    _customer(store, "k3.customer", "1", "苏州恒达精密机械有限公司", None)
    _customer(store, "k3.customer", "2", "苏州恒大精密机械有限公司", None)
    match_all(store, "run 1")
    before = _golden(store)
    _customer(store, "k3.customer", "2", "苏州恒达精密机械有限公司", None)
    match_all(store, "run 2")
    after = _golden(store)
    assert after["k3.customer:1"] == after["k3.customer:2"]
    (gone,) = set(before.values()) - set(after.values())
    assert store.execute("select redirect_to from master.golden_record where golden_id = %s", (gone,)).fetchone() == (
        after["k3.customer:1"],
    )
    assert store.execute("select count(*) from master.crosswalk where valid_to is not null").fetchone()[0] >= 1


def test_an_id_is_never_used_again(store):
    _customer(store, "k3.customer", "1", "苏州恒达精密机械有限公司")
    match_all(store, "run 1")
    store.execute("delete from core.customer")
    _customer(store, "k3.customer", "2", "无锡启明电子有限公司")
    match_all(store, "run 2")
    ids = [row[0] for row in store.execute("select golden_id from master.golden_record order by 1")]
    assert ids == ["CU000001", "CU000002"]
    assert _golden(store) == {"k3.customer:2": "CU000002"}


def test_the_view_takes_the_erp_first_and_names_all_sources(store):
    _customer(store, "mes.customer", "9", "苏州恒达精密机械有限责任公司", USCC_A)
    _customer(store, "k3.customer", "1", "苏州恒达精密机械有限公司")
    match_all(store, "run 1")
    row = store.execute("select customer_name, uscc, _sources, _records from master.customer").fetchone()
    assert row == ("苏州恒达精密机械有限公司", USCC_A, "k3.customer:1, mes.customer:9", 2)
