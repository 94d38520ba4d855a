"""What every configuration model is built from: strict models, and the names that may be written.

Belongs here: types shared by the rooms' own models (erp/config.py, mes/config.py, excel/config.py).
Does not belong here: a model of one kind of source, any I/O.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints

# Our own names: systems, objects.
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=63)]
# Names of the source: anything a database takes, blanks, dots, quotes and Chinese included; only control
# characters are refused. What passes is resolved against the catalogue and quoted by the dialect.
_SOURCE_NAME = r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$"
Identifier = Annotated[str, StringConstraints(pattern=_SOURCE_NAME, max_length=128)]
# May be "schema.name"; a dot inside a name wants quotes: dbo.[Order.Details] (erp/names.py).
QualifiedIdentifier = Annotated[str, StringConstraints(pattern=_SOURCE_NAME, max_length=256)]
# A leading underscore is reserved for columns the hub adds (_key, _row_no).
OutputColumn = Annotated[str, StringConstraints(pattern=r"^[^_\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$", max_length=128)]
EnvName = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*$")]
DottedPath = Annotated[str, StringConstraints(pattern=r"^[^.\s]+(\.[^.\s]+)*$")]
Scalar = str | int | bool | None


# What editors and `dg check yaml` are told of a list that may be written as one text.
ONE_OR_MANY: dict[str, Any] = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}


def filled_by_presets(schema: dict[str, Any]) -> None:
    """For editors and `dg check yaml`: what a preset may give need not be written; the model itself decides."""
    schema["required"] = ["system", "object"]


class Config(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Title(Config):
    """A wording in both languages."""

    zh: str
    en: str
