"""How an ERP database and one object read from it look in defs.yaml.

Belongs here: the pydantic models (unknown keys are errors). Does not belong here: reading files, any I/O.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from connectors.config_base import (
    ONE_OR_MANY,
    Config,
    Identifier,
    Name,
    OutputColumn,
    QualifiedIdentifier,
    Title,
    filled_by_presets,
)
from connectors.erp.names import parts
from connectors.erp.presets import expanded
from connectors.erp.recipe import Computed, Conditions, JoinConditions
from connectors.erp.settings import TableAccess


class Join(Config):
    """One LEFT JOIN. `match`: {left column: column of `table`}, all equal.

    A left column without a dot belongs to the main table; `alias.column` to an earlier join, whose
    alias is its `as` (default: its table name). `columns`: {output column: column of `table`}.
    where: further conditions on columns of `table` ({FLOCALEID: 2052}): rows of it that do not meet them
    are not joined; the row of the main table stays.
    """

    table: QualifiedIdentifier
    alias: Identifier | None = Field(default=None, alias="as")
    match: dict[QualifiedIdentifier, Identifier] = Field(min_length=1)
    columns: dict[OutputColumn, Identifier] = Field(default_factory=dict)
    where: JoinConditions = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _not_on(cls, data: Any) -> Any:
        # YAML 1.1 readers (Dagster's is one) turn a bare `on` into the boolean true.
        if isinstance(data, dict) and ("on" in data or True in data):
            raise ValueError("write `match:` instead of `on:`")
        return data

    @property
    def name(self) -> str:
        return self.alias or parts(self.table)[-1]


def _as_list(value: Any) -> Any:
    """One name stands for a list of one."""
    return [value] if isinstance(value, str) else value


class ErpTableConfig(TableAccess):
    """One object read from an ERP: a table (or view), the columns wanted, left joins, a filter.

    preset: "<preset>.<object>", a recipe of connectors/presets: gives every key that is not written here.
    columns: of the main table; empty = all. more_columns: columns of the main table beside those of the
    preset (user-defined ones, say). computed: {output column: ratio or joined text}, see recipe.py.
    where: {column: value | [values] | null | {not: ..., from: ..., ...}}, all must hold; `alias.column` for
    the column of a join. any_of: [conditions, ...], at least one must hold as well.

    mode (docs/reading-modes.md says which one when):
      full: every row is compared by key and content; finds deletions. `compare`: source = the database
        hashes ranges of keys and only ranges that changed travel; here = all rows travel; auto = source
        where the database can.
      watermark: rows whose `watermark` (a column, or several: the first that is not empty counts) is not
        older than the last one minus `overlap_minutes`.
      rowversion: rows whose `rowversion` grew: a column of the database's own (SQL Server rowversion,
        PostgreSQL xmin) or any number that only grows.
      changes: rows whose keys stand in the database's own log of changes. `slot`: name of the
        replication slot (PostgreSQL only; default: one of the object's own).
    deletions (modes watermark and rowversion): keys = each read ends with a comparison of all keys.
    full_every: days between full comparisons in the other modes; 0 = only the first read is full.
    parallel: connections that read a full comparison side by side.

    schema_change: what to do when a column that is read was dropped, renamed, retyped or narrowed. pause:
      leave this object alone until a person accepts it; fail: the same, as an error of every sync; evolve:
      read on, but never without a column that is needed.
    mirror: keep the current rows, as the ERP has them, in raw_<system>.<object> of the store as well.
    """

    model_config = ConfigDict(json_schema_extra=filled_by_presets)

    system: Name
    object: Name
    title: Title | None = None
    preset: str | None = None
    table: QualifiedIdentifier
    key: list[OutputColumn] = Field(min_length=1)
    columns: list[OutputColumn] = Field(default_factory=list)
    more_columns: list[OutputColumn] = Field(default_factory=list)
    joins: list[Join] = Field(default_factory=list)
    computed: dict[OutputColumn, Computed] = Field(default_factory=dict)
    where: Conditions = Field(default_factory=dict)
    any_of: list[Conditions] = Field(default_factory=list)
    mode: Literal["full", "watermark", "rowversion", "changes"] = "full"
    compare: Literal["auto", "source", "here"] = "auto"
    watermark: Annotated[list[Identifier], BeforeValidator(_as_list), WithJsonSchema(ONE_OR_MANY)] = Field(
        default_factory=list
    )
    overlap_minutes: int = Field(default=60, ge=0)
    rowversion: Identifier | None = None
    slot: Name | None = None
    deletions: Literal["keys", "no"] = "keys"
    full_every: int = Field(default=7, ge=0)
    parallel: int = Field(default=1, ge=1, le=16)
    schema_change: Literal["evolve", "pause", "fail"] = "pause"
    mirror: bool = False

    @model_validator(mode="before")
    @classmethod
    def _expand_preset(cls, data: Any) -> Any:
        return expanded(data) if isinstance(data, dict) else data

    @model_validator(mode="after")
    def _names_fit_together(self) -> ErpTableConfig:
        if self.mode == "watermark" and not self.watermark:
            raise ValueError("mode watermark needs `watermark: <column>`")
        if self.mode == "rowversion" and self.rowversion is None:
            raise ValueError("mode rowversion needs `rowversion: <column>`")
        if self.columns and (missing := [k for k in self.key if k not in self.columns]):
            raise ValueError(f"key column {missing[0]} is not among `columns`")
        outputs = [*self.columns, *(name for join in self.joins for name in join.columns), *self.computed]
        if repeated := [name for name in outputs if outputs.count(name) > 1]:
            raise ValueError(f"output column {repeated[0]} is named twice")
        known: set[str] = set()
        for join in self.joins:
            for left in join.match:
                if len(path := parts(left)) > 1 and path[0] not in known:
                    raise ValueError(f"`{left}`: no earlier join is called {path[0]}")
            if join.name in known:
                raise ValueError(f"two joins are called {join.name}: give one of them `as: <name>`")
            known.add(join.name)
        mentioned = [name for part in (self.where, *self.any_of) for name in part]
        for name in [*mentioned, *(part for item in self.computed.values() for part in item.parts)]:
            if len(path := parts(name)) > 1 and path[0] not in known:
                raise ValueError(f"`{name}`: no join is called {path[0]}")
        return self
