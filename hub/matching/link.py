"""Clusters of records that share a key, without joining what must stay apart.

Belongs here: the pure clustering. Not here: where records come from or golden ids.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from hub.matching.domains import Key

RecordId = tuple[str, str]  # dataset, source key


def clusters(keys: Mapping[RecordId, Sequence[Key]], identity: str | None) -> dict[RecordId, tuple[RecordId, str]]:
    """{record: (smallest record of its cluster, kind of key that linked it or "alone")}.

    The identity kind links first, the others in alphabetical order. Two clusters with different
    identity keys are never joined, whatever weaker key they share. The result does not depend on
    the order of `keys`.
    """
    parent: dict[RecordId, RecordId] = {record: record for record in keys}
    identities: dict[RecordId, set[str]] = {
        record: {key.key for key in own if key.kind == identity} for record, own in keys.items()
    }
    reason: dict[RecordId, str] = {}

    def root(record: RecordId) -> RecordId:
        while parent[record] != record:
            parent[record] = parent[parent[record]]
            record = parent[record]
        return record

    def join(record: RecordId, anchor: RecordId, kind: str) -> None:
        low, high = sorted((root(record), root(anchor)))
        if low == high:
            return
        parent[high] = low
        identities[low] |= identities[high]
        reason.setdefault(record, kind)
        reason.setdefault(anchor, kind)

    groups: dict[tuple[bool, str, str], list[RecordId]] = defaultdict(list)
    for record, own in keys.items():
        for key in own:
            groups[(key.kind != identity, key.kind, key.key)].append(record)
    for (_, kind, _), members in sorted(groups.items()):
        known = sorted(record for record in members if identities[root(record)])
        nameless = sorted(record for record in members if not identities[root(record)])
        anchors: dict[frozenset[str], RecordId] = {}
        for record in known:
            join(record, anchors.setdefault(frozenset(identities[root(record)]), record), kind)
        # Two things of that name: which of them a record without identity means would be a guess.
        target = next(iter(anchors.values())) if len(anchors) == 1 else None
        for record in nameless:
            join(record, target or nameless[0], kind)
    return {record: (root(record), reason.get(record, "alone")) for record in keys}
