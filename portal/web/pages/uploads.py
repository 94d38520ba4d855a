"""Uploads: the list, taking a file in, its progress."""

from __future__ import annotations

import hashlib
import uuid
from pathlib import PurePosixPath
from typing import Annotated
from urllib.parse import unquote

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from hub.settings import settings
from hub.store.engine import connect
from portal.web.access import Me
from portal.web.queries import uploads
from portal.web.render import language, page
from portal.web.sessions import User
from portal.web.store import Row, Store, audit
from schemas.problems import Problem

router = APIRouter()
LIMIT_MB = 200
_KINDS = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods", ".et", ".csv", ".tsv", ".txt")
RUNNING = ("queued", "checking")


@router.get("/uploads")
def listed(request: Request, connection: Store, user: Me) -> Response:
    """The drop zone and the newest uploads."""
    return page(request, "uploads", uploads=uploads.latest(connection, user), limit_mb=LIMIT_MB)


@router.put("/uploads")
async def take(request: Request, user: Me, name: Annotated[str, Query(max_length=255)]) -> Response:
    """Stream the body to disk under a generated name and queue it; answers {"url"} or {"problem"}."""
    try:
        url = await _take(request, user, PurePosixPath(unquote(name).replace("\\", "/")).name)
    except Problem as problem:
        return JSONResponse({"problem": problem.text(language(request))}, 413 if "large" in problem.code else 400)
    return JSONResponse({"url": url})


async def _take(request: Request, user: User, shown_name: str) -> str:
    kind = PurePosixPath(shown_name).suffix.lower()
    if kind not in _KINDS or not shown_name.isprintable():
        raise Problem("upload_kind", file=shown_name)
    limit = LIMIT_MB * 1_048_576
    if int(request.headers.get("content-length") or 0) > limit:
        raise Problem("upload_too_large", limit_mb=LIMIT_MB)
    folder = settings().uploads
    folder.mkdir(parents=True, exist_ok=True)
    stored = folder / f"{uuid.uuid4().hex}{kind}"
    digest, size = hashlib.sha256(), 0
    try:
        with stored.open("xb") as file:
            async for chunk in request.stream():
                size += len(chunk)
                if size > limit:
                    raise Problem("upload_too_large", limit_mb=LIMIT_MB)
                digest.update(chunk)
                await run_in_threadpool(file.write, chunk)
        if size == 0:
            raise Problem("upload_empty", file=shown_name)
        number = await run_in_threadpool(_queue, user, shown_name, stored.name, digest.hexdigest(), size)
    except BaseException:
        stored.unlink(missing_ok=True)  # also when the browser hangs up half-way
        raise
    return f"/uploads/{number}"


def _queue(user: User, shown_name: str, stored_name: str, sha256: str, size: int) -> int:
    with connect() as connection:
        number = uploads.add(connection, user, shown_name, stored_name, sha256, size)
        audit(connection, user.login, "upload", str(number), file=shown_name, sha256=sha256, size=size)
    return number


@router.get("/uploads/{upload_id}/progress")
def progress(request: Request, connection: Store, user: Me, upload_id: int) -> Response:
    """The moving part of the page while the worker or the loader is busy."""
    upload = found(connection, user, upload_id)
    answer = page(request, "upload_progress", upload=upload)
    if upload["status"] not in (*RUNNING, "approved", "loading"):
        answer.headers["HX-Refresh"] = "true"
    return answer


@router.post("/uploads/{upload_id}/retry")
def retry(connection: Store, user: Me, upload_id: int) -> Response:
    """Queue a stuck or unreadable upload again."""
    upload = found(connection, user, upload_id)
    if not uploads.queue_again(connection, upload_id):
        raise Problem("upload_moved_on", id=upload_id)
    audit(connection, user.login, "upload_retry", str(upload_id), file=upload["file_name"])
    return RedirectResponse(f"/uploads/{upload_id}", 303)


@router.post("/uploads/{upload_id}/password")
async def unlock(request: Request, connection: Store, user: Me, upload_id: int) -> Response:
    """Open a protected workbook with the password just typed in and queue it; the password is not kept."""
    password = str((await request.form()).get("password", ""))
    upload = found(connection, user, upload_id)
    opened = await run_in_threadpool(_unlocked, upload, password)
    if not uploads.replace_locked(connection, upload_id, opened):
        (settings().uploads / opened).unlink(missing_ok=True)
        raise Problem("upload_moved_on", id=upload_id)
    (settings().uploads / upload["stored_path"]).unlink(missing_ok=True)
    audit(connection, user.login, "upload_password", str(upload_id), file=upload["file_name"])
    return RedirectResponse(f"/uploads/{upload_id}", 303)


def _unlocked(upload: Row, password: str) -> str:
    """Name of the opened copy among the stored files. Raises Problem `workbook_password_wrong`."""
    from connectors.excel.safety.unlock import unlock as open_with

    folder, name = settings().uploads, f"{uuid.uuid4().hex}{PurePosixPath(upload['stored_path']).suffix}"
    open_with(folder / upload["stored_path"], upload["file_name"], folder / name, password)
    return name


def found(connection: Store, user: User, upload_id: int) -> Row:
    """The upload, or 404 when it is not there or not this user's to see."""
    upload = uploads.get(connection, user, upload_id)
    if upload is None:
        raise HTTPException(404)
    return upload
