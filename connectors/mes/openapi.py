"""Endpoints proposed from an OpenAPI document: which paths list records, and how they are paged and filtered.

Belongs here: recognising, pure functions over the document. Does not belong here: fetching it, YAML text
(`openapi_yaml.py`). What the document does not say stays open and is marked for a person to look at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from connectors.mes.openapi_schema import Leaf, Schemas

_ROWS = ("items", "list", "rows", "records", "recordlist", "results", "data", "content", "value", "elements")
_TOTAL = ("total", "totalcount", "count", "recordcount", "totalelements", "totalitems", "totalrecords")
_MORE = ("hasmore", "hasnext", "hasnextpage", "more")
_NEXT = ("nextcursor", "nextpagetoken", "nexttoken", "endcursor", "cursor", "next")
_PAGE = ("page", "pageno", "pagenum", "pageindex", "pagenumber", "currentpage", "current", "p")
_SIZE = ("size", "pagesize", "limit", "perpage", "pagelimit", "maxresults", "rows", "top", "take", "count")
_OFFSET = ("offset", "skip", "start", "startrow", "startindex", "first")
_CURSOR = ("cursor", "after", "pagetoken", "nexttoken", "startafter", "continuationtoken", "nextcursor")
_SINCE = re.compile(
    r"^(last)?(updated?|modif(y|ied)|chang(e|ed))(at|on|time|date|ts)?(since|after|from|gte?|start|begin|min)$"
    r"|^(changed|modified|updated)since$|^since$|^(from|start|begin)(last)?(updated?|modif(y|ied))(at|on|time|date)?$"
)
_STAMP = re.compile(
    r"^(last)?(updated?|modif(y|ied|ication)|chang(e|ed))(at|on|time|date|datetime|ts|timestamp)?$|^pubts$"
)
_NO_LIST = {"list", "search", "query", "page", "all", "find", "batch"}
_TOKEN_HEADERS = {"xapikey", "apikey", "xtoken", "token", "xaccesstoken", "accesstoken", "xauthtoken"}
SIZE = 200


@dataclass
class Endpoint:
    """One list that was found. doubts: codes of remarks for a person ("key", "required", ...), with a value."""

    path: str
    method: str
    name: str
    title: str
    rows: str
    total: str | None
    paging: dict[str, Any]
    key: list[str]
    columns: dict[str, Leaf]
    updated: dict[str, Any] | None = None
    children: list[str] = field(default_factory=list)
    detail: str | None = None
    doubts: list[tuple[str, str]] = field(default_factory=list)

    @property
    def times(self) -> list[str]:
        return [name for name, leaf in self.columns.items() if leaf.is_time]

    @property
    def is_certain(self) -> bool:
        """False if reading it as proposed must fail or may lose records."""
        return not any(code in ("key", "required") for code, _ in self.doubts)


@dataclass(frozen=True)
class Access:
    """How the document says one gets in, as keys of the SourceSystem document ({SYSTEM} in names of variables)."""

    keys: dict[str, Any]
    unknown: str | None = None


def folded(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def base_path(document: dict[str, Any]) -> str:
    """The part of the address that comes before every path."""
    if "basePath" in document:
        return str(document["basePath"]).rstrip("/")
    servers = document.get("servers") or [{}]
    address = str(servers[0].get("url") or "") if isinstance(servers[0], dict) else ""
    return "" if "{" in address else urlsplit(address).path.rstrip("/")


def endpoints(document: dict[str, Any]) -> list[Endpoint]:
    """Every path that lists records, in the order of the document."""
    schemas = Schemas(document)
    found: list[Endpoint] = []
    paths = document.get("paths") or {}
    for path, operations in paths.items():
        if not isinstance(operations, dict) or "{" in path:
            continue
        for method in ("get", "post"):
            operation = operations.get(method)
            if isinstance(operation, dict):
                shared = operations.get("parameters") or []
                endpoint = _endpoint(schemas, path, method, operation, shared, {item.name for item in found})
                if endpoint is not None:
                    endpoint.detail = _detail(paths, path)
                    found.append(endpoint)
    return found


def _endpoint(
    schemas: Schemas, path: str, method: str, operation: dict[str, Any], shared: list[Any], taken: set[str]
) -> Endpoint | None:
    reply, headers = _reply(schemas, operation)
    where = _rows_in(schemas, reply)
    if where is None:
        return None
    rows, item = where
    asked = _asked(schemas, operation, shared)
    paging, used = _paging(schemas, reply, asked, method)
    if method == "post" and paging["kind"] == "none":
        return None  # most POSTs that answer with records make them
    columns = {leaf.path.replace(".", "_"): leaf for leaf in schemas.leaves(item)}
    if not columns:
        return None
    endpoint = Endpoint(
        path,
        method.upper(),
        _name(path, taken),
        str(operation.get("summary") or operation.get("operationId") or path),
        rows,
        _total_in(schemas, reply, headers),
        paging,
        [],
        columns,
        children=[name for name, one in schemas.properties(item) if schemas.is_rows(one)],
    )
    _choose_key(endpoint)
    used |= _choose_filter(schemas, endpoint, asked)
    for name, (schema, required, _) in asked.items():
        if required and name not in used and "default" not in schema:
            endpoint.doubts.append(("required", name))
    return endpoint


# --- what is asked and answered --------------------------------------------------------------------


def _reply(schemas: Schemas, operation: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """(schema of a successful reply, names of its headers)."""
    responses = operation.get("responses") or {}
    code = next((code for code in sorted(map(str, responses)) if code.startswith("2")), "default")
    response = schemas.resolved(responses.get(code) or responses.get(int(code) if code.isdigit() else code) or {})
    content = response.get("content") or {}
    media = next((value for kind, value in content.items() if "json" in kind or kind == "*/*"), None)
    schema = (media or {}).get("schema") if media is not None else response.get("schema")
    return schemas.resolved(schema), list(response.get("headers") or {})


def _asked(
    schemas: Schemas, operation: dict[str, Any], shared: list[Any]
) -> dict[str, tuple[dict[str, Any], bool, str]]:
    """{parameter: (schema, required, "query" or "body")}."""
    found: dict[str, tuple[dict[str, Any], bool, str]] = {}
    for node in [*shared, *(operation.get("parameters") or [])]:
        parameter = schemas.resolved(node)
        if parameter.get("in") == "query":
            schema = schemas.resolved(parameter.get("schema") or parameter)
            found[str(parameter["name"])] = (schema, bool(parameter.get("required")), "query")
        elif parameter.get("in") == "body":
            _add_body(schemas, parameter.get("schema"), found)
    content = (schemas.resolved(operation.get("requestBody")) or {}).get("content") or {}
    for kind, media in content.items():
        if "json" in kind:
            _add_body(schemas, media.get("schema"), found)
    return found


def _add_body(schemas: Schemas, node: Any, found: dict[str, tuple[dict[str, Any], bool, str]]) -> None:
    body = schemas.resolved(node)
    required = body.get("required") or []
    for name, schema in schemas.properties(body):
        found[name] = (schema, name in required, "body")


def _rows_in(schemas: Schemas, reply: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """(path of the list in a reply, schema of an item)."""
    if schemas.is_rows(reply):
        return "$", schemas.resolved(reply["items"])
    lists = [(path, schema) for path, schema in schemas.inner(reply) if schemas.is_rows(schema)]
    if not lists:
        return None

    def rank(found: tuple[str, dict[str, Any]]) -> tuple[int, int]:
        leaf = folded(found[0].rpartition(".")[2])
        return (_ROWS.index(leaf) if leaf in _ROWS else len(_ROWS), found[0].count("."))

    path, schema = min(lists, key=rank)
    if folded(path.rpartition(".")[2]) not in _ROWS and len(schemas.resolved(reply).get("properties", {})) > 4:
        return None  # one object with a list in it, such as an order with its lines
    return path, schemas.resolved(schema["items"])


def _total_in(schemas: Schemas, reply: dict[str, Any], headers: list[str]) -> str | None:
    numbers = {
        path: folded(path.rpartition(".")[2]) for path, one in schemas.inner(reply) if schemas.type_of(one) == "integer"
    }
    for word in _TOTAL:
        if path := next((path for path, name in numbers.items() if name == word), None):
            return path
    header = next((name for name in headers if folded(name) in ("xtotalcount", "xtotal", "totalcount")), None)
    if header is None and any(folded(name) == "xpagination" for name in headers):
        return "$header.X-Pagination.total"
    return f"$header.{header}" if header else None


def _paging(
    schemas: Schemas, reply: dict[str, Any], asked: dict[str, tuple[dict[str, Any], bool, str]], method: str
) -> tuple[dict[str, Any], set[str]]:
    """(the `paging` of the endpoint, names of parameters it uses)."""

    def named(words: tuple[str, ...]) -> str | None:
        return next((name for word in words for name in asked if folded(name) == word), None)

    inside = {folded(path.rpartition(".")[2]): path for path, _ in reversed(list(schemas.inner(reply)))}
    page, size, offset, cursor = named(_PAGE), named(_SIZE), named(_OFFSET), named(_CURSOR)
    following = next((inside[word] for word in _NEXT if word in inside), None)
    paging: dict[str, Any] = {"kind": "none"}
    used: set[str] = set()
    if cursor is not None and following is not None:
        paging, used = {"kind": "cursor", "cursor": cursor, "next": following}, {cursor}
    elif offset is not None and size is not None:
        paging, used = {"kind": "offset", "offset": offset}, {offset}
    elif page is not None:
        schema = asked[page][0]
        first = schema.get("minimum", schema.get("default", 1))
        paging, used = {"kind": "page", "page": page, "first": 0 if first == 0 else 1}, {page}
    if not used:
        return paging, used
    paging["size"] = size
    if size is not None:
        used.add(size)
        most = asked[size][0].get("maximum")
        paging["page_size"] = min(SIZE, int(most)) if isinstance(most, int | float) and most >= 1 else SIZE
    if more := next((inside[word] for word in _MORE if word in inside), None):
        paging["has_more"] = more
    place = asked[next(iter(used))][2]
    return paging | {"place": place}, used


# --- key, filter, names ------------------------------------------------------------------------------


def _choose_key(endpoint: Endpoint) -> None:
    by_name = {folded(leaf.path): leaf.path for leaf in endpoint.columns.values()}
    own = folded(endpoint.name)
    wanted = ("id", f"{own}id", "uuid", "guid", f"{own}code", f"{own}no", f"{own}number", "code", "key", "number", "no")
    found = next((by_name[name] for name in wanted if name in by_name), None)
    if found is None:
        endpoint.doubts.append(("key", ""))
        found = next(iter(endpoint.columns.values())).path
    endpoint.key = [found]


def _choose_filter(
    schemas: Schemas, endpoint: Endpoint, asked: dict[str, tuple[dict[str, Any], bool, str]]
) -> set[str]:
    """Set `updated` if the endpoint filters by a time that its items have too; the parameters used."""
    since = next((name for name in asked if _SINCE.match(folded(name))), None)
    stamp = next((leaf for leaf in endpoint.columns.values() if _STAMP.match(folded(leaf.path.split(".")[-1]))), None)
    if since is None:
        return set()
    if stamp is None:
        endpoint.doubts.append(("stamp", since))
        return set()
    schema, _, place = asked[since]
    kind, form = schemas.type_of(schema), str(schema.get("format") or "")
    unit = "ms" if kind in ("integer", "number") else "date" if form == "date" else "iso_offset"
    endpoint.updated = {"filter_from": since, "column": stamp.path, "unit": unit, "overlap_minutes": 10, "place": place}
    return {since}


def _detail(paths: dict[str, Any], path: str) -> str | None:
    """The path of a single record of this list, as a template with {id}."""
    pattern = re.compile(re.escape(path.rstrip("/")) + r"/\{[^/{}]+\}/?$")
    found = next((one for one in paths if pattern.match(one) and "get" in (paths[one] or {})), None)
    return re.sub(r"\{[^/{}]+\}", "{id}", found) if found else None


def _name(path: str, taken: set[str]) -> str:
    parts = [part for part in re.split(r"[/.]", path) if part and "{" not in part]
    while len(parts) > 1 and folded(parts[-1]) in _NO_LIST:
        parts.pop()
    word = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", parts[-1] if parts else "list").lower()
    word = re.sub(r"[^a-z0-9]+", "_", word).strip("_") or "list"
    word = word[:-3] + "y" if word.endswith("ies") else word[:-1] if re.search(r"[^su]s$", word) else word
    word = (word if word[0].isalpha() else f"t_{word}")[:55]
    names = (word, *(f"{word}_{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)


def access(document: dict[str, Any]) -> Access:
    """The first way in that can be written down without a person."""
    components = document.get("components") or {}
    schemes = components.get("securitySchemes") or document.get("securityDefinitions") or {}
    token = {"env": "WATERWORKS_{SYSTEM}_TOKEN"}
    for name, scheme in schemes.items():
        kind = str(scheme.get("type"))
        if kind == "apiKey" and scheme.get("in") in ("header", "query"):
            return Access({"headers" if scheme["in"] == "header" else "query": {str(scheme["name"]): token}})
        if kind == "http" and str(scheme.get("scheme")).lower() == "bearer":
            return Access({"headers": {"Authorization": "Bearer {env:WATERWORKS_{SYSTEM}_TOKEN}"}})
        if kind == "oauth2":
            flows = scheme.get("flows") or {str(scheme.get("flow")): scheme}
            for flow in ("clientCredentials", "application", "password"):
                if flow in flows and flows[flow].get("tokenUrl"):
                    return Access({"auth": _oauth(flow, str(flows[flow]["tokenUrl"]))})
        if kind:
            return Access({}, str(name))
    return _by_header(document)


def _by_header(document: dict[str, Any]) -> Access:
    """Frameworks describe a token that the code itself looks at as a plain header of every operation."""
    for operations in (document.get("paths") or {}).values():
        for operation in operations.values() if isinstance(operations, dict) else ():
            given = operation.get("parameters") if isinstance(operation, dict) else None
            for parameter in given if isinstance(given, list) else ():
                if not isinstance(parameter, dict) or parameter.get("in") != "header":
                    continue
                name = str(parameter.get("name"))
                if name.lower() == "authorization":
                    return Access({"headers": {"Authorization": "Bearer {env:WATERWORKS_{SYSTEM}_TOKEN}"}})
                if folded(name) in _TOKEN_HEADERS:
                    return Access({"headers": {name: {"env": "WATERWORKS_{SYSTEM}_TOKEN"}}})
    return Access({})


def _oauth(flow: str, token_url: str) -> dict[str, Any]:
    if flow == "password":
        body = {"grant_type": "password", "username": {"env": "WATERWORKS_{SYSTEM}_USER"},
                "password": {"env": "WATERWORKS_{SYSTEM}_PASSWORD"}}  # fmt: skip
    else:
        body = {"grant_type": "client_credentials", "client_id": {"env": "WATERWORKS_{SYSTEM}_CLIENT_ID"},
                "client_secret": {"env": "WATERWORKS_{SYSTEM}_CLIENT_SECRET"}}  # fmt: skip
    path = urlsplit(token_url).path if "://" in token_url else "/" + token_url.lstrip("/")
    return {"path": path, "form": True, "body": body, "token": "access_token", "expires": "expires_in",
            "place": "header", "name": "Authorization", "prefix": "Bearer "}  # fmt: skip
