"""Which standardiser serves which column, by the names used in contracts and mappings.

Belongs here: names -> functions, and the arguments a column gives them. Not here: their code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial

from hub.cleansing import addresses, dates, ids, money, names, numbers, quantities, text
from hub.cleansing import codes as code_forms
from hub.cleansing.boolean import boolean
from hub.cleansing.contact import email
from hub.cleansing.nearest import or_nearest
from hub.cleansing.phone import phone, phone_list
from hub.cleansing.result import Standard, Standardiser
from hub.cleansing.specs import spec
from hub.cleansing.units import unit
from hub.cleansing.uscc import uscc
from schemas.model import CodeList, Column
from schemas.problems import Problem

CodeLists = Mapping[str, CodeList]
Maker = Callable[[Column, CodeLists, Decimal], Standardiser]


def _listed(column: Column, lists: CodeLists, _: Decimal) -> Standardiser:
    spellings = code_forms.lookup(code_list(column, lists))
    return or_nearest(partial(code_forms.listed, spellings=spellings), spellings)


def _unit(column: Column, lists: CodeLists, _: Decimal) -> Standardiser:
    spellings = code_forms.lookup(code_list(column, lists, "unit"))
    return or_nearest(partial(unit, spellings=spellings), spellings)


def code_list(column: Column, lists: CodeLists, otherwise: str = "") -> CodeList:
    """The code list of a column, or `otherwise`; Problem if there is none of that name."""
    name = column.code_list or otherwise
    if name not in lists:
        raise Problem("standardiser_code_list_missing", column=column.name, code_list=name or "-")
    return lists[name]


def fit(column: Column, lists: CodeLists, times: Decimal) -> numbers.Fit:
    """What a column of numbers takes, by its precision, scale and unit (a currency, a unit of measure, or neither)."""
    unit = column.unit or ""
    named = unit.partition("/")[0]  # CNY/KG
    currency = named if named in money.CURRENCIES else money.NO_CURRENCY if unit else "CNY"
    understood = quantities.understood(column.unit, lists.get("unit"))
    return numbers.Fit(column.precision, column.scale, times, currency, understood)


def _number(standardiser: Callable[[str, numbers.Fit], Standard]) -> Maker:
    def make(column: Column, lists: CodeLists, times: Decimal) -> Standardiser:
        taken = fit(column, lists, times)
        return lambda raw: standardiser(raw, taken)

    return make


def _always(standardiser: Standardiser) -> Maker:
    return lambda column, lists, times: standardiser


STANDARDISERS: dict[str, Maker] = {
    "text": _always(text.text),
    "name": _always(text.name),
    "code": _always(code_forms.code),
    "material_code": _always(code_forms.material_code),
    "company_name": _always(names.company_name),
    "spec": _always(spec),
    "uscc": _always(uscc),
    "id_card": _always(ids.id_card),
    "ean": _always(ids.ean),
    "bank_card": _always(ids.bank_card),
    "phone": _always(phone),
    "phone_list": _always(phone_list),
    "email": _always(email),
    "province": _always(addresses.province),
    "city": _always(addresses.city),
    "county": _always(addresses.county),
    "unit": _unit,
    "code_list": _listed,
    "date": _always(dates.date_),
    "timestamp": _always(dates.timestamp),
    "integer": _number(numbers.integer),
    "decimal": _number(numbers.decimal),
    "percent": _number(numbers.percent),
    "boolean": _always(boolean),
}
# A column's type decides the form of its value; these standardisers make text.
_TEXT_ONLY = frozenset(STANDARDISERS) - {"date", "timestamp", "integer", "decimal", "percent", "boolean"}


def name_for(column: Column, override: str | None = None) -> str:
    """The standardiser's name: of the mapping, of the contract, or by the column's type."""
    if override or column.standard:
        return override or column.standard or ""
    if column.type == "string":
        return "code_list" if column.code_list else "text"
    return column.type


def standardiser(
    column: Column, lists: CodeLists, override: str | None = None, times: Decimal = numbers.ONE
) -> Standardiser:
    """The function for one column; `times` multiplies numbers (万元 into 元).

    Raises Problem if the name is unknown, does not fit the column's type, or needs a code list
    that is not there.
    """
    name = name_for(column, override)
    if name not in STANDARDISERS or (name in _TEXT_ONLY) != (column.type == "string"):
        known = ", ".join(sorted(STANDARDISERS))
        raise Problem("standardiser_unknown", standard=name, column=column.name, type=column.type, known=known)
    return STANDARDISERS[name](column, lists, times)
