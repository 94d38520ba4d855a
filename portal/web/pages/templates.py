"""Templates: one card per workbook layout, and the blank workbook to fill in."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hub.contracts.template.making import entry_workbook
from portal.web.access import Me
from portal.web.render import language, page
from portal.web.store import Store, audit
from schemas.loader import contracts
from schemas.template_loader import templates

router = APIRouter()


@router.get("/templates")
def cards(request: Request, user: Me) -> Response:
    """The user's own department first."""
    ordered = sorted(templates().values(), key=lambda item: (item.department != user.department, item.name))
    return page(request, "templates", templates=ordered)


@router.get("/templates/{name}")
def download(request: Request, connection: Store, user: Me, name: str) -> Response:
    """A blank workbook in the layout of the template, with drop-downs of today's master data."""
    template = templates().get(name)
    if template is None:
        raise HTTPException(404)
    lang = language(request)
    content = entry_workbook(template, contracts()[template.entity], lang, connection)
    audit(connection, user.login, "download_template", name)
    return Response(
        content,
        media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        headers={
            "Content-Disposition": f'attachment; filename="{name}.xlsx"; '
            f"filename*=UTF-8''{quote(template.title[lang])}.xlsx"
        },
    )
