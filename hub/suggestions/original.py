"""What the source says in one cell, exactly: a correction holds as long as it says that.

Belongs here: reading one raw text out of the landed files. Not here: showing originals (portal/web/originals.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa

from hub.cleansing.columns import raw_text
from hub.cleansing.standardise import read_source
from hub.landing.dataset import Dataset
from hub.landing.digests import key_digests
from hub.landing.replay import Wanted, replay
from schemas.problems import Problem


def raw_of(
    connection: psycopg.Connection[Any], about: Dataset, source_key: str, column: str, landing: Path
) -> str | None:
    """The raw text the standardiser of this column reads in this row; None where the source has nothing.

    Raises Problem `correction_column_unknown` if the dataset does not fill the column, `correction_row_missing` if
    no landed file has the row, and those of damaged files.
    """
    entry = next((entry for entry in about.mapping.columns if entry.column == column), None)
    if entry is None:
        known = ", ".join(entry.column for entry in about.mapping.columns)
        raise Problem("correction_column_unknown", dataset=about.name, column=column, known=known)
    wanted = Wanted(key_digests(pa.array([source_key], pa.string())))
    for page in replay(connection, about.name, wanted, landing):
        at = page.rows["_key"].to_pylist().index(source_key) if source_key in page.rows["_key"].to_pylist() else -1
        if at >= 0:
            return raw_text(read_source(page.rows.slice(at, 1).combine_chunks(), entry, about.mapping).values)[
                0
            ].as_py()
    raise Problem("correction_row_missing", dataset=about.name, key=source_key)
