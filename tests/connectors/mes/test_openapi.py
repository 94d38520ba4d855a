"""What an OpenAPI document proposes: for a real FastAPI service, and for the other forms documents have."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from connectors.config import load_systems, open_connector
from connectors.mes.openapi import access, base_path, endpoints
from connectors.mes.openapi_yaml import propose, system_document
from hub.settings import PROJECT
from schemas.loader import contracts
from tests.connectors.mes.api import rows_of
from tests.docs.recipe import Project
from tests.servers import free_port


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "tests.connectors.mes.openapi_app", str(port)]
    with subprocess.Popen(command, cwd=PROJECT) as process:
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 60
        while True:
            try:
                requests.get(f"{url}/openapi.json", timeout=2)
                break
            except requests.ConnectionError:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.1)
        yield url
        process.terminate()


@pytest.fixture(scope="module")
def document(service: str) -> dict[str, Any]:
    return dict(requests.get(f"{service}/openapi.json", timeout=5).json())


def test_the_lists_of_a_fastapi_service_are_found(document: dict[str, Any]) -> None:
    found = {item.name: item for item in endpoints(document)}
    assert list(found) == ["work_order", "equipment", "reading"]
    orders = found["work_order"]
    assert (orders.method, orders.rows, orders.total, orders.key) == ("GET", "items", "total", ["id"])
    assert orders.paging == {"kind": "offset", "offset": "offset", "size": "limit", "page_size": 100,
                             "has_more": "has_more", "place": "query"}  # fmt: skip
    assert orders.updated == {"filter_from": "updated_since", "column": "updated_at", "unit": "iso_offset",
                              "overlap_minutes": 10, "place": "query"}  # fmt: skip
    assert {name: leaf.shown for name, leaf in orders.columns.items()} == {
        "id": "integer",
        "work_order_code": "string",
        "material_code": "string",
        "planned_qty": orders.columns["planned_qty"].shown,
        "unit_code": "string",
        "unit_name": "string",
        "status": "string",
        "planned_start_date": "string/date-time",
        "updated_at": "string/date-time",
    }
    assert (orders.children, orders.detail) == (["operations"], "/api/v1/work-orders/{id}")
    machines = found["equipment"]
    assert (machines.rows, machines.key, machines.paging["kind"]) == ("$", ["equipment_code"], "page")
    assert ("required", "machine") in found["reading"].doubts


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_proposal_loads_and_reads(document: dict[str, Any], service: str, tmp_path: Path, lang: Any,
                                      monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    proposal = propose(document, "north", endpoints(document), contracts(), [], None, lang)
    head = system_document(document, "north", "P2", "WATERWORKS_NORTH_URL", "Asia/Shanghai", lang)
    (tmp_path / "north").mkdir()
    text = "---\n".join([head.text, *(item.text for item in proposal.documents)]) + "".join(proposal.comments)
    (tmp_path / "north" / "defs.yaml").write_text(text, encoding="utf-8")
    assert [item.object for item in proposal.documents] == ["work_order", "equipment"]
    assert "reading" in "".join(proposal.comments)
    monkeypatch.setenv("WATERWORKS_NORTH_URL", service)
    source = open_connector(load_systems(tmp_path)["north"])
    assert source.check().ok
    pages = list(source.read("work_order", None, 1000))
    rows = rows_of(pages)
    assert (len(rows), rows[0]["id"], rows[0]["planned_qty"]) == (230, str(2**60), "12.50")
    changed = list(source.read("work_order", pages[-1].position, 1000))
    assert len(rows_of(changed)) == 11
    assert len(rows_of(list(source.read("equipment", None, 1000)))) == 7


def test_discover_write_then_sync(service: str) -> None:
    """As a person does it: two commands from an empty project."""
    project = Project.copy()
    try:
        project.environment = {"WATERWORKS_NORTH_URL": service}
        project.run("waterworks init")
        shown = project.run("waterworks discover --system north --url-env WATERWORKS_NORTH_URL --lang en")
        assert "/api/v1/work-orders" in shown
        project.run("waterworks discover --system north --url-env WATERWORKS_NORTH_URL --plant P2 --write")
        project.run("waterworks check north && waterworks sync --source north")
        orders = project.query("select work_order_code, planned_qty, _plant from core.work_order order by 1 limit 2")
        assert [(code, str(qty.normalize()), plant) for code, qty, plant in orders] == [
            ("GD00000", "12.5", "P2"),
            ("GD00001", "12.5", "P2"),
        ]
        assert project.query("select count(*) from core.equipment where _dataset = 'north.equipment'") == [(7,)]
        again = project.run("waterworks discover north --write --lang en")
        assert "nothing to add" in again
    finally:
        project.remove()


SWAGGER = {
    "swagger": "2.0",
    "basePath": "/rest",
    "securityDefinitions": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}},
    "paths": {
        "/lots/search": {
            "post": {
                "parameters": [{"in": "body", "name": "q", "schema": {"$ref": "#/definitions/Query"}}],
                "responses": {"200": {"schema": {"$ref": "#/definitions/LotPage"}}},
            }
        }
    },
    "definitions": {
        "Query": {"type": "object", "properties": {"pageIndex": {"type": "integer", "minimum": 0},
                                                   "pageSize": {"type": "integer", "maximum": 50},
                                                   "updateTimeFrom": {"type": "integer", "format": "int64"}}},
        "Base": {"type": "object", "properties": {"code": {"type": "integer"}}},
        "LotPage": {"allOf": [{"$ref": "#/definitions/Base"}, {"type": "object", "properties": {"data": {
            "type": "object", "properties": {"list": {"type": "array", "items": {"$ref": "#/definitions/Lot"}},
                                             "total": {"type": "integer"}}}}}]},
        "Lot": {"type": "object", "properties": {"lotCode": {"type": "string", "description": "批次号"},
                                                 "updateTime": {"type": "integer"},
                                                 "parent": {"$ref": "#/definitions/Lot"}}},
    },
}  # fmt: skip


def test_swagger_2_all_of_and_references_into_themselves() -> None:
    (lot,) = endpoints(SWAGGER)
    assert (lot.name, lot.rows, lot.total) == ("lot", "data.list", "data.total")
    assert lot.paging == {"kind": "page", "page": "pageIndex", "first": 0, "size": "pageSize", "page_size": 50,
                          "place": "body"}  # fmt: skip
    assert lot.updated is not None
    assert lot.updated["unit"] == "ms"
    assert lot.key == ["lotCode"]
    assert base_path(SWAGGER) == "/rest"
    assert access(SWAGGER).keys == {"headers": {"X-Key": {"env": "WATERWORKS_{SYSTEM}_TOKEN"}}}


@pytest.mark.parametrize(
    ("scheme", "expected"),
    [
        (
            {"type": "http", "scheme": "bearer"},
            {"headers": {"Authorization": "Bearer {env:WATERWORKS_{SYSTEM}_TOKEN}"}},
        ),
        ({"type": "apiKey", "in": "query", "name": "k"}, {"query": {"k": {"env": "WATERWORKS_{SYSTEM}_TOKEN"}}}),
        ({"type": "openIdConnect"}, {}),
    ],
)
def test_the_way_in(scheme: dict[str, Any], expected: dict[str, Any]) -> None:
    assert access({"components": {"securitySchemes": {"s": scheme}}}).keys == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("authorization", {"Authorization": "Bearer {env:WATERWORKS_{SYSTEM}_TOKEN}"}),
        ("X-API-Key", {"X-API-Key": {"env": "WATERWORKS_{SYSTEM}_TOKEN"}}),
        ("X-Request-Id", None),
    ],
)
def test_the_way_in_by_a_header_that_the_code_looks_at_itself(header: str, expected: dict[str, Any] | None) -> None:
    operation = {"parameters": [{"in": "query", "name": "token"}, {"in": "header", "name": header}]}
    assert access({"paths": {"/parts": {"get": operation}}}).keys == ({"headers": expected} if expected else {})


def test_the_way_in_by_a_token_request() -> None:
    flows = {"clientCredentials": {"tokenUrl": "/oauth/token", "scopes": {}}}
    document = {"components": {"securitySchemes": {"o": {"type": "oauth2", "flows": flows}}}}
    head = system_document(document, "north", "P1", "WATERWORKS_NORTH_URL", "UTC", "en").text
    assert "client_secret: {env: WATERWORKS_NORTH_CLIENT_SECRET}" in head
