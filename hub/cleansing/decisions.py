"""What people decided about values: remembered texts and corrections of single values, put over what the source says.

Belongs here: the shape of decisions, reading them from the store, laying them over a column. Not here: how somebody
decides (hub/suggestions/decide.py), what a value means (the standardisers; a decided value goes through one, too).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

import psycopg
import pyarrow as pa
import pyarrow.compute as pc

from hub.cleansing.text import NOT_LEVEL, half_width

REMEMBERED, CORRECTED = "remembered", "correction"  # the rules under which changes are told


class Correction(NamedTuple):
    """raw: what the source said when it was decided; value: what it means (None: nothing)."""

    raw: str | None
    value: str | None


@dataclass(frozen=True)
class Decisions:
    """remembered: {entity column: {raw text: value}}, for every row of a department's datasets of one entity.

    corrections: {entity column: {source key: Correction}} of one dataset. A correction goes before a remembered text.
    """

    remembered: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))
    corrections: Mapping[str, Mapping[str, Correction]] = field(default_factory=lambda: MappingProxyType({}))


NONE = Decisions()


def decisions_of(connection: psycopg.Connection[Any], dataset: str, department: str, entity: str) -> Decisions:
    """What is in force now for one dataset."""
    remembered: dict[str, dict[str, str]] = {}
    for column, raw, value in connection.execute(
        "select column_name, raw_value, value from quality.remembered_value"
        " where active and department = %s and entity = %s order by id",
        (department, entity),
    ):
        remembered.setdefault(column, {})[raw] = value
    corrections: dict[str, dict[str, Correction]] = {}
    for column, key, raw, value in connection.execute(
        "select column_name, source_key, raw_value, value from quality.correction where active and dataset = %s",
        (dataset,),
    ):
        corrections.setdefault(column, {})[key] = Correction(raw, value)
    return Decisions(remembered, corrections)


def fingerprint(decisions: Decisions) -> str:
    """Changes whenever a value could come out differently; "" without any decision."""
    if not decisions.remembered and not decisions.corrections:
        return ""
    parts = {"remembered": dict(decisions.remembered), "corrections": dict(decisions.corrections)}
    return hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Decided:
    """Decisions laid over one column.

    where: true in the rows somebody decided. texts: the decided value there, null elsewhere (and where it is blank).
    rule: REMEMBERED or CORRECTED there, else null. outdated: true where a correction stands that no longer
    holds, because the source says something else now.
    """

    where: pa.Array
    texts: pa.Array
    rule: pa.Array
    outdated: pa.Array


def decided(decisions: Decisions, column: str, keys: pa.Array, raw: pa.Array) -> Decided | None:
    """What holds for a column whose rows have these keys and raw texts; None if nothing was ever decided on it."""
    remembered, corrections = decisions.remembered.get(column), decisions.corrections.get(column)
    if not remembered and not corrections:
        return None
    texts = _remembered(remembered, raw) if remembered else pa.nulls(len(raw), pa.string())
    where = pc.is_valid(texts)
    rule = pc.if_else(where, pa.scalar(REMEMBERED), pa.scalar(None, pa.string()))
    outdated = pa.repeat(False, len(raw))
    if corrections:
        known = list(corrections.values())
        at = pc.index_in(keys, value_set=pa.array(list(corrections), pa.string()))
        stands = pc.is_valid(at)
        was = pa.array([each.raw for each in known], pa.string()).take(at)
        holds = pc.and_(stands, _same(was, raw))
        outdated = pc.and_not(stands, holds)
        texts = pc.if_else(holds, pa.array([each.value for each in known], pa.string()).take(at), texts)
        rule = pc.if_else(holds, pa.scalar(CORRECTED), rule)
        where = pc.or_(where, holds)
    return Decided(where, texts, rule, outdated)


def _remembered(values: Mapping[str, str], raw: pa.Array) -> pa.Array:
    """The value of each raw text: as it stands, else as it stands but for width and blanks; null if none."""
    found = _looked_up(values, raw)
    levelled = _unambiguous(values)
    if not levelled:
        return found
    open_ = pc.and_(pc.is_null(found), pc.is_valid(raw))
    if not pc.any(open_).as_py():
        return found
    encoded = pc.dictionary_encode(raw.filter(open_))
    odd = pc.match_substring_regex(encoded.dictionary, NOT_LEVEL)
    forms = pc.replace_with_mask(
        encoded.dictionary,
        odd,
        pa.array([half_width(text) for text in encoded.dictionary.filter(odd).to_pylist()], pa.string()),
    )
    return pc.replace_with_mask(found, open_, _looked_up(levelled, forms).take(encoded.indices))


def _unambiguous(values: Mapping[str, str]) -> dict[str, str]:
    """{text of normal width and single blanks: value}; without texts that then mean two things."""
    found: dict[str, str | None] = {}
    for raw, value in values.items():
        form = half_width(raw)
        found[form] = value if found.get(form, value) == value else None
    return {form: value for form, value in found.items() if value is not None and form}


def _looked_up(values: Mapping[str, str], texts: pa.Array) -> pa.Array:
    at = pc.index_in(texts, value_set=pa.array(list(values), pa.string()))
    return pa.array(list(values.values()), pa.string()).take(at)


def _same(one: pa.Array, other: pa.Array) -> pa.Array:
    """Equal, or both null."""
    both_null = pc.and_(pc.is_null(one), pc.is_null(other))
    return pc.or_(pc.fill_null(pc.equal(one, other), False), both_null)
