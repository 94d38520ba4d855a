"""How a REST API and one endpoint of it look in defs.yaml.

Belongs here: the pydantic models of system and endpoint (unknown keys are errors). Does not belong here:
login, signing and token (`config_access.py`), reading files, any I/O.

Templates: any JSON. `{env: NAME}` stands for the value of an environment variable, `{env:NAME}` for it
inside a text; `{name}` in a text stands for a value the connector knows, and a text that is nothing but
`{name}` keeps its type.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, WithJsonSchema, model_validator

from connectors.config_base import ONE_OR_MANY, Config, Name, OutputColumn, Scalar, Title, filled_by_presets
from connectors.mes.config_access import FromEnv, MesAuth, MesEnvelope, MesSign, MesTls
from connectors.mes.config_webhook import WebhookEvents, WebhookSender
from connectors.mes.paths import ItemPath
from connectors.mes.presets import with_object_preset, with_system_preset

__all__ = [
    "FromEnv",
    "MesAuth",
    "MesDetail",
    "MesEndpointConfig",
    "MesEnvelope",
    "MesKeysFrom",
    "MesLimits",
    "MesPaging",
    "MesSettings",
    "MesSign",
    "MesTask",
    "MesTls",
    "MesUpdated",
    "WebhookEvents",
    "WebhookSender",
]


class MesPaging(Config):
    """How pages are asked for. Parameter names with dots reach into the body: `pager.pageIndex`.

    kind page: page number (`first` 0 or 1) and size. offset: position of the first record and size.
    cursor: a text from the last reply (`next`). link: the address of the next page, from the `Link` header
    or at `next`. none: one request is everything.
    size: null if the API takes none. has_more: path of a truth value that says whether a page follows.
    longest_page: what the server gives at most, if less than page_size.
    overlap: ask again for the last record of the page before, so that records that move between two
    pages are noticed. null: wherever the server honours offsets or page sizes.
    verify: walk the list twice when nothing else proves that no record was missed. null: if the server
    states no total, ignores the size and the list has several pages.
    max_pages is the last guard against a loop.
    """

    kind: Literal["page", "offset", "cursor", "link", "none"] = "page"
    page: str = "page"
    offset: str = "offset"
    cursor: str = "cursor"
    size: str | None = "size"
    page_size: int = Field(default=200, ge=1)
    first: int = Field(default=1, ge=0)
    next: ItemPath | None = None
    has_more: ItemPath | None = None
    place: Literal["body", "query"] = "body"
    overlap: bool | None = None
    verify: bool | None = None
    max_pages: int = Field(default=20_000, ge=1)

    @model_validator(mode="after")
    def _cursor_has_a_source(self) -> MesPaging:
        if self.kind == "cursor" and self.next is None:
            raise ValueError("paging kind cursor needs `next: <path of the next cursor in the reply>`")
        return self


TimeForm = Literal["ms", "s", "iso", "iso_offset", "local", "date"]


class MesUpdated(Config):
    """The server's update-time filter. `column`: path of the stamp in an item of the list.

    filter_from, filter_to: names of parameters that take a time. filter: {parameter: template with
    {from} and {to}} for anything else (SQL-like text, a list of {field, op, value1}); a text or list that
    `body` has under the same name is kept and joined (texts by " and ").
    unit: how the API writes a time in the filter: ms, s (epoch), iso (2026-01-02T03:04:05), iso_offset (with
    +08:00), local (2026-01-02 03:04:05), date. pattern: any other form, as strftime writes it.
    zone: of times without one; default the endpoint's times_zone.
    since: the first read starts here. max_window_days: the API allows no longer span, so the time is cut.
    sorted: the list is ordered by `column`, oldest first, so every page vouches for those before it.
    """

    column: ItemPath
    filter_from: str | None = None
    filter_to: str | None = None
    filter: dict[str, Any] = Field(default_factory=dict)
    place: Literal["body", "query"] | None = None
    overlap_minutes: int = Field(default=10, ge=0)
    unit: TimeForm = "ms"
    pattern: str | None = None
    zone: str | None = None
    since: str | None = None
    max_window_days: float | None = Field(default=None, gt=0)
    sorted: bool = False

    @model_validator(mode="after")
    def _filters_something(self) -> MesUpdated:
        if self.filter_from is None and not self.filter:
            raise ValueError("updated needs `filter_from: <parameter>` or `filter: {<parameter>: <template>}`")
        if self.max_window_days is not None and (self.since is None or not self.has_end):
            raise ValueError("max_window_days needs `since: <date>` and `filter_to` or a {to} in `filter`")
        return self

    @property
    def has_end(self) -> bool:
        return self.filter_to is not None or "{to}" in str(self.filter)


class MesLimits(Config):
    """Time-outs in seconds, tries per request, the longest single wait, and the pace.

    total_seconds: one reply may take no longer, however slowly it drips; default four read time-outs.
    """

    connect_seconds: float = Field(default=5, gt=0)
    read_seconds: float = Field(default=30, gt=0)
    total_seconds: float | None = Field(default=None, gt=0)
    tries: int = Field(default=5, ge=1, le=20)
    longest_wait_seconds: float = Field(default=30, ge=0)
    first_wait_seconds: float = Field(default=0.5, ge=0)
    requests_per_second: float | None = Field(default=None, gt=0)
    requests_per_minute: float | None = Field(default=None, gt=0)


class MesSettings(Config):
    """What a `SourceSystem` document of kind mes may say beside what every system says.

    preset: what is not written comes from connectors/presets/<preset>.yaml.
    headers, query: templates sent with every request. Kept values of the login may stand in them.
    """

    preset: str | None = None
    base_path: str = ""
    auth: MesAuth | None = None
    sign: MesSign | None = None
    headers: dict[str, Any] = Field(default_factory=dict)
    query: dict[str, Any] = Field(default_factory=dict)
    envelope: MesEnvelope = MesEnvelope()
    paging: MesPaging = MesPaging()
    limits: MesLimits = MesLimits()
    tls: MesTls = MesTls()
    webhook: WebhookSender | None = None

    @model_validator(mode="before")
    @classmethod
    def _expand_mes_preset(cls, data: Any) -> Any:
        return with_system_preset(data) if isinstance(data, dict) and data.get("kind") == "mes" else data


class MesDetail(Config):
    """The second step: more fields per record, asked for by its id.

    id: path in an item of the list. Templates know {id}, with `batch` more than 1 also {ids} (a list).
    rows: where the reply has the record (or the list of them). key: path of the id in a record of a
    batch. at: name under which the record is laid into the list's item; null lays its fields over the item's.
    parallel: requests at the same time.
    """

    path: str
    method: Literal["GET", "POST"] = "GET"
    body: dict[str, Any] = Field(default_factory=dict)
    query: dict[str, Any] = Field(default_factory=dict)
    id: ItemPath = "id"
    rows: ItemPath = "data"
    key: ItemPath = "id"
    at: str | None = None
    batch: int = Field(default=1, ge=1, le=1000)
    parallel: int = Field(default=2, ge=1, le=8)


class MesTask(Config):
    """A query that is begun and then polled: the first reply holds the task's number.

    id: its path. path, method, body, query: the poll; templates know {task}. done: path of the state, and
    which values say that it is finished or has failed.
    """

    id: ItemPath
    path: str
    method: Literal["GET", "POST"] = "POST"
    body: dict[str, Any] = Field(default_factory=dict)
    query: dict[str, Any] = Field(default_factory=dict)
    done: ItemPath
    done_values: list[Scalar] = Field(min_length=1)
    failed_values: list[Scalar] = Field(default_factory=list)
    every_seconds: float = Field(default=2, gt=0)
    longest_seconds: float = Field(default=600, gt=0)


class MesDeleted(Config):
    """A flag or status of an item that says that the record is deleted."""

    column: ItemPath
    values: list[Scalar] = Field(min_length=1)


class MesKeysFrom(Config):
    """Another list that names every current record by its key: cheaper than reading all of them."""

    path: str
    method: Literal["GET", "POST"] = "POST"
    body: dict[str, Any] = Field(default_factory=dict)
    query: dict[str, Any] = Field(default_factory=dict)
    key: list[ItemPath] = Field(min_length=1)
    rows: ItemPath | None = None
    total: ItemPath | None = None
    fields: list[str] = Field(default_factory=list)
    paging: MesPaging | None = None


class MesEndpointConfig(Config):
    """One list endpoint. `columns`: {output column: path in an item} (grammar: connectors/mes/paths.py).

    Every value lands as exact text (numbers as written in the JSON, true/false, objects and lists as
    JSON), except the output columns named in `times`: epoch milliseconds (times_unit s: seconds) land as
    int64; times written as text become epoch milliseconds, those without a zone as of `times_zone`
    (default: the system's timezone).
    key: paths in an item (usually `id`). path is appended to the system's base_path.
    preset: what is not written comes from `<preset>.<object>` of connectors/presets; more_columns: added to its
    columns. columns may be a list of paths: each lands under its own name, dots as underscores.
    fields: items are lists of values in this order; `{fields}` in a template is this list joined by commas;
    "columns": the paths of columns, key and updated. one: the reply holds a single object and not a list.
    children: path of a nested list; every element becomes a row, and `^.name` reaches the item around it.
    deleted, keys_from, full_every_days: how deletions are found although `updated` reads only changes.
    rows, total, paging, envelope: only where they differ from the system's.
    """

    model_config = ConfigDict(json_schema_extra=filled_by_presets)

    system: Name
    object: Name
    preset: str | None = None
    title: Title | None = None
    path: str
    method: Literal["GET", "POST"] = "POST"
    body: dict[str, Any] = Field(default_factory=dict)
    query: dict[str, Any] = Field(default_factory=dict)
    key: Annotated[list[ItemPath], WithJsonSchema(ONE_OR_MANY)] = Field(min_length=1)
    rows: ItemPath | None = None
    total: ItemPath | None = None
    one: bool = False
    fields: list[str] = Field(default_factory=list)
    children: ItemPath | None = None
    paging: MesPaging | None = None
    envelope: MesEnvelope | None = None
    updated: MesUpdated | None = None
    deleted: MesDeleted | None = None
    keys_from: MesKeysFrom | None = None
    full_every_days: float | None = Field(default=None, gt=0)
    detail: MesDetail | None = None
    task: MesTask | None = None
    columns: dict[OutputColumn, ItemPath] = Field(min_length=1)
    times: list[OutputColumn] = Field(default_factory=list)
    times_unit: Literal["ms", "s"] = "ms"
    times_zone: str | None = None
    webhook: WebhookEvents | None = None

    @model_validator(mode="before")
    @classmethod
    def _expand(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        whole = with_object_preset(data)
        if isinstance(whole.get("key"), str):
            whole["key"] = [whole["key"]]
        if whole.get("fields") == "columns":
            updated = [whole["updated"]["column"]] if isinstance(whole.get("updated"), dict) else []
            deleted = [whole["deleted"]["column"]] if isinstance(whole.get("deleted"), dict) else []
            paths = [*dict(whole.get("columns") or {}).values(), *(whole.get("key") or []), *updated, *deleted]
            whole["fields"] = list(dict.fromkeys(paths))
        return whole

    @model_validator(mode="after")
    def _fits_together(self) -> MesEndpointConfig:
        if missing := [name for name in self.times if name not in self.columns]:
            raise ValueError(f"times: {missing[0]} is not among `columns`")
        if self.updated is None and (self.keys_from is not None or self.full_every_days is not None):
            raise ValueError("without `updated` every read is complete and finds deletions by itself")
        if self.detail is not None and self.children is not None and self.detail.at is None:
            raise ValueError("detail with children needs `at: <name>`")
        if self.webhook is not None and (self.detail is not None or self.children is not None):
            raise ValueError("an event carries neither detail nor every child of a record: no webhook here")
        return self
