"""Mappings of workbooks that have a template and no file in schemas/mappings.

Belongs here: taking the mapping a template brings, since its columns already say what they fill. Does not belong
here: factors, status maps, constants (those need a file in schemas/mappings, which always comes first).
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as MappingABC
from pathlib import Path

from schemas.model import ColumnMapping, Contract, Mapping, Template
from schemas.template_options import broken
from schemas.yaml_lines import load_document


def template_mappings(
    templates: Iterable[Template], known: set[str], contracts: MappingABC[str, Contract]
) -> list[Mapping]:
    """A mapping for every template whose dataset is not in `known`.

    Raises Problem `template_broken` for an entity or a column that does not exist.
    """
    return [_mapping(template, contracts) for template in templates if template.dataset not in known]


def _mapping(template: Template, contracts: MappingABC[str, Contract]) -> Mapping:
    document = load_document(Path(template.path))
    contract = contracts.get(template.entity)
    if contract is None:
        raise broken(document, f"there is no entity {template.entity!r}: {', '.join(sorted(contracts))}", "entity")
    names = {column.name for column in contract.columns}
    filled: dict[str, str] = {}
    for number, column in enumerate(template.columns):
        if column.column is None:
            continue
        if column.column not in names:
            reason = f"{template.entity} has no column {column.column!r}: {', '.join(sorted(names))}"
            raise broken(document, reason, "columns", number, "column")
        if column.column in filled:
            reason = f"{column.column!r} is filled by {filled[column.column]!r} already"
            raise broken(document, reason, "columns", number, "column")
        filled[column.column] = column.source
    columns = tuple(ColumnMapping(column=name, source=source) for name, source in filled.items())
    return Mapping(template.dataset, template.entity, template.department, columns, template.path)
