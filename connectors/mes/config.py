"""How a REST API and one endpoint of it look in defs.yaml.

Belongs here: the pydantic models (unknown keys are errors). Does not belong here: reading files, any I/O.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from connectors.config_base import Config, DottedPath, EnvName, Name, OutputColumn, Scalar, Title


class FromEnv(Config):
    """A value read from the environment when the connector is opened."""

    env: EnvName


class MesAuth(Config):
    """The login step, and where its token goes.

    token, expires: dotted paths in the reply. expires_kind "duration": seconds (or ms) from now;
    "epoch": a point in time. place: where the token is sent. lost_status: HTTP codes that mean that
    the token is no longer valid (one new login, then the same request again).
    """

    path: str
    method: Literal["GET", "POST"] = "POST"
    body: dict[str, FromEnv | Scalar] = Field(default_factory=dict)
    token: DottedPath
    expires: DottedPath | None = None
    expires_unit: Literal["s", "ms"] = "s"
    expires_kind: Literal["duration", "epoch"] = "duration"
    place: Literal["query", "header"] = "query"
    name: str = "access_token"
    prefix: str = ""
    lost_status: list[int] = Field(default_factory=lambda: [401])


class MesEnvelope(Config):
    """How a reply says that it worked, and where its rows are; dotted paths.

    success: path of the code (None: HTTP 200 is enough); success_values are compared as text.
    """

    success: DottedPath | None = "code"
    success_values: list[Scalar] = Field(default_factory=lambda: ["200"])
    message: DottedPath | None = "message"
    rows: DottedPath = "data.list"
    total: DottedPath | None = "data.total"


class MesPaging(Config):
    """Page number and size, in the body or the query. max_pages is the last guard against a loop."""

    page: str = "page"
    size: str = "size"
    page_size: int = Field(default=200, ge=1)
    first: int = 1
    place: Literal["body", "query"] = "body"
    max_pages: int = Field(default=20_000, ge=1)


class MesUpdated(Config):
    """The server's update-time filter; epoch in `unit`. `column`: dotted path of the stamp in an item."""

    filter_from: str
    filter_to: str | None = None
    column: DottedPath
    overlap_minutes: int = Field(default=10, ge=0)
    unit: Literal["ms", "s"] = "ms"


class MesLimits(Config):
    """Time-outs in seconds, tries per request, and the longest single wait."""

    connect_seconds: float = Field(default=5, gt=0)
    read_seconds: float = Field(default=30, gt=0)
    tries: int = Field(default=5, ge=1, le=20)
    longest_wait_seconds: float = Field(default=30, ge=0)
    first_wait_seconds: float = Field(default=0.5, ge=0)
    requests_per_second: float | None = Field(default=None, gt=0)


class MesSettings(Config):
    """What a `SourceSystem` document of kind mes may say beside what every system says."""

    base_path: str = ""
    auth: MesAuth | None = None
    envelope: MesEnvelope = MesEnvelope()
    paging: MesPaging = MesPaging()
    limits: MesLimits = MesLimits()


class MesEndpointConfig(Config):
    """One list endpoint. `columns`: {output column: dotted path in an item}.

    Every value lands as exact text (numbers as written in the JSON, true/false, objects and lists as
    JSON), except the output columns named in `times`: epoch numbers, landed as int64 as they are.
    key: dotted paths in an item (usually `id`). path is appended to the system's base_path.
    rows, total, paging: only where they differ from the system's.
    """

    system: Name
    object: Name
    title: Title | None = None
    path: str
    method: Literal["GET", "POST"] = "POST"
    body: dict[str, Any] = Field(default_factory=dict)
    key: list[DottedPath] = Field(min_length=1)
    rows: DottedPath | None = None
    total: DottedPath | None = None
    paging: MesPaging | None = None
    updated: MesUpdated | None = None
    columns: dict[OutputColumn, DottedPath] = Field(min_length=1)
    times: list[OutputColumn] = Field(default_factory=list)

    @model_validator(mode="after")
    def _times_are_columns(self) -> MesEndpointConfig:
        if missing := [name for name in self.times if name not in self.columns]:
            raise ValueError(f"times: {missing[0]} is not among `columns`")
        return self
