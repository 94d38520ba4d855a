"""What the store has of one dataset, compared with what comes in.

Belongs here: which rows are new, changed, the same, missing. Not here: what is done about them.

Two ways, measured in docs/decisions/0013: a few rows are looked up by index (10 µs each, three tables);
for many rows the digests of everything stored are fetched once (1 µs per stored row) and kept.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql

from hub.landing.dataset import Dataset
from hub.landing.digests import Spool, halves, key_digests
from hub.store.engine import one

OUTCOMES = ("loaded", "held", "rejected")
UNKNOWN = -1

_FETCH_ROWS = 50_000
_LOOKUP_COST = 10  # looking one row up costs as much as fetching the digests of this many
_RECORD = [("key", "<u8"), ("hash", "<u8"), ("outcome", "i1")]

Flags = np.ndarray[Any, np.dtype[np.bool_]]
Numbers = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Compared:
    """What the store says of each row of a page.

    same: it has the row with this content. outcome: as what it has the key (index of OUTCOMES, or UNKNOWN).
    """

    same: Flags
    outcome: Numbers

    @classmethod
    def unknown(cls, rows: int) -> Compared:
        """As for a store that has none of them."""
        return cls(np.zeros(rows, bool), np.full(rows, UNKNOWN, np.int8))


def known_rows(dataset: Dataset, of: sql.Composable | None = None) -> sql.Composed:
    """SELECT source_key, row_hash, outcome (index of OUTCOMES) of every row the store has of this dataset.

    `of`: an expression; then only the row with that source key, which an index finds.
    """
    parts = {
        "core": core_table(dataset),
        "d": sql.Literal(dataset.name),
        "core_key": sql.SQL(" and _source_key = {}").format(of) if of else sql.SQL(""),
        "key": sql.SQL(" and source_key = {}").format(of) if of else sql.SQL(""),
    }
    return sql.SQL(
        "select _source_key as source_key, _row_hash as row_hash, 0 as outcome from {core}"
        " where _dataset = {d}{core_key}"
        " union all select source_key, row_hash, 1 from quality.held_row where dataset = {d}{key}"
        " union all select source_key, row_hash, 2 from quality.rejected_row where dataset = {d}{key}"
    ).format(**parts)


def core_table(dataset: Dataset) -> sql.Identifier:
    """core.<entity>."""
    return sql.Identifier("core", dataset.contract.entity)


class Known:
    """The rows the store had when a load began. Reads inside transactions of its own."""

    def __init__(self, connection: psycopg.Connection[Any], dataset: Dataset) -> None:
        self.connection = connection
        self.dataset = dataset
        with connection.transaction():
            statement = sql.SQL("select count(*) from ({}) known").format(known_rows(dataset))
            self.count: int = one(connection.execute(statement))[0]
        self.stored = self.count  # rows when the digests were fetched
        self._looked_up = 0
        self._spool: Spool | None = None
        self._seen: list[Flags] = []

    def compare(self, keys: pa.Array, digests: Numbers, hashes: pa.Array, complete: bool) -> Compared:
        """`complete`: every row will come; then the keys also count as seen for `missing`."""
        if self.count == 0 or len(keys) == 0:
            return Compared.unknown(len(keys))
        self._looked_up += len(keys)
        if not complete and self._spool is None and self._looked_up * _LOOKUP_COST < self.count:
            return self._look_up(keys, hashes)
        compared = Compared.unknown(len(keys))
        wanted = halves(hashes)
        for part, seen, mine, at in self._places(digests):
            compared.outcome[mine] = part["outcome"][at]
            compared.same[mine] = part["hash"][at] == wanted[mine]
            seen[at] = True
        return compared

    def mark(self, keys: pa.Array) -> None:
        """These keys are in the source."""
        for _, seen, _, at in self._places(key_digests(keys)):
            seen[at] = True

    def missing(self) -> list[str]:
        """Keys that were neither compared in a complete read nor marked."""
        gone = [np.empty(0, np.uint64)]
        for part, seen in zip(self._fetched().parts(), self._seen, strict=True):
            keys = part["key"]
            if not seen.all():
                unseen = keys[~seen]
                gone.append(unseen[~np.isin(unseen, keys[seen])])  # two keys could have one digest
        return self.named(np.concatenate(gone))

    def digests(self, outcomes: Iterable[str] = OUTCOMES) -> Numbers:
        """Digests of the stored keys with these outcomes."""
        wanted = [OUTCOMES.index(name) for name in outcomes]
        parts = [part["key"][np.isin(part["outcome"], wanted)] for part in self._fetched().parts()]
        return np.concatenate([np.empty(0, np.uint64), *parts])

    def named(self, digests: Numbers) -> list[str]:
        """The stored keys with these digests."""
        if len(digests) == 0:
            return []
        found: list[str] = []
        for keys, _, _ in self._stored():
            found += keys.filter(pa.array(np.isin(key_digests(keys), digests))).to_pylist()
        return found

    def close(self) -> None:
        if self._spool is not None:
            self._spool.close()

    def _look_up(self, keys: pa.Array, hashes: pa.Array) -> Compared:
        compared = Compared.unknown(len(keys))
        # "offset 0" keeps the look-up by index: otherwise every page would read the whole dataset again.
        statement = sql.SQL(
            "select i.place, k.row_hash = i.row_hash, k.outcome from unnest(%s::text[], %s::uuid[])"
            " with ordinality i (source_key, row_hash, place), lateral (select * from ({}) known offset 0) k"
        ).format(known_rows(self.dataset, of=sql.Identifier("i", "source_key")))
        texts = [uuid.UUID(bytes=value) for value in hashes.to_pylist()]
        with self.connection.transaction():
            for place, same, outcome in self.connection.execute(statement, (keys.to_pylist(), texts)):
                compared.same[place - 1], compared.outcome[place - 1] = same, outcome
        return compared

    def _places(self, digests: Numbers) -> Iterator[tuple[Numbers, Flags, Numbers, Numbers]]:
        """(part, its seen flags, which of `digests` it has, where) for each part."""
        spool = self._fetched()
        place = np.searchsorted(spool.borders(), digests, side="right")
        for number, (part, seen) in enumerate(zip(spool.parts(), self._seen, strict=True)):
            mine = np.nonzero(place == number)[0]
            if len(part) == 0 or len(mine) == 0:
                continue
            mine = mine[np.argsort(digests[mine])]  # in order, each search begins where the last one ended
            keys = np.ascontiguousarray(part["key"])
            at = np.minimum(np.searchsorted(keys, digests[mine]), len(keys) - 1)
            found = keys[at] == digests[mine]
            yield part, seen, mine[found], at[found]

    def _fetched(self) -> Spool:
        if self._spool is None:
            self._spool = Spool(_RECORD)
            for keys, hashes, outcomes in self._stored():
                records = np.empty(len(keys), self._spool.dtype)
                records["key"], records["hash"], records["outcome"] = key_digests(keys), hashes, outcomes
                self._spool.add(records)
            self._spool.sort()
            self.stored = self._spool.count
            self._seen = [np.zeros(len(part), bool) for part in self._spool.parts()]
        return self._spool

    def _stored(self) -> Iterator[tuple[pa.Array, Numbers, Numbers]]:
        # Many rows in one value: a value per row would cost Python more than all the rest. No text holds a NUL.
        statement = sql.SQL(
            "select string_agg(convert_to(source_key, 'UTF8'), '\\x00'::bytea), string_agg(uuid_send(row_hash), ''),"
            " string_agg(substr('\\x000102'::bytea, outcome + 1, 1), '') from (select *, (row_number() over () - 1)"
            " / {} as part from ({}) known) numbered group by part"
        ).format(sql.Literal(_FETCH_ROWS), known_rows(self.dataset))
        with self.connection.transaction(), self.connection.cursor("known", binary=True) as cursor:
            cursor.itersize = 1
            for keys, hashes, outcomes in cursor.execute(statement):
                yield (
                    pc.split_pattern(pa.array([keys.decode()]), "\0").flatten(),
                    np.frombuffer(hashes, "<u8")[::2],
                    np.frombuffer(outcomes, np.int8),
                )


def repeated_key(known: Known, seen: Spool) -> str | None:
    """A key that came more than once in a read whose key digests are in `seen`; all rows are stored by now."""
    twice = seen.repeated()
    named = known.named(twice)
    if not named:
        return None
    # Two keys with one digest are no repeated key.
    digests, times = np.unique(key_digests(pa.array(named, pa.string())), return_counts=True)
    single = digests[times == 1]
    return next((key for key in named if key_digests(pa.array([key]))[0] in single), None)


def repeated_on_page(keys: pa.Array, digests: Numbers) -> str | None:
    """A key that stands more than once among `keys`."""
    ordered = np.sort(digests)
    if not (ordered[1:] == ordered[:-1]).any():
        return None
    counted = pc.value_counts(keys)
    repeated = counted.filter(pc.greater(counted.field("counts"), 1))
    return repeated[0]["values"].as_py() if len(repeated) else None
