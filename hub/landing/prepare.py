"""Between reading and writing: what the new rows of a page become, and what is wrong with them.

Belongs here: running cleansing and row rules on what changed, sorting rows into loaded / held /
rejected. Not here: what the store has already (known.py), the write transaction (merge.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.base import KEY, ROW_NO, Page
from hub.cleansing.standardise import standardise
from hub.landing.dataset import Dataset
from hub.landing.digests import HASH, key_digests, text_hashes
from hub.landing.known import OUTCOMES, UNKNOWN, Compared, Flags, Numbers
from hub.quality.engine import Run
from hub.quality.row_rules import check_rows

Waiting = Mapping[str, Mapping[str, str]]  # {source key: record of quality.held_row}
_NOBODY: Waiting = MappingProxyType({})


@dataclass(frozen=True)
class CheckedPage:
    """What one page became.

    outcome: [source_key, outcome, row_no, is_new_version, same_in_source] of every processed row whose key the
    store has; is_new_version is False for a row that is stored already and only moved in its sheet; same_in_source:
    it came as it had come before, so that whatever is new about it is not the source's doing.
    added, changed: new versions to write, of keys the store does not have and of keys it has: _source_key,
    _row_hash, _row_no and the contract's columns.
    held: dicts {source_key, row_hash, row_no, record, raw}; rejected: {source_key, row_hash, row_no, raw, reason}.
    findings, changes, suggestions: tables as hub.quality and hub.cleansing give them, plus `cell`; outdated: as
    hub.cleansing gives it.
    counts: rows by outcome, "unchanged" among them, and "new": keys the store does not have.
    """

    outcome: pa.Table
    added: pa.Table
    changed: pa.Table
    held: list[dict[str, Any]]
    rejected: list[dict[str, Any]]
    findings: pa.Table
    changes: pa.Table
    suggestions: pa.Table
    outdated: pa.Table
    counts: Counter[str]


@dataclass(frozen=True)
class PageKeys:
    """Key, its digest, and the digest of the content of every row of a page: `rows`, then `rejected`."""

    keys: pa.Array
    digests: Numbers
    hashes: pa.Array

    @classmethod
    def of(cls, rows: pa.Table, rejected: pa.Table) -> PageKeys:
        keys = _joined(rows[KEY].cast(pa.string()), rejected[KEY].cast(pa.string()))
        return cls(keys, key_digests(keys), _joined(rows[HASH], pa.chunked_array([_rejected_hashes(rejected)])))


def to_process(
    rows: pa.Table, rejected: pa.Table, compared: Compared, look_at_all: bool
) -> tuple[pa.Table, pa.Table, Compared]:
    """The rows and rejected rows that need a look, and what the store says of them; the others stand as they are."""
    if look_at_all or not compared.same.any():
        return rows, rejected, compared
    wanted = ~compared.same
    return (
        rows.filter(pa.array(wanted[: rows.num_rows])),
        rejected.filter(pa.array(wanted[rows.num_rows :])),
        Compared(compared.same[wanted], compared.outcome[wanted]),
    )


def check_page(
    dataset: Dataset,
    rows: pa.Table,
    rejected: pa.Table,
    compared: Compared,
    page: Page,
    rules_changed: bool,
    waiting: Waiting = _NOBODY,
    run: Run | None = None,
) -> CheckedPage:
    """Clean and check these rows (with HASH) of the page; pure but for the functions of cleansing and quality.

    rules_changed: rows that the store has are judged by other rules now, so all of them are new versions
    until the merge has compared their contents.
    waiting: the records of rows that a rule over several rows holds back. Such a row stays held while its record
    is the same; with another one it is judged anew.
    run: notes rules that cannot run, while the others judge the row; without one their Problem is raised.
    """
    source = rows.drop_columns([HASH])
    standardised = standardise(source, dataset.mapping, dataset.contract, dataset.codes, dataset.decisions)
    findings = check_rows(standardised, source, dataset.mapping, dataset.contract, dataset.codes, run)
    held_keys = pc.unique(findings.filter(pc.equal(findings["hold"], True))[KEY])
    is_held = _flags(pc.is_in(standardised.values[KEY], value_set=held_keys.cast(pa.string())))
    is_held |= _still_waiting(standardised.values, waiting)

    size = rows.num_rows
    outcome = np.concatenate([is_held.astype(np.int8), np.full(rejected.num_rows, OUTCOMES.index("rejected"), np.int8)])
    is_new = ~(compared.same & (compared.outcome == outcome))
    if rules_changed:
        is_new[:size] = True
    is_known = compared.outcome != UNKNOWN
    values = standardised.values.append_column(HASH, rows[HASH])
    loaded = is_new[:size] & ~is_held
    new_rejected = rejected.filter(pa.array(is_new[size:]))
    counts = Counter({name: int((outcome[is_new] == number).sum()) for number, name in enumerate(OUTCOMES)})
    counts["unchanged"] = int((~is_new).sum())
    counts["new"] = int((~is_known).sum())
    return CheckedPage(
        outcome=_outcomes(rows, rejected, outcome, is_new, compared),
        added=_core_rows(_where(values, loaded & ~is_known[:size])),
        changed=_core_rows(_where(values, loaded & is_known[:size])),
        held=_held_rows(_where(values, is_held & is_new[:size]), _where(source, is_held & is_new[:size])),
        rejected=_rejected_rows(new_rejected),
        findings=_with_cells(
            findings.rename_columns([_FINDING_NAMES.get(name, name) for name in findings.column_names]), page
        ).select(_FINDING_COLUMNS),
        changes=_with_cells(
            standardised.changes.rename_columns(
                [_CHANGE_NAMES.get(name, name) for name in standardised.changes.column_names]
            ),
            page,
        ).select(_CHANGE_COLUMNS),
        suggestions=_with_cells(standardised.suggestions.rename_columns({ROW_NO: "row_no"}), page),
        outdated=standardised.outdated,
        counts=counts,
    )


_FINDING_NAMES = {KEY: "source_key", ROW_NO: "row_no", "column": "column_name"}
_FINDING_COLUMNS = [
    "source_key", "row_no", "rule", "column_name", "source_column", "value", "severity", "dimension", "hold", "detail",
    "cell",
]  # fmt: skip
_CHANGE_NAMES = {KEY: "source_key", ROW_NO: "row_no", "column": "column_name", "raw": "raw_value"}
_CHANGE_COLUMNS = ["source_key", "column_name", "source_column", "raw_value", "value", "rule", "cell"]


def _joined(first: pa.ChunkedArray, second: pa.ChunkedArray) -> pa.Array:
    chunks = [*first.chunks, *second.chunks]
    return pa.concat_arrays(chunks) if chunks else pa.array([], first.type)


def _rejected_hashes(rejected: pa.Table) -> pa.Array:
    return text_hashes([f"{row['reason']}\x1f{row['raw']}" for row in rejected.to_pylist()])


def _flags(column: pa.ChunkedArray) -> Flags:
    return column.to_numpy().astype(bool)


def _where(rows: pa.Table, wanted: Flags) -> pa.Table:
    return rows if wanted.all() else rows.filter(pa.array(wanted))


def _outcomes(rows: pa.Table, rejected: pa.Table, outcome: Numbers, is_new: Flags, compared: Compared) -> pa.Table:
    table = pa.table(
        {
            "source_key": _joined(rows[KEY].cast(pa.string()), rejected[KEY].cast(pa.string())),
            "outcome": pa.array(OUTCOMES).take(pa.array(outcome)),
            "row_no": _joined(rows[ROW_NO].cast(pa.int64()), rejected[ROW_NO].cast(pa.int64())),
            "is_new_version": pa.array(is_new),
            "same_in_source": pa.array(compared.same),
        }
    )
    return _where(table, compared.outcome != UNKNOWN)


def _core_rows(values: pa.Table) -> pa.Table:
    names = {KEY: "_source_key", ROW_NO: "_row_no", HASH: "_row_hash"}
    return values.rename_columns([names.get(name, name) for name in values.column_names]).set_column(
        values.column_names.index(ROW_NO), "_row_no", values[ROW_NO].cast(pa.int32())
    )


def _held_rows(values: pa.Table, source: pa.Table) -> list[dict[str, Any]]:
    records = values.drop_columns([KEY, ROW_NO, HASH]).to_pylist()
    raws = source.drop_columns([KEY, ROW_NO]).to_pylist()
    places = values.select([KEY, ROW_NO, HASH]).to_pylist()
    return [
        {
            "source_key": place[KEY],
            "row_no": place[ROW_NO],
            "row_hash": UUID(bytes=place[HASH]),
            "record": as_text(record),
            "raw": as_text(raw),
        }
        for place, record, raw in zip(places, records, raws, strict=True)
    ]


def _still_waiting(values: pa.Table, waiting: Waiting) -> Flags:
    """Rows whose record is the one they wait with."""
    still = np.zeros(values.num_rows, bool)
    if waiting:
        places = np.nonzero(_flags(pc.is_in(values[KEY], value_set=pa.array(list(waiting), pa.string()))))[0]
        theirs = values.take(pa.array(places))
        records = theirs.drop_columns([KEY, ROW_NO]).to_pylist()
        for place, key, record in zip(places, theirs[KEY].to_pylist(), records, strict=True):
            still[place] = as_text(record) == waiting[key]
    return still


def _rejected_rows(rejected: pa.Table) -> list[dict[str, Any]]:
    return [
        {
            "source_key": row[KEY],
            "row_no": row[ROW_NO],
            "raw": row["raw"],
            "reason": row["reason"],
            "row_hash": UUID(bytes=digest),
        }
        for row, digest in zip(rejected.to_pylist(), _rejected_hashes(rejected).to_pylist(), strict=True)
    ]


def as_text(row: dict[str, Any]) -> dict[str, str]:
    """A row as quality.held_row keeps it: values as text, without those that are null."""
    return {name: str(value) for name, value in row.items() if value is not None}


def _with_cells(table: pa.Table, page: Page) -> pa.Table:
    """Add `cell` ("D12") where the page came from a sheet and the value from one of its columns."""
    if page.file is None:
        return table.append_column("cell", pa.nulls(table.num_rows, pa.string()))
    letters = page.file.columns
    cells = [
        f"{letters[column]}{row}" if column in letters and row is not None else None
        for column, row in zip(table["source_column"].to_pylist(), table["row_no"].to_pylist(), strict=True)
    ]
    return table.append_column("cell", pa.array(cells, pa.string()))
