"""What every configuration model is built from: strict models, and the names that may be written.

Belongs here: types shared by the rooms' own models (erp/config.py, mes/config.py, excel/config.py).
Does not belong here: a model of one kind of source, any I/O.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

# Our own names: systems, objects.
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=63)]
# Names of the source: letters (any script), digits, _ $ # @. Everything else is refused here, and what
# passes is still resolved against the catalogue and quoted by the dialect.
Identifier = Annotated[str, StringConstraints(pattern=r"^[\w$#@]+$", max_length=128)]
QualifiedIdentifier = Annotated[str, StringConstraints(pattern=r"^[\w$#@]+(\.[\w$#@]+)*$", max_length=256)]
# A leading underscore is reserved for columns the hub adds (_key, _row_no).
OutputColumn = Annotated[str, StringConstraints(pattern=r"^[^\W_][\w$#@]*$", max_length=128)]
EnvName = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*$")]
DottedPath = Annotated[str, StringConstraints(pattern=r"^[^.\s]+(\.[^.\s]+)*$")]
Scalar = str | int | bool | None


class Config(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Title(Config):
    """A wording in both languages."""

    zh: str
    en: str
