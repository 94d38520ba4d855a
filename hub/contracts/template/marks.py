"""What the cells of an entry sheet refuse, and the colours that follow what people write.

Belongs here: data validations and conditional formats. Does not belong here: SQL as formulas (`formulas.py`).
Excel takes one validation per cell, so a column with a drop-down keeps it, and what else is asked of it shows as a
colour; other limits are put together in one formula.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from hub.contracts.portable import NotPortableError
from hub.contracts.template.formulas import blank, formula
from hub.contracts.template.plan import Field, Plan, column_name
from hub.contracts.words import word
from schemas.model import Rule
from schemas.problems import Language

if TYPE_CHECKING:
    from openpyxl.worksheet.datavalidation import DataValidation
    from openpyxl.worksheet.worksheet import Worksheet

LAST_ROW = 5000  # rows that get validations and colours
LONGEST_FORMULA = 255  # what Excel's own dialogue takes
_LONGEST_ERROR = 225
_LISTED = ("in_list", "readable", "reference")  # kinds of rules that a value outside the list would break
_LONGEST_PROMPT = 255
_DAYS = (date(1900, 1, 1), date(9999, 12, 31))
_NUMBERS = (Decimal("-999999999999"), Decimal("999999999999"))
REQUIRED, NEEDED, UNFIT, REPEATED = "FFF8CBAD", "FFFFC000", "FFFFEB9C", "FFD9C3E8"


@dataclass(frozen=True)
class Limits:
    """The least and the greatest a range rule allows, and whether a row outside is held back."""

    low: Any
    high: Any
    holds: bool


def untranslated(field: Field, plan: Plan) -> list[Rule]:
    """Conditional rules of a column that no formula can say; the comment on the header says them instead."""
    return [rule for rule in field.conditional if _needed(rule, plan) is None]


def limits(field: Field) -> Limits:
    """Of all range rules about the column that hold for every row."""
    about = field.about
    is_moment = about is not None and about.type in ("date", "timestamp")
    low, high = _DAYS if is_moment else _NUMBERS
    holds = False
    for rule in field.rules:
        if rule.kind != "range" or rule.where:
            continue
        least, most = (_read(rule.args.get(name), is_moment) for name in ("min", "max"))
        low = low if least is None else max(low, least)
        high = high if most is None else min(high, most)
        holds = holds or rule.severity == "error"
    return Limits(low, high, holds)


def add_validation(sheet: Worksheet, number: int, field: Field, plan: Plan, language: Language, listed: str) -> None:
    """The validation of one column; `listed`: the defined name of its drop-down, or ""."""
    from openpyxl.worksheet.datavalidation import DataValidation

    letters = column_name(number)
    if field.choices is not None and listed:
        holds = any(
            rule.severity == "error" and rule.kind in ("in_list", "readable", "reference") for rule in field.rules
        )
        key = "template.choose_code" if field.choices.live else "template.choose"
        made = DataValidation(type="list", formula1=listed, allow_blank=True)
        _speak(made, field, word(language, "template.not_listed"), word(language, key), language, stop=holds)
    else:
        found = _validation(letters, field, plan, language)
        if found is None:
            return
        made = found
    made.add(f"{letters}2:{letters}{LAST_ROW}")
    sheet.add_data_validation(made)


def _validation(letters: str, field: Field, plan: Plan, language: Language) -> DataValidation | None:
    from openpyxl.worksheet.datavalidation import DataValidation

    test, message, stop = _own_test(letters, field, language)
    needs = [found for rule in field.conditional if (found := _needed(rule, plan)) is not None]
    asked = [rule for rule in field.conditional if _needed(rule, plan) is not None]
    if needs:
        ref = f"{letters}2"
        parts = [f"NOT(AND({need},{blank(ref)}))" for need in needs]
        if test:
            parts.append(f"OR({blank(ref)},{test})")
        whole = parts[0] if len(parts) == 1 else f"AND({','.join(parts)})"
        if len(whole) <= LONGEST_FORMULA:
            # Not blank-tolerant: Excel would skip the formula for the very cells it is about.
            made = DataValidation(type="custom", formula1=whole, allow_blank=False)
            told = " ".join(word(language, "template.bad_if", title=rule.title[language]) for rule in asked)
            stop = stop or any(rule.severity == "error" for rule in asked)
            _speak(made, field, f"{told} {message}".strip(), told, language, stop=stop)
            return made
    plain = _plain(field)
    if plain is None:
        return None
    _speak(plain, field, message, _hint(field, language), language, stop=stop)
    return plain


def _plain(field: Field) -> DataValidation | None:
    """Excel's own kinds: date, number, whole number, length of a text."""
    from openpyxl.worksheet.datavalidation import DataValidation

    kind = field.about.type if field.about is not None else "string"
    if kind == "string":
        if field.longest is None:
            return None
        return DataValidation(
            type="textLength", operator="lessThanOrEqual", formula1=str(field.longest), allow_blank=True
        )
    if kind == "boolean":
        return None
    found = limits(field)
    low, high = (_excel(found.low), _excel(found.high))
    names: dict[str, Literal["date", "whole", "decimal"]] = {"integer": "whole", "decimal": "decimal"}
    return DataValidation(
        type=names.get(kind, "date"), operator="between", formula1=low, formula2=high, allow_blank=True
    )


def _own_test(letters: str, field: Field, language: Language) -> tuple[str, str, bool]:
    """(formula that the value itself passes or "", what is said otherwise, whether nothing else is taken)."""
    kind, ref = field.about.type if field.about is not None else "string", f"{letters}2"
    if kind == "string":
        if field.longest is None:
            return "", "", False
        message = word(language, "template.bad_length", length=field.longest)
        return f"LEN({ref})<={field.longest}", message, True
    if kind == "boolean":
        return "", "", False
    found = limits(field)
    test = f"AND(ISNUMBER({ref}),{ref}>={_excel(found.low)},{ref}<={_excel(found.high)})"
    key = {"integer": "bad_whole", "decimal": "bad_number"}.get(kind, "bad_date")
    return test, word(language, f"template.{key}", low=found.low, high=found.high), found.holds


def _hint(field: Field, language: Language) -> str:
    about = field.about
    if about is None:
        return ""
    said = about.description[language] if about.description else word(language, f"template.type_{about.type}")
    example = word(language, "template.example", example=about.example) if about.example else ""
    return f"{said}\n{example}".strip()


def _speak(made: DataValidation, field: Field, error: str, prompt: str, language: Language, stop: bool) -> None:
    """The messages: when a cell is chosen, and when it is refused (stop) or doubted (warning)."""
    title = (field.about.title[language] if field.about is not None else field.layout.source)[:32]
    made.showErrorMessage, made.error, made.errorTitle = True, error[:_LONGEST_ERROR], title
    made.errorStyle = "stop" if stop else "warning"
    if prompt:
        made.showInputMessage, made.prompt, made.promptTitle = True, prompt[:_LONGEST_PROMPT], title


def add_colours(sheet: Worksheet, plan: Plan) -> None:
    """Colours for what is missing, what does not fit its row, and repeated rows."""
    from openpyxl.formatting.rule import FormulaRule
    from openpyxl.styles import PatternFill

    last = column_name(len(plan.fields))
    started = f"COUNTA($A2:${last}2)>0"
    for number, field in enumerate(plan.fields, start=1):
        letters = column_name(number)
        ref, found = f"${letters}2", []
        if field.required:
            found.append((f"AND({started},{blank(ref)})", REQUIRED))
        found += [
            (f"AND({need},{blank(ref)})", NEEDED)
            for rule in field.conditional
            if (need := _needed(rule, plan)) is not None
        ]
        found += [(unfit, UNFIT) for rule in field.rules if (unfit := _unfit(rule, plan)) is not None]
        for text, colour in found:
            fill = PatternFill("solid", start_color=colour, end_color=colour)
            sheet.conditional_formatting.add(f"{letters}2:{letters}{LAST_ROW}", FormulaRule(formula=[text], fill=fill))
    if repeated := _repeated(plan):
        fill = PatternFill("solid", start_color=REPEATED, end_color=REPEATED)
        sheet.conditional_formatting.add(f"A2:{last}{LAST_ROW}", FormulaRule(formula=[repeated], fill=fill))


def _needed(rule: Rule, plan: Plan) -> str | None:
    """When a conditional rule asks for a value; None if no formula can say it."""
    try:
        return formula(rule.where or "true", plan.cells)
    except NotPortableError:
        return None


def _unfit(rule: Rule, plan: Plan) -> str | None:
    """When the row contradicts a condition over several columns; None for other kinds."""
    if rule.kind == "expression":
        sql = str(rule.args["sql"])
    elif rule.kind == "ordered":
        sql = f'"{rule.column}" {"<" if rule.args.get("strict") else "<="} "{rule.args["before"]}"'
    else:
        return None
    try:
        fails = formula(sql, plan.cells, fails=True)
        return f"AND({formula(rule.where, plan.cells)},{fails})" if rule.where else fails
    except NotPortableError:
        return None


def _repeated(plan: Plan) -> str | None:
    """Rows with the same key; not COUNTIF, which takes numbers of 18 digits for equal when 15 digits are."""
    names = [entry.layout.source for entry in plan.fields]
    if not plan.template.key or any(name not in names for name in plan.template.key):
        return None
    letters = [column_name(names.index(name) + 1) for name in plan.template.key]
    same = "*".join(f"(${letter}$2:${letter}${LAST_ROW}=${letter}2)" for letter in letters)
    return f"AND(NOT({blank(f'${letters[0]}2')}),SUMPRODUCT({same})>1)"


def _read(value: Any, is_moment: bool) -> Any:
    """A limit of a rule; None for one that is not a fixed value (today and the like)."""
    if value is None:
        return None
    try:
        return datetime.fromisoformat(str(value)).date() if is_moment else Decimal(str(value))
    except (ValueError, ArithmeticError):
        return None


def _excel(value: Any) -> str:
    return f"DATE({value.year},{value.month},{value.day})" if isinstance(value, date) else format(value, "f")
