"""One ERP kept in several databases, one per account set and year (Yonyou U8: UFDATA_006_2025), as one source.

Belongs here: reading database by database, stamping rows and keys, positions per database. Does not
belong here: which databases there are (`account_set_list.py`), reading one of them (`connector.py`).

Every row gets two columns, `account_set` (text) and `account_year` (number, null if not told), and both
stand in front of its key, so that the same code in two sets is two rows. A database that cannot be read
fails the object: were it passed over, its rows would look deleted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from connectors.base import KEY, Check, CheckPoint, Deletions, Discovered, Page, SchemaWatch
from connectors.config_models import SystemConfig
from connectors.erp.account_set_list import Listed, listed, target_text
from connectors.erp.connector import ErpConnector
from connectors.erp.database.pace import Burden, Clock
from schemas.model import Text
from schemas.problems import Problem

ACCOUNT_SET, ACCOUNT_YEAR = "account_set", "account_year"
_DATABASES = "databases"  # the position: {"databases": {name: position of that database}}


class AccountSetsConnector:
    """The databases of one system, each read by an ErpConnector of its own, one after the other."""

    def __init__(self, system: SystemConfig, url: str, *, forced: bool = False, clock: Clock | None = None) -> None:
        """`url`: see `target.py`; {database} in it, or else its database, stands for each of them."""
        self.system = system.system
        self._config = system
        self._url = url
        self._options: dict[str, Any] = {"forced": forced, "clock": clock}
        self._opened: dict[str, ErpConnector] = {}
        self._listing = Burden()
        self._watch: SchemaWatch | None = None
        ErpConnector(system, target_text(url, "x"), **self._options)  # a mistake in the address shows at once

    @property
    def burden(self) -> Burden:
        """What reading cost the ERP so far, all databases together."""
        total = Burden()
        for burden in (self._listing, *(item.burden for item in self._opened.values())):
            total.add(burden)
        return total

    def check(self) -> Check:
        """The first database that cannot be read as configured, or that all can."""
        try:
            databases = self._databases()
        except Problem as problem:
            return Check(self.system, False, Text(problem.text("zh"), problem.text("en")))
        points: list[CheckPoint] = []
        for item in databases:
            answer = self._connector(item).check()
            points += [replace(point, sentence=_of(item, point.sentence)) for point in answer.points]
            if not answer.ok:
                return replace(answer, sentence=_of(item, answer.sentence), points=tuple(points))
        names = ", ".join(item.name for item in databases)
        zh = f"ERP“{self.system}”的 {len(databases)} 个账套数据库都能读取：{names}。"
        en = f"All {len(databases)} account-set databases of ERP '{self.system}' can be read: {names}."
        return Check(self.system, True, Text(zh, en), tuple(points))

    def first(self) -> ErpConnector:
        """The connector of the first database, for what is the same in all of them."""
        return self._connector(self._databases()[0])

    def discover(self) -> list[Discovered]:
        """The tables of the first database; all have the same."""
        return self.first().discover()

    def deletions(self, object_name: str) -> Deletions:
        return ErpConnector(self._config, target_text(self._url, "x")).deletions(object_name)

    def read(self, object_name: str, position: dict[str, Any] | None, page_rows: int) -> Iterator[Page]:
        """Pages of each database in turn, stamped.

        Raises Problem `erp_account_set_gone` if a database read before is on the list no more,
        `erp_account_set_missing` if one is not there, and whatever reading one raises.
        """
        known: dict[str, Any] = dict((position or {}).get(_DATABASES, {}))
        databases = self._databases()
        self._refuse_gone(object_name, known, databases)
        known = {item.name: known[item.name] for item in databases if item.name in known}
        totals = _Totals()
        last: Page | None = None
        for item in databases:
            totals.begin()
            for page in self._pages(item, object_name, known.get(item.name), page_rows):
                totals.take(page)
                known = known | {item.name: page.position}
                if last is not None:
                    yield last
                last = replace(self._stamped(page, item, object_name), position={_DATABASES: known}, total=None)
        if last is not None:
            # Only the last page of the last database knows how many rows there are in all.
            yield replace(last, total=totals.total)

    def watch_schema(self, watch: SchemaWatch) -> None:
        """Have `watch` see the tables of every database before its rows are read."""
        self._watch = watch

    def burden_json(self) -> dict[str, Any]:
        """What reading cost the ERP so far, all databases together."""
        return self.burden.as_json()

    def from_the_start(self, position: dict[str, Any] | None) -> dict[str, Any] | None:
        """The databases that were read, each to be read as a whole."""
        known = (position or {}).get(_DATABASES)
        return {_DATABASES: dict.fromkeys(known)} if known else None

    def keys(self, object_name: str) -> Iterator[pa.Array]:
        """Every current key of every database."""
        for item in self._databases():
            for keys in self._connector(item).keys(object_name):
                yield _prefixed(pa.chunked_array([keys]), item).combine_chunks()

    def remarks(self, object_name: str) -> list[Problem]:
        """What was done to values; one sentence where it was done in several databases."""
        found: dict[tuple[Any, ...], Problem] = {}
        for name, item in self._opened.items():
            for problem in item.remarks(object_name):
                params = problem.params
                same = (problem.code, *(str(value) for key, value in params.items() if key not in ("count", "example")))
                if same in found and "count" in params:
                    counted = found[same].params
                    found[same] = Problem(problem.code, **counted | {"count": counted["count"] + params["count"]})
                elif same not in found:
                    named = {"example": f"{name}: {params['example']}"} if "example" in params else {}
                    found[same] = Problem(problem.code, **params | named)
        return list(found.values())

    # --- details ----------------------------------------------------------------------------------

    def _databases(self) -> list[Listed]:
        return listed(self._config, self._url, self._listing, **self._options)

    def _connector(self, item: Listed) -> ErpConnector:
        if item.name not in self._opened:
            connector = ErpConnector(self._config, target_text(self._url, item.name), **self._options)
            if self._watch is not None:
                connector.watch_schema(self._watch)
            self._opened[item.name] = connector
        return self._opened[item.name]

    def _pages(self, item: Listed, object_name: str, position: Any, page_rows: int) -> Iterator[Page]:
        try:
            yield from self._connector(item).read(object_name, position, page_rows)
        except Problem as problem:
            if problem.code not in ("erp_database_missing", "erp_file_missing"):
                raise
            raise Problem(
                "erp_account_set_missing", system=self.system, object=object_name, database=item.name
            ) from problem

    def _stamped(self, page: Page, item: Listed, object_name: str) -> Page:
        for name in {ACCOUNT_SET, ACCOUNT_YEAR} & set(page.rows.column_names):
            raise Problem("erp_account_set_column", system=self.system, object=object_name, column=name)
        return _stamped(page, item)

    def _refuse_gone(self, object_name: str, known: dict[str, Any], databases: list[Listed]) -> None:
        present = {item.name for item in databases}
        retired = _retired(self._config)
        for name in known:
            if name not in present and name.casefold() not in retired:
                raise Problem("erp_account_set_gone", system=self.system, object=object_name, database=name)


class _Totals:
    """Rows of all databases together, told if any of them tells: the others are then counted."""

    def __init__(self) -> None:
        self._before = 0
        self._read = 0
        self._told: int | None = None
        self._any_told = False

    def begin(self) -> None:
        """The next database."""
        self._before += self._read if self._told is None else self._told
        self._read, self._told = 0, None

    def take(self, page: Page) -> None:
        self._read += page.rows.num_rows + page.rejected.num_rows + page.unchanged
        if page.total is not None:
            self._told, self._any_told = page.total, True

    @property
    def total(self) -> int | None:
        self.begin()
        return self._before if self._any_told else None


def _stamped(page: Page, item: Listed) -> Page:
    rows, rejected = page.rows, page.rejected
    at = rows.column_names.index(KEY)
    count = rows.num_rows
    key = _prefixed(rows[KEY], item)
    rows = rows.set_column(at, KEY, key)
    rows = rows.add_column(at, pa.field(ACCOUNT_YEAR, pa.int64()), pa.array([item.year] * count, pa.int64()))
    rows = rows.add_column(at, pa.field(ACCOUNT_SET, pa.string()), pa.array([item.set] * count, pa.string()))
    rejected = rejected.set_column(0, rejected.schema.field(0), _prefixed(rejected[KEY], item))
    deleted = tuple(f"{item.prefix}{key}" for key in page.deleted)
    return replace(page, rows=rows, rejected=rejected, deleted=deleted)


def _prefixed(keys: pa.ChunkedArray, item: Listed) -> pa.ChunkedArray:
    if not len(keys):
        return keys
    return pc.binary_join_element_wise(pa.scalar(item.prefix), keys, pa.scalar(""))


def _retired(config: SystemConfig) -> set[str]:
    databases = config.databases
    if isinstance(databases, list):
        return {item.name.casefold() for item in databases if item.retired}
    return {name.casefold() for name in databases.retired} if databases is not None else set()


def _of(item: Listed, sentence: Text) -> Text:
    """A sentence about one database."""
    return Text(f"账套数据库“{item.name}”：{sentence.zh}", f"Database '{item.name}': {sentence.en}")
