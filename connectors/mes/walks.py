"""Every key of an endpoint, without its rows.

Belongs here: listing keys until no one can have been missed. Does not belong here: reading rows (`pull.py`).
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from connectors.config_models import SystemConfig
from connectors.mes.client import MesClient
from connectors.mes.config import MesEndpointConfig
from connectors.mes.items import Rows
from connectors.mes.lister import Lister, Span
from connectors.mes.paging import MAX_WALKS, Walk
from schemas.problems import Problem


def every_key(client: MesClient, system: SystemConfig, endpoint: MesEndpointConfig) -> Iterator[pa.Array]:
    """Text arrays, one per page that brings new keys. Raises Problem `mes_rows_missing`."""
    keys = endpoint.keys_from
    if keys is None:
        lister = Lister.of(client, system, endpoint)
        shape = endpoint
    else:
        lister = Lister.of_keys(client, system, endpoint, keys)
        changes = {"key": keys.key, "fields": keys.fields, "children": None, "columns": {"key": keys.key[0]}}
        shape = endpoint.model_copy(update={**changes, "times": [], "updated": None, "deleted": None})
    rows = Rows(shape, system.timezone)
    given: set[str] = set()
    for number in range(MAX_WALKS):
        walk = Walk(lambda place: lister.page(place, Span()), lister.paging, lister.size, rows.key_of, lister.where)
        listed: set[str] = set()
        before = len(given)
        for read in walk.run():
            listed.update(map(rows.key_of, read.page.items))
            new = dict.fromkeys(key for item in read.page.items for key in rows.keys(item) if key not in given)
            given.update(new)
            if new:
                yield pa.array(list(new), pa.string())
        lacks = walk.smallest_total is not None and len(listed) < walk.smallest_total
        unsure = walk.came_back or walk.shrank or (walk.unproven and walk.smallest_total is None)
        if not lacks and (not unsure or (number > 0 and len(given) == before)):
            return
    if lacks and (walk.unproven or not walk.moved):
        raise Problem("mes_rows_missing", **lister.where, total=walk.smallest_total, seen=len(listed))
