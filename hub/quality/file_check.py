"""All findings of a file: row rules page by page, then the rules over all its rows.

Belongs here: the order of the two. Not here: reading a file (connectors), rules over several datasets, which only the
store can decide (`set_rules.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa

from hub.cleansing.standardise import Standardised
from hub.quality.engine import Run
from hub.quality.row_rules import check_rows
from hub.quality.table_check import TableCheck
from schemas.model import CodeList, Contract, Mapping


def check_pages(
    pages: Iterable[tuple[Standardised, pa.Table]],
    mapping: Mapping,
    contract: Contract,
    codes: dict[str, CodeList],
    run: Run,
) -> Iterator[pa.Table]:
    """Every finding (hub.quality.row_rules.FINDINGS_SCHEMA) of these pages, a table of bounded size at a time.

    pages: what hub.cleansing made of some rows, with these rows. Rules that cannot run are in `run.broken` at the end.
    """
    with TableCheck(mapping, contract, run) as table:
        for standardised, rows in pages:
            found = check_rows(standardised, rows, mapping, contract, codes, run)
            if found.num_rows:
                yield found
            table.add(standardised, rows)
        yield from table.findings()
