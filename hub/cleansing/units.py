"""Units of measure: every spelling met in the wild to the one code of the unit list.

Belongs here: reading a unit's name. Not here: conversion between units (never done on load).
"""

from __future__ import annotations

from collections.abc import Mapping

from hub.cleansing.codes import listed
from hub.cleansing.result import Standard


def unit(raw: str, spellings: Mapping[str, str]) -> Standard:
    """The unit code a spelling means; `spellings` is `codes.lookup(unit list)`.

    >>> unit("公 斤", {"公斤": "KG"})
    Standard(value='KG', rule='unit.alias', reason=None)
    """
    return listed(raw, spellings, family="unit")
