"""An entry workbook in one call, for the portal and the command line.

Belongs here: gathering what the parts of this room need. Does not belong here: the parts.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import psycopg

from connectors.config import read_systems
from hub.cleansing.dates import ZONE
from hub.contracts.named import is_file, named, with_neighbours
from hub.contracts.template.book import write
from hub.contracts.template.live import live_choices
from hub.contracts.template.plan import entry_template, plan
from hub.landing.dataset import all_mappings
from hub.quality.systems import Systems
from schemas.loader import code_lists, contracts, templates
from schemas.model import Contract, Template
from schemas.problems import Language


def wanted(name: str) -> tuple[Template, Contract]:
    """What a person asks an entry workbook for: an upload template, else an entity or a contract file.

    Raises Problem `contract_unknown` and those of reading a contract.
    """
    if not is_file(name) and name in templates():
        template = templates()[name]
        return template, contracts()[template.entity]
    contract = named(name)
    return entry_template(contract), contract


def entry_workbook(
    template: Template,
    contract: Contract,
    language: Language,
    connection: psycopg.Connection[Any] | None = None,
    department: str | None = None,
) -> bytes:
    """The .xlsx. connection: to the store whose master data the drop-downs offer; None = code lists only.

    department: only master data that this department keeps.
    """
    live = {}
    if connection is not None:
        systems = Systems.of(read_systems()[0].values())
        known = with_neighbours(contract)
        live = live_choices(connection, contract, known, all_mappings().values(), systems, department)
    return write(plan(template, contract, code_lists(), language, live), language, datetime.now(ZONE).date())
