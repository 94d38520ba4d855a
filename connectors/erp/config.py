"""How an ERP database and one object read from it look in defs.yaml.

Belongs here: the pydantic models (unknown keys are errors). Does not belong here: reading files, any I/O.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from connectors.config_base import Config, Identifier, Name, OutputColumn, QualifiedIdentifier, Title
from connectors.erp.presets import expanded
from connectors.erp.recipe import Computed, Conditions, JoinConditions


class ErpSettings(Config):
    """What a `SourceSystem` document of kind erp may say beside what every system says."""


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
        return self.alias or self.table.rpartition(".")[2]


class ErpTableConfig(Config):
    """One object read from an ERP: a table (or view), the columns wanted, left joins, a filter.

    preset: "<preset>.<object>", a recipe of connectors/presets: gives every key that is not written here.
    columns: of the main table; empty = all. more_columns: columns of the main table beside those of the
    preset (user-defined ones, say). computed: {output column: ratio or joined text}, see recipe.py.
    where: {column: value | [values] | null | {not: ..., from: ..., ...}}, all must hold; `alias.column` for
    the column of a join. any_of: [conditions, ...], at least one must hold as well.
    mode full: every read returns every row (key + hash compare, finds deletions).
    mode watermark: rows whose `watermark` is not older than the last one minus `overlap_minutes`.
    """

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
    mode: Literal["full", "watermark"] = "full"
    watermark: OutputColumn | None = None
    overlap_minutes: int = Field(default=60, ge=0)

    @model_validator(mode="before")
    @classmethod
    def _expand_preset(cls, data: Any) -> Any:
        return expanded(data) if isinstance(data, dict) else data

    @model_validator(mode="after")
    def _names_fit_together(self) -> ErpTableConfig:
        if self.mode == "watermark" and self.watermark is None:
            raise ValueError("mode watermark needs `watermark: <column>`")
        if self.columns and (missing := [k for k in self.key if k not in self.columns]):
            raise ValueError(f"key column {missing[0]} is not among `columns`")
        if self.columns and self.watermark is not None and self.watermark not in self.columns:
            raise ValueError(f"watermark column {self.watermark} is not among `columns`")
        outputs = [*self.columns, *(name for join in self.joins for name in join.columns), *self.computed]
        if repeated := [name for name in outputs if outputs.count(name) > 1]:
            raise ValueError(f"output column {repeated[0]} is named twice")
        known: set[str] = set()
        for join in self.joins:
            for left in join.match:
                alias, dot, _ = left.rpartition(".")
                if dot and alias not in known:
                    raise ValueError(f"`{left}`: no earlier join is called {alias}")
            if join.name in known:
                raise ValueError(f"two joins are called {join.name}: give one of them `as: <name>`")
            known.add(join.name)
        mentioned = [name for part in (self.where, *self.any_of) for name in part]
        for name in [*mentioned, *(part for item in self.computed.values() for part in item.parts)]:
            alias, dot, _ = name.rpartition(".")
            if dot and alias not in known:
                raise ValueError(f"`{name}`: no join is called {alias}")
        return self
