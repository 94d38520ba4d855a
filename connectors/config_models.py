"""What a source system, an ERP table, a MES endpoint and a workbook look like in defs.yaml.

Belongs here: the pydantic models (unknown keys are errors), used by the loader beside it and by the
Dagster components. Does not belong here: reading files or environment variables, any I/O.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

# Our own names: systems, objects.
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=63)]
# Names of the source: letters (any script), digits, _ $ # @. Everything else is refused here, and what
# passes is still resolved against the catalogue and quoted by the dialect.
Identifier = Annotated[str, StringConstraints(pattern=r"^[\w$#@]+$", max_length=128)]
QualifiedIdentifier = Annotated[str, StringConstraints(pattern=r"^[\w$#@]+(\.[\w$#@]+)*$", max_length=256)]
# A leading underscore is reserved for columns the hub adds (_key, _row_no).
OutputColumn = Annotated[str, StringConstraints(pattern=r"^[^\W_][\w$#@]*$", max_length=128)]
EnvName = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*$")]
DottedPath = Annotated[str, StringConstraints(pattern=r"^[^.\s]+(\.[^.\s]+)*$")]
Scalar = str | int | bool | None


class Config(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Title(Config):
    """A wording in both languages."""

    zh: str
    en: str


# --- ERP tables -----------------------------------------------------------------------------------


class Join(Config):
    """One LEFT JOIN. `match`: {left column: column of `table`}, all equal.

    A left column without a dot belongs to the main table; `alias.column` to an earlier join, whose
    alias is its `as` (default: its table name). `columns`: {output column: column of `table`}.
    """

    table: QualifiedIdentifier
    alias: Identifier | None = Field(default=None, alias="as")
    match: dict[QualifiedIdentifier, Identifier] = Field(min_length=1)
    columns: dict[OutputColumn, Identifier] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _not_on(cls, data: Any) -> Any:
        # YAML 1.1 readers (Dagster's is one) turn a bare `on` into the boolean true.
        if isinstance(data, dict) and ("on" in data or True in data):
            raise ValueError("write `match:` instead of `on:`")
        return data

    @property
    def name(self) -> str:
        return self.alias or self.table.rpartition(".")[2]


class ErpTableConfig(Config):
    """One object read from an ERP: a table (or view), the columns wanted, left joins, a filter.

    columns: of the main table; empty = all. where: {column: value | [values] | null}, all must hold.
    mode full: every read returns every row (key + hash compare, finds deletions).
    mode watermark: rows whose `watermark` is not older than the last one minus `overlap_minutes`.
    """

    system: Name
    object: Name
    title: Title | None = None
    table: QualifiedIdentifier
    key: list[OutputColumn] = Field(min_length=1)
    columns: list[OutputColumn] = Field(default_factory=list)
    joins: list[Join] = Field(default_factory=list)
    where: dict[Identifier, Scalar | list[Scalar]] = Field(default_factory=dict)
    mode: Literal["full", "watermark"] = "full"
    watermark: OutputColumn | None = None
    overlap_minutes: int = Field(default=60, ge=0)

    @model_validator(mode="after")
    def _names_fit_together(self) -> ErpTableConfig:
        if self.mode == "watermark" and self.watermark is None:
            raise ValueError("mode watermark needs `watermark: <column>`")
        if self.columns and (missing := [k for k in self.key if k not in self.columns]):
            raise ValueError(f"key column {missing[0]} is not among `columns`")
        if self.columns and self.watermark is not None and self.watermark not in self.columns:
            raise ValueError(f"watermark column {self.watermark} is not among `columns`")
        outputs = [*self.columns, *(name for join in self.joins for name in join.columns)]
        if repeated := [name for name in outputs if outputs.count(name) > 1]:
            raise ValueError(f"output column {repeated[0]} is named twice")
        known: set[str] = set()
        for join in self.joins:
            for left in join.match:
                alias, dot, _ = left.rpartition(".")
                if dot and alias not in known:
                    raise ValueError(f"`{left}`: no earlier join is called {alias}")
            if join.name in known:
                raise ValueError(f"two joins are called {join.name}: give one of them `as: <name>`")
            known.add(join.name)
        return self


# --- MES endpoints --------------------------------------------------------------------------------


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
    success_values: list[Scalar] = ["200"]
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


# --- workbooks and systems ------------------------------------------------------------------------


class WorkbookConfig(Config):
    """One workbook template read from the watched folder; its layout is schemas/templates/<template>.yaml."""

    system: Name
    object: Name
    title: Title | None = None
    template: Name


class SourceSystemConfig(Config):
    """A source system as its `SourceSystem` document says it."""

    system: Name
    kind: Literal["erp", "excel", "mes"]
    plant: str
    title: Title
    timezone: str = "Asia/Shanghai"
    url_env: EnvName | None = None
    folder_env: EnvName | None = None
    # kind mes only
    base_path: str = ""
    auth: MesAuth | None = None
    envelope: MesEnvelope = MesEnvelope()
    paging: MesPaging = MesPaging()
    limits: MesLimits = MesLimits()

    @model_validator(mode="after")
    def _says_where_it_is(self) -> SourceSystemConfig:
        needed = "folder_env" if self.kind == "excel" else "url_env"
        if getattr(self, needed) is None:
            raise ValueError(f"kind {self.kind} needs `{needed}: <NAME OF AN ENVIRONMENT VARIABLE>`")
        return self


ObjectConfig = ErpTableConfig | MesEndpointConfig | WorkbookConfig


class SystemConfig(SourceSystemConfig):
    """A source system with everything configured for it. objects: {object name: its configuration}."""

    objects: dict[str, ObjectConfig] = Field(default_factory=dict)

    @property
    def erp_tables(self) -> dict[str, ErpTableConfig]:
        return {name: item for name, item in self.objects.items() if isinstance(item, ErpTableConfig)}

    @property
    def mes_endpoints(self) -> dict[str, MesEndpointConfig]:
        return {name: item for name, item in self.objects.items() if isinstance(item, MesEndpointConfig)}

    @property
    def workbooks(self) -> dict[str, WorkbookConfig]:
        return {name: item for name, item in self.objects.items() if isinstance(item, WorkbookConfig)}
