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

    Keys link in the order of the kinds as they appear in a record (strongest first). Two clusters
    with different identity keys are never joined, whatever weaker key they share. The result does
    not depend on the order of `keys`.
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

    groups: dict[tuple[int, str, str], list[RecordId]] = defaultdict(list)
    for record in sorted(keys):
        for strength, key in enumerate(_by_strength(keys[record], identity)):
            groups[(0 if key.kind == identity else 1 + strength, key.kind, key.key)].append(record)
    for (_, kind, _), members in sorted(groups.items()):
        # Those with an identity first: the nameless join them, not the other way round.
        anchors: list[RecordId] = []
        for record in sorted(members, key=lambda member: (not identities[root(member)], member)):
            mine = root(record)
            for anchor in anchors:
                other = root(anchor)
                if other == mine:
                    break
                both = identities[mine] | identities[other]
                if len(both) <= 1 or identities[mine] == identities[other]:
                    low, high = sorted((mine, other))
                    parent[high] = low
                    identities[low] = both
                    reason.setdefault(record, kind)
                    reason.setdefault(anchor, kind)
                    break
            else:
                anchors.append(record)
    return {record: (root(record), reason.get(record, "alone")) for record in keys}


def _by_strength(keys: Sequence[Key], identity: str | None) -> list[Key]:
    return sorted(keys, key=lambda key: key.kind != identity)
