"""From a rule to its rows to the exact cell or key; held and rejected rows."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from hub.settings import settings
from portal.i18n import text
from portal.web import access, names, originals
from portal.web.access import Me
from portal.web.queries import findings as found
from portal.web.render import language, page, when
from portal.web.store import Row, Store
from schemas.problems import Language, catalogue

router = APIRouter()
Page = Annotated[int, Query(ge=1, le=1_000_000)]
Size = Annotated[int, Query(ge=1, le=200)]
Choice = Annotated[str | None, Query(max_length=200)]


@router.get("/quality/findings")
def all_findings(request: Request, connection: Store) -> Response:
    """Open findings per rule, narrowed by the filters in the address."""
    given = {name: request.query_params.get(name) for name in found.FILTERS}
    params = found.list_params(given, None)
    groups = [{**row, "words": names.rule(row["rule"])} for row in found.by_rule(connection, params)]
    return page(request, "findings", groups=groups, given=given, choices=found.choices(connection, None))


@router.get("/quality/rules/{rule}/rows")
def rule_rows(request: Request, connection: Store, rule: str, q: Choice = None, page_no: Page = 1) -> Response:
    """The rows that break one rule; the list itself is fetched page by page."""
    given = {name: request.query_params.get(name) for name in found.FILTERS} | {"rule": rule}
    total = found.count(connection, found.list_params(given, q))
    return page(
        request,
        "rule_rows",
        rule_id=rule,
        words=names.rule(rule),
        given=given,
        q=q or "",
        page_no=page_no,
        total=total,
        choices=found.choices(connection, rule),
    )


@router.get("/quality/findings.json")
def findings_json(
    request: Request,
    connection: Store,
    q: Choice = None,
    page: Page = 1,
    size: Size = 50,
    sort: Choice = None,
    direction: Choice = None,
) -> Response:
    """One page of open findings: {last_page, last_row, data}."""
    lang = language(request)
    params = found.list_params({name: request.query_params.get(name) for name in found.FILTERS}, q)
    total = found.count(connection, params)
    listed = found.listed(connection, params, page, size, sort or "", direction == "desc")
    data = [
        {
            "id": row["id"],
            "where": _where(row, lang),
            "column": row["source_column"] or names.column(row["entity"], row["column_name"], lang),
            "value": row["value"],
            "standard_value": row["standard_value"],
            "department": names.department(row["department"], lang),
            "severity": row["severity"],
            "severity_word": text(lang, f"severity.{row['severity']}"),
            "first_seen": when(row["first_seen_at"]),
        }
        for row in listed
    ]
    return JSONResponse(_paged(total, size, data))


@router.get("/quality/findings/{finding_id}")
def finding(request: Request, connection: Store, user: Me, finding_id: int) -> Response:
    """One finding: the original, the rule, how to fix it."""
    row = found.one_finding(connection, finding_id)
    if row is None:
        raise HTTPException(404)
    landing = settings().landing
    grid = record = None
    if row["landed_path"] and row["row_no"] and row["source_path"]:
        grid = originals.grid(landing, row["landed_path"], row["columns"], row["row_no"])
    else:
        # The file the finding names first; a row that has not changed since may stand in an older one.
        paths = [path for path in (row["landed_path"], *found.landed_paths(connection, row["dataset"])) if path]
        record = originals.record(landing, paths, row["source_key"])
    lang = language(request)
    return page(
        request,
        "finding",
        finding=row,
        words=names.rule(row["rule"]),
        where=_where(row, lang),
        sentence=names.finding_sentence(row, row["entity"], row["cell"], lang),
        grid=grid,
        record=record,
        siblings=found.siblings(connection, row),
        may_correct=access.may(user.role, "POST", "/quality/findings/{finding_id}/correct"),
        correction=found.correction(connection, row),
        column_title=names.column(row["entity"], row["column_name"], lang),
    )


@router.get("/quality/held")
def held(request: Request, connection: Store, dataset: Choice = None) -> Response:
    """Rows that wait for a fix."""
    return page(request, "held", datasets=found.held_by_dataset(connection), dataset=dataset or "")


@router.get("/quality/held.json")
def held_json(request: Request, connection: Store, dataset: Choice = None, page: Page = 1, size: Size = 50) -> Response:
    """One page of held rows."""
    lang = language(request)
    counts = {row["dataset"]: row["rows"] for row in found.held_by_dataset(connection)}
    data = [
        {
            "dataset": names.dataset(row["dataset"], lang),
            "where": _where({**row, "cell": None}, lang),
            "key": row["source_key"],
            "finding": row["reasons"][0]["id"] if row["reasons"] else None,
            "reasons": [{"id": reason["id"], "text": _reason(reason, lang)} for reason in row["reasons"]],
        }
        for row in found.held(connection, dataset or None, page, size)
    ]
    total = counts.get(dataset, 0) if dataset else sum(counts.values())
    return JSONResponse(_paged(total, size, data))


@router.get("/quality/rejected")
def rejected(request: Request, connection: Store, dataset: Choice = None) -> Response:
    """Rows that could not be read as data."""
    return page(request, "rejected", datasets=found.rejected_by_dataset(connection), dataset=dataset or "")


@router.get("/quality/rejected.json")
def rejected_json(
    request: Request, connection: Store, dataset: Choice = None, page: Page = 1, size: Size = 50
) -> Response:
    """One page of rejected rows."""
    lang = language(request)
    counts = {row["dataset"]: row["rows"] for row in found.rejected_by_dataset(connection)}
    data = [
        {
            "dataset": names.dataset(row["dataset"], lang),
            "where": _where({**row, "cell": None}, lang),
            "raw": row["raw"],
            "reason": rejection(row["reason"], row, lang),
        }
        for row in found.rejected(connection, dataset or None, page, size)
    ]
    total = counts.get(dataset, 0) if dataset else sum(counts.values())
    return JSONResponse(_paged(total, size, data))


def rejection(code: str, row: Row, lang: Language) -> str:
    """The sentence for a rejected row; facts of the row fill its parameters."""
    template = catalogue().get(code)
    if template is None:
        return code
    facts: dict[str, Any] = {
        "row": row.get("row_no"),
        "row_no": row.get("row_no"),
        "sheet": row.get("sheet"),
        "file": row.get("source_path"),
        "key": row.get("source_key"),
        "raw": row.get("raw"),
    }
    try:
        return template[lang].format(**facts)
    except KeyError:
        return code


def _where(row: Row, lang: Language) -> str:
    """ "file › sheet › D12" for a spreadsheet, "t_ICItem FItemID 2231" for a database, the id for the MES."""
    if row["source_path"]:
        place = row["cell"] or (text(lang, "common.row_no", row=row["row_no"]) if row["row_no"] else row["source_key"])
        return " › ".join(part for part in (row["source_path"], row["sheet"], place) if part)
    system = row["dataset"].partition(".")[0]
    return f"{names.system(system, lang)}: {names.source_key(row['dataset'], row['source_key'])}"


def _reason(reason: Row, lang: Language) -> str:
    title = names.rule_title(reason["rule"], lang)
    place = reason["cell"] or reason["column"] or ""
    value = f"“{reason['value']}”" if reason["value"] not in (None, "") else ""
    return " ".join(part for part in (place, value, title) if part)


def _paged(total: int, size: int, data: list[dict[str, Any]]) -> dict[str, Any]:
    return {"last_page": max(1, -(-total // size)), "last_row": total, "data": data}
