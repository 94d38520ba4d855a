"""What connectors may tell beside rows: positions to go on from, rows unchanged, keys deleted, keys listed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa
import pytest

from connectors.base import KEY, ROW_NO, Check, Deletions, Discovered, Page
from hub.landing.dataset import dataset
from hub.landing.lease import lease
from hub.landing.load import Load
from hub.landing.result import LoadResult
from hub.store.engine import connect
from hub.store.migrate import upgrade
from schemas.model import Text
from schemas.problems import Problem

pytestmark = pytest.mark.servers


def rows(*keys: int, contact: str = "王工") -> pa.Table:
    """Customers with these numbers, as the ERP has them."""
    texts = {
        "FNumber": [f"C{key:04}" for key in keys],
        "FName": [f"苏州第{key}机械有限公司" for key in keys],
        "FShortName": ["苏机"] * len(keys),
        "FContact": [contact] * len(keys),
        "FPhone": ["0512-65550001"] * len(keys),
        "FAddress": ["苏州"] * len(keys),
        "FTaxNum": [None] * len(keys),
        KEY: [str(key) for key in keys],
    }
    table = pa.table({name: pa.array(values, pa.string()) for name, values in texts.items()})
    table = table.append_column("FDeleted", pa.array([0] * len(keys), pa.int64()))
    return table.append_column(ROW_NO, pa.nulls(len(keys), pa.int64()))


@dataclass
class Source:
    """A source that says what a test wants it to say; `asked` keeps the positions it was given."""

    pages: list[Page | Exception]
    how: Deletions = "read"
    listed: list[list[str]] = field(default_factory=list)
    asked: list[dict[str, Any] | None] = field(default_factory=list)
    keys_asked: int = 0
    system: str = "k3"

    def check(self) -> Check:
        return Check("k3", True, Text("好", "fine"))

    def discover(self) -> list[Discovered]:
        return []

    def read(self, object_name: str, position: dict[str, Any] | None, page_rows: int) -> Iterator[Page]:
        self.asked.append(position)
        for page in self.pages:
            if isinstance(page, Exception):
                raise page
            yield page

    def deletions(self, object_name: str) -> Deletions:
        return self.how

    def keys(self, object_name: str) -> Iterator[pa.Array]:
        self.keys_asked += 1
        for keys in self.listed:
            yield pa.array(keys, pa.string())


class Store:
    def __init__(self, url: str, landing: Any) -> None:
        self.url, self.landing, self.rules = url, landing, ""

    def load(self, source: Source) -> LoadResult:
        about = dataset("k3.customer", "P1")
        about = replace(about, rules=about.rules + self.rules)
        with lease("k3", "test", 0) as held, connect(self.url) as connection:
            result = Load(connection, about, held, "test", self.landing).run(lambda: source, "customer")
        assert result.adds_up
        return result

    def all(self, query: str) -> list[tuple[Any, ...]]:
        with connect(self.url) as connection:
            return connection.execute(query.encode()).fetchall()

    def keys(self) -> list[str]:
        found = self.all("select _source_key from core.customer order by _source_key::int")
        return [key for (key,) in found]


@pytest.fixture
def store(postgres_url, monkeypatch, tmp_path):
    monkeypatch.setenv("WATERWORKS_STORE_URL", postgres_url)
    upgrade(postgres_url)
    return Store(postgres_url, tmp_path / "landing")


def test_a_load_that_failed_goes_on_where_its_last_page_ended(store):
    broken = Source([Page(rows(1, 2), {"after": 2}), Problem("source_unknown", source="k3", known="-")])
    assert store.load(broken).status == "failed"
    rest = Source([Page(rows(3, 4), {"after": 4}, partial=True, total=4)])
    result = store.load(rest)
    assert rest.asked == [{"after": 2}]
    assert (result.status, result.loaded, result.deleted, rest.keys_asked) == ("ok", 2, 0, 0)
    assert store.keys() == ["1", "2", "3", "4"]


def test_a_partial_read_asks_for_keys_only_if_the_numbers_differ(store):
    store.load(Source([Page(rows(1, 2, 3, 4), {})]))
    same = Source([Page(rows(), {}, unchanged=4, partial=True, total=4)])
    result = store.load(same)
    assert (result.rows_read, result.unchanged, result.deleted, same.keys_asked) == (4, 4, 0, 0)
    fewer = Source([Page(rows(4), {}, unchanged=2, partial=True, total=3)], listed=[["1"], ["2", "4"]])
    result = store.load(fewer)
    assert (result.rows_read, result.unchanged, result.deleted, fewer.keys_asked) == (3, 3, 1, 1)
    assert store.keys() == ["1", "2", "4"]
    assert store.all("select source_key, was from quality.deleted_row") == [("3", "loaded")]


def test_listed_keys_find_what_a_read_by_watermark_cannot(store):
    store.load(Source([Page(rows(*range(1, 31)), {"watermark": 1})], how="keys", listed=[list(map(str, range(1, 31)))]))
    result = store.load(Source([Page(rows(31), {"watermark": 2})], how="keys", listed=[[str(n) for n in range(3, 32)]]))
    assert (result.loaded, result.deleted) == (1, 2)
    assert store.keys()[0] == "3"
    empty = store.load(Source([Page(rows(), {"watermark": 3})], how="keys", listed=[]))
    assert empty.problem is not None
    assert empty.problem.code == "source_suddenly_empty"
    assert len(store.keys()) == 29


def test_reported_deletions_are_recorded_with_their_page(store):
    store.load(Source([Page(rows(1, 2, 3), {})], how="reported"))
    result = store.load(Source([Page(rows(2, contact="李工"), {}, deleted=("1", "2", "9"))], how="reported"))
    assert (result.loaded, result.deleted) == (1, 1)  # 2 was deleted and came back, 9 never was here
    assert store.keys() == ["2", "3"]
    assert store.all("select deleted from ops.load order by id desc limit 1") == [(1,)]


def test_a_key_on_two_pages_is_refused_by_name(store):
    result = store.load(Source([Page(rows(1, 2), {}), Page(rows(2, 3), {})]))
    assert result.problem is not None
    assert (result.problem.code, result.problem.params["key"]) == ("key_repeated", "2")
    known = store.load(Source([Page(rows(1, 2), {}), Page(rows(2, contact="李工"), {})], how="no"))
    assert known.problem is not None
    assert (known.problem.code, known.problem.params["key"]) == ("key_repeated", "2")


def test_new_rules_write_only_what_they_change(store):
    store.load(Source([Page(rows(1, 2, 3), {})]))
    before = store.all("select _source_key, _load_id from core.customer order by 1")
    store.rules = " other"
    changed = pa.concat_tables([rows(1, 2), rows(3, contact="李工")])
    source = Source([Page(changed, {})])
    result = store.load(source)
    assert source.asked == [{}]  # what is stored was judged from the landed files; the source is only asked on
    assert store.all("select kind, rows_read, unchanged from ops.load order by id")[1:2] == [("rejudge", 3, 3)]
    assert (result.loaded, result.unchanged) == (1, 2)
    assert store.all("select _source_key, _load_id from core.customer order by 1") == [
        *before[:2], ("3", result.load_id)
    ]  # fmt: skip


def test_a_thousand_rows_in_pages_equal_the_same_rows_at_once(store):
    """Few rows are looked up by index, many by digests fetched once: both say the same."""
    store.load(Source([Page(rows(*range(1, 1001)), {})]))
    looked_up = store.load(Source([Page(rows(5, 1001, contact="李工"), {})], how="no"))
    assert (looked_up.loaded, looked_up.unchanged) == (2, 0)
    fetched = store.load(Source([Page(rows(*range(1, 501)), {}), Page(rows(*range(501, 1001)), {})], how="no"))
    assert (fetched.loaded, fetched.unchanged) == (1, 999)  # 5 has its old contact again
    assert len(store.keys()) == 1001
