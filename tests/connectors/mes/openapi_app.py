"""A FastAPI service as a MES vendor might write it, with the openapi.json that FastAPI makes of it.

Belongs here: the service and its data. Does not belong here: assertions. Run as a process:
`python -m tests.connectors.mes.openapi_app PORT`.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Generic, TypeVar

import uvicorn
from fastapi import FastAPI, HTTPException, Query  # noqa: TID251 - the service under test is a FastAPI app
from pydantic import BaseModel, Field

ROW = TypeVar("ROW")
START = datetime(2026, 1, 5, 8, tzinfo=UTC)


class Page(BaseModel, Generic[ROW]):
    items: list[ROW]
    total: int
    limit: int
    offset: int
    has_more: bool


class Unit(BaseModel):
    code: str
    name: str | None = None


class Work(BaseModel):
    """A line of a work order."""

    seq: int
    text: str


class WorkOrder(BaseModel):
    id: int
    work_order_code: str = Field(title="Work order number")
    material_code: str | None
    planned_qty: Decimal
    unit: Unit
    status: str
    planned_start_date: datetime | None = None
    updated_at: datetime
    operations: list[Work] = []


class Equipment(BaseModel):
    equipment_code: str
    equipment_name: str
    model: str | None = None


class Reading(BaseModel):
    at: datetime
    value: float


app = FastAPI(title="North MES", version="1")
ORDERS = [
    WorkOrder(
        id=2**60 + number,
        work_order_code=f"GD{number:05d}",
        material_code=f"10.{number:06d}",
        planned_qty=Decimal("12.50"),
        unit=Unit(code="PCS"),
        status="生产中",
        planned_start_date=START + timedelta(hours=number),
        updated_at=START + timedelta(minutes=number),
        operations=[Work(seq=1, text="车")],
    )
    for number in range(230)
]
MACHINES = [Equipment(equipment_code=f"EQ-{number}", equipment_name=f"车床{number}") for number in range(7)]


@app.get("/api/v1/work-orders", summary="Work orders")
def work_orders(
    updated_since: datetime | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> Page[WorkOrder]:
    rows = [order for order in ORDERS if updated_since is None or order.updated_at >= updated_since]
    page = rows[offset : offset + limit]
    return Page(items=page, total=len(rows), limit=limit, offset=offset, has_more=offset + len(page) < len(rows))


@app.get("/api/v1/work-orders/{order_id}")
def work_order(order_id: int) -> WorkOrder:
    found = next((order for order in ORDERS if order.id == order_id), None)
    if found is None:
        raise HTTPException(404, "no such order")
    return found


@app.get("/api/v1/equipment/list", summary="Machines")
def equipment(page: Annotated[int, Query(ge=1)] = 1, page_size: Annotated[int, Query(le=5)] = 5) -> list[Equipment]:
    return MACHINES[(page - 1) * page_size : page * page_size]


@app.get("/api/v1/readings")
def readings(machine: str) -> list[Reading]:
    """Needs a machine, so it cannot be read as it is."""
    return []


@app.post("/api/v1/work-orders")
def add(order: WorkOrder) -> WorkOrder:
    """No list: must not be proposed, and certainly not called."""
    raise HTTPException(405, "the test must never write")


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error")
