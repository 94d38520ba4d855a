"""Every current key of one object, without its rows.

Belongs here: paging through keys. Does not belong here: what the hub does with keys that are gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from connectors.base import KEY
from connectors.erp.reading.query import keys_statement
from connectors.erp.reading.reader import Reader
from connectors.erp.reading.rows import key_column, last_values

KEYS_PER_PAGE = 200_000
KEYLESS_PER_PAGE = 10_000


def list_keys(reader: Reader) -> Iterator[pa.Array]:
    """Text arrays of at most KEYS_PER_PAGE keys, those of rows without a key among them."""
    plan = reader.plan
    schema = pa.schema([(part.name, part.column.arrow) for part in plan.key])
    after: list[Any] | None = None
    while True:
        table, _ = reader.fetch(keys_statement(plan, after, KEYS_PER_PAGE), schema)
        if table.num_rows:
            yield key_column(table, plan.key).combine_chunks()
            after = last_values(table, plan.key)
        if table.num_rows < KEYS_PER_PAGE:
            break
    for rejected in reader.keyless(KEYLESS_PER_PAGE):
        yield rejected[KEY].combine_chunks()
