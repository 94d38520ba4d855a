"""Where an OpenAPI document comes from: the service itself, or a file.

Belongs here: fetching and parsing. Does not belong here: what it says (`openapi.py`).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from connectors.config_models import SystemConfig
from connectors.mes.client import MesClient
from connectors.mes.config import MesEnvelope
from schemas.problems import Problem

WELL_KNOWN = (
    "/openapi.json",
    "/v3/api-docs",
    "/swagger/v1/swagger.json",
    "/swagger.json",
    "/api/openapi.json",
    "/v2/api-docs",
)


def document_of(system: SystemConfig, url: str, environment: dict[str, str], where: str | None) -> dict[str, Any]:
    """The document at `where`: a file, a path of the service, or None for the usual places.

    Raises Problem `openapi_missing`, `openapi_unreadable` and what asking the service raises.
    """
    if where is not None and (file := Path(where)).is_file():
        return _checked(_parsed(file), where)
    paths = WELL_KNOWN if where is None else (where if where.startswith("/") else f"/{where}",)
    client = MesClient(system, url, environment)
    try:
        for path in paths:
            try:
                reply = client.ask("GET", f"{url.rstrip('/')}{path}", envelope=MesEnvelope(success=None))
            except Problem as problem:
                if problem.code in ("mes_no_endpoint", "mes_not_json", "mes_refused"):
                    continue
                raise
            return _checked(reply.payload, path)
    finally:
        client.close()
    raise Problem("openapi_missing", system=system.system, tried=", ".join(paths))


def _parsed(file: Path) -> Any:
    import yaml

    try:
        text = file.read_text(encoding="utf-8-sig")
        return json.loads(text) if text.lstrip().startswith("{") else yaml.safe_load(text)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise Problem("openapi_unreadable", file=str(file), reason=type(error).__name__) from error


def _checked(document: Any, where: str) -> dict[str, Any]:
    if not isinstance(document, dict) or not isinstance(document.get("paths"), dict):
        raise Problem("openapi_unreadable", file=where, reason="no `paths`")
    return document
