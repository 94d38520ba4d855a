"""What a recipe may say beside plain equality: comparisons, and columns computed by the database.

Belongs here: the pydantic models. Does not belong here: the SQL they become (`conditions.py`), any I/O.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from connectors.config_base import Config, Identifier, QualifiedIdentifier, Scalar

# Between the parts of a joined text; written into the statement, hence so narrow.
Separator = Annotated[str, StringConstraints(pattern=r"^[-_./|#~ ]{1,3}$")]


class Comparison(Config):
    """A condition that is no equality; what is given must all hold.

    not: a value, a list of values or null that must not be met (rows with NULL stay, unless null is
    among what is refused). above, from, below, to: bounds (> >= < <=). like: % and _ as in SQL.
    """

    not_: Scalar | list[Scalar] = Field(default=None, alias="not")
    above: Scalar = None
    from_: Scalar = Field(default=None, alias="from")
    below: Scalar = None
    to: Scalar = None
    like: str | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Comparison:
        if not self.model_fields_set:
            raise ValueError("a comparison needs one of not, above, from, below, to, like")
        for name in self.model_fields_set - {"not_"}:
            if getattr(self, name) is None:
                raise ValueError(f"`{name.rstrip('_')}` needs a value")
        return self


# value | [values] | null | {not: ..., from: ..., ...}
Condition = Scalar | list[Scalar] | Comparison
# {column: condition}, all must hold; `alias.column` for the column of a join.
Conditions = dict[QualifiedIdentifier, Condition]
JoinConditions = dict[Identifier, Condition]


class Computed(Config):
    """A column made of others (`column`, or `alias.column` of a join); exactly one of the two forms.

    ratio: [a, b]: a / b as an exact decimal of ten places, NULL where b is 0 or NULL.
    joined: [a, b, ...]: the text of a, then of each other one that is not blank, `separator` before it.
    """

    ratio: Annotated[list[QualifiedIdentifier], Field(min_length=2, max_length=2)] | None = None
    joined: Annotated[list[QualifiedIdentifier], Field(min_length=2)] | None = None
    separator: Separator = "-"

    @model_validator(mode="after")
    def _one_form(self) -> Computed:
        if (self.ratio is None) == (self.joined is None):
            raise ValueError("a computed column needs either `ratio: [a, b]` or `joined: [a, b, ...]`")
        return self

    @property
    def parts(self) -> list[str]:
        return self.ratio or self.joined or []
