"""One upload: review grid, preview, corrected copy, submit, approve, return."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form, Query
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response

from hub.cleansing.wording import suggestion_titles
from hub.landing.dataset import UPLOADS
from hub.settings import settings
from hub.suggestions.for_file import accept_cell
from portal import marking
from portal.i18n import text
from portal.web import names, sheet_rows
from portal.web.access import Me
from portal.web.pages.findings import rejection
from portal.web.pages.uploads import RUNNING, found
from portal.web.queries import uploads
from portal.web.render import language, page
from portal.web.sessions import User
from portal.web.store import Row, Store, audit
from schemas.problems import Language, Problem
from schemas.template_loader import templates

router = APIRouter()
_CHECKED = ("checked", "submitted", "approved", "returned", "loading", "loaded", "failed")


@router.get("/uploads/{upload_id}")
def review(
    request: Request, connection: Store, user: Me, upload_id: int, rule: Annotated[str | None, Query()] = None
) -> Response:
    """Progress while it is being checked; afterwards issue groups and the grid."""
    upload = found(connection, user, upload_id)
    if upload["status"] in RUNNING or upload["status"] == "unreadable":
        return page(request, "upload_waiting", upload=upload)
    groups = [
        {**group, "words": names.rule(group["rule"]), "title": group_title(group, language(request))}
        for group in uploads.issue_groups(connection, upload_id)
    ]
    return page(
        request,
        "upload_review",
        upload=upload,
        groups=groups,
        suggestions=uploads.suggestions(connection, upload_id),
        titles=suggestion_titles(),
        may_accept=upload["status"] in ("checked", "returned") and _may_decide(user, upload),
        rejected=_rejected(connection, upload, language(request)),
        rule=rule or "",
        sheet=sheet_rows.description(settings().uploads, upload),
        load=uploads.load_counts(connection, upload["load_id"]) if upload["load_id"] else None,
    )


@router.get("/uploads/{upload_id}/grid.json")
def grid(
    request: Request,
    connection: Store,
    user: Me,
    upload_id: int,
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    size: Annotated[int, Query(ge=1, le=200)] = 50,
    rule: Annotated[str | None, Query(max_length=200)] = None,
    only: Annotated[str | None, Query(max_length=20)] = None,
) -> Response:
    """One page of the sheet: {last_page, last_row, data: [{row_no, cells, marks}]}."""
    upload = found(connection, user, upload_id)
    if upload["status"] not in _CHECKED:
        raise HTTPException(404)
    if rule or only == "issues":
        total, numbers = uploads.rows_with_findings(connection, upload_id, rule or None, page, size)
        lines = sheet_rows.numbered(settings().uploads, upload, numbers)
    else:
        total, lines = sheet_rows.paged(settings().uploads, upload, page, size)
    marks = _marks(connection, upload_id, _entity(upload), [line["row_no"] for line in lines], language(request))
    data = [{**line, "marks": marks.get(line["row_no"], {})} for line in lines]
    return JSONResponse({"last_page": max(1, -(-total // size)), "last_row": total, "data": data})


@router.get("/uploads/{upload_id}/preview")
def preview(request: Request, connection: Store, user: Me, upload_id: int) -> Response:
    """What submitting will change: counts, and the values that will be standardised."""
    upload = found(connection, user, upload_id)
    if upload["status"] not in _CHECKED:
        raise HTTPException(404)
    groups = uploads.issue_groups(connection, upload_id)
    return page(
        request,
        "upload_preview",
        upload=upload,
        plan=(upload["notes"] or {}).get("plan"),
        changes=[{**g, "title": group_title(g, language(request))} for g in groups if g["kind"] == "change"],
        held=[{**g, "title": group_title(g, language(request))} for g in groups if g["hold"]],
    )


@router.get("/uploads/{upload_id}/corrected")
def corrected(request: Request, connection: Store, user: Me, upload_id: int) -> Response:
    """The workbook with the suggestions applied and every finding marked in its cell."""
    upload = found(connection, user, upload_id)
    if upload["status"] not in _CHECKED:
        raise HTTPException(404)
    lang = language(request)
    source = settings().uploads / upload["stored_path"]
    extension = marking.extension_of_copy(source)
    with tempfile.NamedTemporaryFile(suffix=extension, delete=False) as file:
        target = Path(file.name)
    try:
        cells = marking.marks(uploads.findings(connection, upload_id), upload["sheet"], _entity(upload), lang)
        marking.corrected_copy(source, upload["file_name"], target, cells, lang)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    audit(connection, user.login, "download_corrected", str(upload_id), file=upload["file_name"])
    shown = f"{Path(upload['file_name']).stem}_{text(lang, 'upload.corrected_suffix')}{extension}"
    return FileResponse(
        target,
        media_type=marking.MEDIA_TYPES[extension],
        headers={
            "Content-Disposition": f"attachment; filename=\"corrected{extension}\"; filename*=UTF-8''{quote(shown)}"
        },
        background=BackgroundTask(target.unlink, missing_ok=True),
    )


@router.post("/uploads/{upload_id}/accept")
def accept(connection: Store, user: Me, upload_id: int, pick: Annotated[list[int] | None, Form()] = None) -> Response:
    """Accept the ticked suggestions for all cells alike, remember them for the department, and check again."""
    upload = found(connection, user, upload_id)
    if not _may_decide(user, upload):
        raise Problem("suggestion_other_department", department=_department(upload))
    picked = [uploads.suggestion(connection, upload_id, number) for number in sorted(set(pick or ()))]
    if any(picked) and not uploads.check_again(connection, upload_id):
        raise Problem("upload_moved_on", id=upload_id)
    for cell in filter(None, picked):
        accept_cell(connection, f"{UPLOADS}.{upload['template']}", cell, user.login)
    if any(picked):
        audit(connection, user.login, "upload_suggestions", str(upload_id), file=upload["file_name"], count=len(picked))
    return RedirectResponse(f"/uploads/{upload_id}", 303)


def _may_decide(user: User, upload: Row) -> bool:
    """Stewards, and people of the department whose data the workbook holds: what they accept is remembered for it."""
    return user.role in ("it", "coach") or user.department == _department(upload)


def _department(upload: Row) -> str:
    template = templates().get(upload["template"] or "")
    return template.department if template else ""


@router.post("/uploads/{upload_id}/submit")
def submit(connection: Store, user: Me, upload_id: int) -> Response:
    """Hand the upload in for approval."""
    upload = found(connection, user, upload_id)
    if not uploads.submit(connection, upload_id):
        raise Problem("upload_moved_on", id=upload_id)
    audit(connection, user.login, "submit", str(upload_id), file=upload["file_name"], ready=upload["rows_ready"])
    return RedirectResponse(f"/uploads/{upload_id}", 303)


@router.post("/uploads/{upload_id}/approve")
def approve(connection: Store, user: Me, upload_id: int) -> Response:
    """Let it be loaded; Dagster picks it up."""
    return _decide(connection, user, upload_id, "approved", "")


@router.post("/uploads/{upload_id}/return")
def give_back(connection: Store, user: Me, upload_id: int, note: Annotated[str, Form(max_length=2000)]) -> Response:
    """Give it back with a note."""
    return _decide(connection, user, upload_id, "returned", note.strip())


def _decide(connection: Store, user: Me, upload_id: int, status: str, note: str) -> Response:
    upload = found(connection, user, upload_id)
    if not uploads.decide(connection, upload_id, user.login, status, note):
        raise Problem("upload_moved_on", id=upload_id)
    audit(connection, user.login, f"upload_{status}", str(upload_id), file=upload["file_name"], note=note)
    return RedirectResponse(f"/uploads/{upload_id}", 303)


def group_title(group: Row, lang: Language) -> str:
    """An issue in business words; changes and rejected rows have theirs in the catalogues."""
    if group["kind"] == "change":
        return text(lang, "upload.change_title", what=names.rule_title(group["rule"], lang))
    if group["kind"] == "rejected":
        return text(lang, "upload.rejected_title")
    return names.rule_title(group["rule"], lang)


def _rejected(connection: Store, upload: Row, lang: Language) -> list[dict[str, Any]]:
    facts = {"sheet": upload["sheet"], "source_path": upload["file_name"], "source_key": "", "raw": ""}
    return [
        {**row, "sentence": rejection(row["rule"], {**facts, "row_no": row["row_no"], "raw": row["value"]}, lang)}
        for row in uploads.rejected_rows(connection, upload["id"])
    ]


def _marks(
    connection: Store, upload_id: int, entity_name: str, numbers: list[int], lang: Language
) -> dict[int, dict[str, list[dict[str, Any]]]]:
    """{row number: {source column: [{state, cell, sentence, suggestion, how, hold}]}}."""
    marks: dict[int, dict[str, list[dict[str, Any]]]] = {}
    for cell in uploads.cells(connection, upload_id, numbers):
        if cell["kind"] == "rejected":
            continue
        rule = names.rule(cell["rule"])
        state = (
            {"change": "fix", "suggestion": "hint"}.get(cell["kind"])
            or ("bad" if cell["hold"] or cell["severity"] == "error" else "warn")
        )  # fmt: skip
        mark = {
            "state": state,
            "cell": cell["cell"],
            "sentence": names.finding_sentence(cell, entity_name, cell["cell"], lang),
            "suggestion": cell["suggestion"],
            "how": rule.fix[lang] if rule else None,
            "hold": cell["hold"],
        }
        marks.setdefault(cell["row_no"], {}).setdefault(cell["source_column"] or "", []).append(mark)
    return marks


def _entity(upload: Row) -> str:
    template = templates().get(upload["template"] or "")
    return template.entity if template else ""
