"""The rows that rules are tried on: those of a dataset as they were landed last, or those of a workbook.

Belongs here: pages of raw rows with what cleansing makes of them by the contract that is tried. Not here: rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa

from connectors.base import SourceFile
from hub.cleansing.standardise import Standardised, standardise
from hub.landing.dataset import Dataset
from hub.landing.known import Known
from hub.landing.replay import Wanted, replay
from schemas.model import Template
from schemas.problems import Problem


@dataclass(frozen=True)
class TriedPage:
    """rows: as the source has them; file: the sheet they stand in, None if it is no sheet."""

    standardised: Standardised
    rows: pa.Table
    file: SourceFile | None


def stored_pages(connection: psycopg.Connection[Any], about: Dataset, landing: Path) -> Iterator[TriedPage]:
    """Every row that is in the store now, loaded or held. Raises what `hub.landing.replay.replay` raises."""
    with closing(Known(connection, about)) as known:
        if known.count == 0:
            return
        wanted = Wanted(known.digests(("loaded", "held")))
        for page in replay(connection, about.name, wanted, landing):
            yield _page(about, page.rows, page.file)
        if wanted.left:
            raise Problem("landed_rows_missing", dataset=about.name, rows=wanted.left)


def workbook_pages(
    path: Path, template: Template, about: Dataset, passwords: Sequence[str] = ()
) -> Iterator[TriedPage]:
    """Every row of a workbook's table. Raises what `connectors.excel.finding.table.read_file` raises."""
    from connectors.excel.finding.table import read_file

    for page in read_file(path, template, path.name, passwords=passwords):
        yield _page(about, page.rows, page.file)


def _page(about: Dataset, rows: pa.Table, file: SourceFile | None) -> TriedPage:
    return TriedPage(standardise(rows, about.mapping, about.contract, about.codes, about.decisions), rows, file)
