"""The typed form of contracts, mappings and code lists, as the other rooms use them.

Belongs here: immutable descriptions. Does not belong here: reading YAML (`loader.py`), SQL.
"""

from __future__ import annotations

from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from schemas.problems import Language

ColumnType = Literal["string", "integer", "decimal", "date", "timestamp", "boolean"]
Severity = Literal["error", "warning", "info"]
# ODCS 3.1 names; screens show "conformity" as validity / 有效性.
Dimension = Literal["completeness", "uniqueness", "conformity", "consistency", "accuracy", "timeliness"]


@dataclass(frozen=True)
class Text:
    """A wording in both languages."""

    zh: str
    en: str

    def __getitem__(self, language: Language) -> str:
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True)
class Reference:
    """A foreign key: the values of a column exist in `column` of `entity` (ODCS relationship)."""

    entity: str
    column: str


@dataclass(frozen=True)
class Column:
    """One attribute of an entity.

    `standard` names the standardiser (hub/cleansing) that brings raw text to the standard form.
    `code_list` names the list in schemas/codes whose codes are the only allowed values.
    `max_length`: characters of a string; None = no limit. `references`: the foreign key, if it is one.
    """

    name: str
    type: ColumnType
    title: Text
    required: bool = False
    unit: str | None = None
    precision: int = 20
    scale: int = 6
    standard: str | None = None
    code_list: str | None = None
    synonyms: tuple[str, ...] = ()
    example: str | None = None
    description: Text | None = None
    max_length: int | None = None
    references: Reference | None = None


@dataclass(frozen=True)
class Threshold:
    """How much a rule tolerates before it counts as broken: at most so many rows, or percent of the rows checked."""

    at_most: Decimal
    unit: Literal["rows", "percent"] = "rows"


# What a rule must see: one row; all rows of its dataset; the rows of several datasets; a dataset as a whole.
RuleScope = Literal["row", "table", "set", "dataset"]


@dataclass(frozen=True)
class Rule:
    """A quality rule of a contract.

    `scope` "row": decided by each row alone, inside a load. "table": by all rows of a dataset; "set": by rows of
    several datasets; both in the store after the loads, "table" also over the rows of one file. "dataset": about a
    dataset as a whole (freshness, row count, its columns), without rows.
    `kind` and `args` select the SQL in hub/quality. `id` is "<entity>.<name>", unique. `where`: SQL condition over
    the entity's columns; the rule says nothing about rows for which it is not true.
    Severity "error" holds the row back until the cause is gone, "warning" lets it through marked, "info" counts.
    """

    id: str
    entity: str
    kind: str
    dimension: Dimension
    severity: Severity
    title: Text
    why: Text
    fix: Text
    column: str | None = None
    args: MappingABC[str, Any] = field(default_factory=dict)
    scope: RuleScope = "row"
    where: str | None = None
    threshold: Threshold | None = None

    @property
    def hold(self) -> bool:
        """Whether a row that breaks the rule waits until it is right."""
        return self.severity == "error" and self.scope != "dataset"


@dataclass(frozen=True)
class Contract:
    """What one entity is: columns, keys, owner and rules. Stored in table core.<entity>."""

    entity: str
    title: Text
    description: Text
    owner: str  # department code, see schemas/codes/department.yaml
    columns: tuple[Column, ...]
    business_key: tuple[str, ...]
    rules: tuple[Rule, ...]
    path: str = ""
    version: str = "1.0.0"
    sla: MappingABC[str, Any] = field(default_factory=dict)  # slaProperties: property -> value in hours or text

    def column(self, name: str) -> Column:
        """The column of that name; KeyError if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.entity} has no column {name}")


@dataclass(frozen=True)
class ColumnMapping:
    """Where one entity column comes from in one dataset.

    `source`: source column name, or None when `value` is a constant for every row.
    `values`: status map, raw text -> standard code; a raw text not in it stays as it is.
    `standard`: overrides the contract's standardiser for this source.
    `fallback`: source column read where `source` is blank (an ERP's raw id when the join found no
    code), so that a finding can still show what the source points to.
    `factor`: decimal text the source's number is multiplied by ("10000" for 万元 into 元).
    """

    column: str
    source: str | None = None
    value: str | None = None
    values: MappingABC[str, str] = field(default_factory=dict)
    standard: str | None = None
    fallback: str | None = None
    factor: str | None = None


@dataclass(frozen=True)
class Mapping:
    """How one dataset ("<system>.<object>") becomes rows of one entity."""

    dataset: str
    entity: str
    department: str  # who keeps this data, i.e. who fixes it
    columns: tuple[ColumnMapping, ...]
    path: str = ""


@dataclass(frozen=True)
class Code:
    """One entry of a code list: the standard code, its names, and spellings met in the wild."""

    code: str
    title: Text
    aliases: tuple[str, ...] = ()
    attributes: MappingABC[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CodeList:
    name: str
    title: Text
    codes: tuple[Code, ...]


CellType = Literal["text", "number", "date"]
HiddenPolicy = Literal["read", "warn", "skip"]


@dataclass(frozen=True)
class TemplateColumn:
    """One column of a workbook layout.

    `source`: the header as people write it, without unit, asterisk and upper header level; it is
    the column's name in the landed rows. `column`: the entity column it fills; None = landed only.
    `synonyms`: other headers that mean the same. `unit`: the unit its header is expected to name;
    with `convert`, numbers under a header with another unit of the same kind are multiplied.
    `origin`: "cell", or "sheet" or "file" where the value is the name of the sheet or of the file.
    `type`: what its cells hold; None = as the entity column says. `fill_down`: a blank cell repeats the one above.
    """

    source: str
    column: str | None = None
    synonyms: tuple[str, ...] = ()
    required: bool = False
    unit: str | None = None
    convert: bool = False
    origin: Literal["cell", "sheet", "file"] = "cell"
    type: CellType | None = None
    fill_down: bool = False


@dataclass(frozen=True)
class Hidden:
    """What to do with what a workbook hides: "read", "warn" (read and say so) or "skip" (leave out and say so)."""

    rows: HiddenPolicy = "warn"
    columns: HiddenPolicy = "warn"
    sheets: HiddenPolicy = "warn"
    filtered: HiddenPolicy = "warn"


@dataclass(frozen=True)
class Pin:
    """Where a person nailed a table down; None = found by content. Rows and columns are 1-based.

    `sheet`: a name, or the place in tab order. `header_row`: first and last header row; (0, 0) = the table has
    no header. `columns`: source column -> column of the sheet.
    """

    sheet: str | int | None = None
    header_row: tuple[int, int] | None = None
    first_column: int | None = None
    last_column: int | None = None
    last_row: int | None = None
    columns: MappingABC[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Template:
    """The layout of one kind of workbook: where its files lie, and how its table is recognised.

    `files`: glob patterns relative to the watched folder. `version_from`: regular expression whose
    first group is the version in a file's name; the greatest version is read. `sheets`: names, glob
    patterns, "/regular expressions/" or "#n" (n-th sheet), in order of preference; empty = any sheet whose header
    fits. `all_sheets`: every fitting sheet is read, as one table, not only the best; `all_tables`: the same for
    tables on one sheet. `key`: source columns whose texts, joined by "|", identify a row. `merged`: whether a
    merged cell counts for its first row only or for all. `calendar`: how bare years of dates are counted
    ("roc": 民國); None = as the cells themselves prove.
    """

    name: str
    title: Text
    description: Text
    department: str
    entity: str
    dataset: str  # "<system>.<object>"
    files: tuple[str, ...]
    columns: tuple[TemplateColumn, ...]
    key: tuple[str, ...]
    sheets: tuple[str, ...] = ()
    all_sheets: bool = False
    all_tables: bool = False
    version_from: str | None = None
    hidden: Hidden = Hidden()
    merged: Literal["first", "fill"] = "first"
    calendar: Literal["gregorian", "roc"] | None = None
    pin: Pin = Pin()
    path: str = ""

    def column(self, source: str) -> TemplateColumn:
        """The column of that source name; KeyError if there is none."""
        for column in self.columns:
            if column.source == source:
                return column
        raise KeyError(f"{self.name} has no column {source}")
