"""The YAML that `waterworks discover --write` writes for a REST API: a start that loads, for a person to trim.

Belongs here: text of documents, with what was found as comments; a first mapping by names. Does not belong
here: recognising endpoints (`openapi.py`), where files go (portal/cli/discover_files.py).

Every line a person must look at is marked with "!!". An endpoint whose entity nobody knows, or that cannot
be read as proposed, is only offered behind #.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from connectors.erp.examine.captions import Captions
from connectors.erp.examine.guess import guessed
from connectors.erp.examine.proposal import Document, Proposal, commented, flow, mapping_document, object_name
from connectors.mes.openapi import Access, Endpoint, access, base_path, folded
from connectors.mes.presets import named_for
from schemas.model import Contract
from schemas.problems import Language

_WORDS = {
    "trim": (
        "waterworks discover 按接口的 OpenAPI 文档写的初稿，请删改成需要的样子。",
        "A first version by waterworks discover, after the service's OpenAPI document: trim it to what you need.",
    ),
    "key": (
        "!! 没有认出标识：请确认这一列能唯一确定一条记录",
        "!! no key was recognised: make sure that this tells every record apart",
    ),
    "required": (
        "!! 接口要求参数 {value}，请在 query 或 body 里给出",
        "!! the endpoint requires {value}: give it under query or body",
    ),
    "stamp": (
        "接口能按 {value} 过滤，但没有认出更新时间列；认出后写 updated，可以只读修改过的",
        "the endpoint filters by {value}, but no column looks like its time; with `updated` only changes would be read",
    ),
    "every": (
        "只读修改过的；每 7 天全部核对一次，找出删除的",
        "only changes are read; every 7 days everything is compared, which finds deletions",
    ),
    "zone": (
        "没有写时区的时间按系统的时区；其实是 UTC 时写 times_zone: UTC",
        "times without a zone are the system's; if they are UTC in fact, write times_zone: UTC",
    ),
    "children": (
        "每条里还有明细：{value}；要一行一条明细，写 children",
        "every record has lines in {value}; for a row per line write `children`",
    ),
    "detail": ("单条接口有更多字段时：", "if the endpoint of a single record has more fields:"),
    "whole": (
        "没有更新时间过滤：每次全部读取，能找出删除的",
        "no filter by time: everything is read each time, which finds deletions",
    ),
    "unknown": (
        "!! 登录方式（{value}）请按文档写 auth",
        "!! write `auth` for the way in ({value}) after the documentation",
    ),
}


# What services call a list of an entity -> the entity.
_ALSO = {
    "part": "material", "product": "material", "article": "material", "client": "customer", "vendor": "supplier",
    "machine": "equipment", "device": "equipment", "worker": "employee", "staff": "employee", "operator": "employee",
    "production_order": "work_order", "manufacturing_order": "work_order",
}  # fmt: skip


def propose(
    document: dict[str, Any],
    system: str,
    chosen: list[Endpoint],
    contracts: dict[str, Contract],
    taken: Iterable[str],
    entity: str | None,
    lang: Language,
) -> Proposal:
    """The documents of the chosen endpoints and their first mappings; `entity`: what they all hold, if known.

    `taken`: objects the system has already; an endpoint whose path one of them reads is left out by the caller.
    """
    proposal = Proposal()
    names = set(taken)
    for endpoint in chosen:
        name = object_name(endpoint.name, names)
        names.add(name)
        written = Document(name, _endpoint_text(system, name, endpoint, lang))
        contract = contracts[entity] if entity else _entity_of(endpoint, contracts)
        if contract is None or not endpoint.is_certain:
            proposal.comments.append(commented(written, lang))
            continue
        proposal.documents.append(written)
        captions = Captions()
        for column, leaf in endpoint.columns.items():
            captions.add(endpoint.name, column, leaf.title)
        guess = guessed(contract, endpoint.name, list(endpoint.columns), _key_columns(endpoint), captions)
        dataset = f"{system}.{name}"
        department = _department(contract)
        proposal.mappings[dataset] = mapping_document(dataset, contract.entity, department, guess.columns, lang, guess)
    return proposal


def system_document(
    document: dict[str, Any], system: str, plant: str, url_env: str, timezone: str, lang: Language
) -> Document:
    """The `SourceSystem` document of a new system."""
    title = str((document.get("info") or {}).get("title") or system)
    way: Access = access(document)
    lines = [
        f"# {_say('trim', lang)}",
        "type: pipelines.components.SourceSystem",
        "attributes:",
        f"  system: {system}",
        "  kind: mes",
        "  preset: openapi_plain",
        f"  plant: {flow(plant)}",
        f"  title: {flow({'zh': title, 'en': title})}",
        f"  url_env: {url_env}",
        f"  timezone: {timezone}",
    ]
    if base := base_path(document):
        lines.append(f"  base_path: {flow(base)}")
    for key, value in way.keys.items():
        lines.append(f"  {key}: {flow(named_for(value, system))}")
    if way.unknown:
        lines.append(f"  # {_say('unknown', lang, way.unknown)}")
    return Document(None, "\n".join(lines) + "\n")


def _endpoint_text(system: str, name: str, endpoint: Endpoint, lang: Language) -> str:
    lines = [f"# {endpoint.method} {endpoint.path}: {endpoint.title}"]
    lines += [f"# {_say(code, lang, value)}" for code, value in endpoint.doubts]
    lines += [
        "type: pipelines.components.MesEndpoint",
        "attributes:",
        f"  system: {system}",
        f"  object: {name}",
        f"  title: {flow({'zh': endpoint.title, 'en': endpoint.title})}",
        f"  path: {flow(endpoint.path)}",
        f"  method: {endpoint.method}",
        f"  rows: {flow(endpoint.rows)}",
    ]
    if endpoint.total:
        lines.append(f"  total: {flow(endpoint.total)}")
    lines.append(f"  paging: {flow(endpoint.paging)}")
    lines.append(f"  key: {flow(endpoint.key)}")
    if endpoint.updated is None:
        lines.append(f"  # {_say('whole', lang)}")
    else:
        lines += [f"  # {_say('every', lang)}", f"  updated: {flow(endpoint.updated)}", "  full_every_days: 7"]
    lines.append("  columns:")
    for column, leaf in endpoint.columns.items():
        said = " ".join(leaf.title.split())
        lines.append(f"    {column}: {flow(leaf.path)}  # {leaf.shown}{', ' + said if said else ''}")
    if endpoint.times:
        lines += [f"  # {_say('zone', lang)}", f"  times: {flow(endpoint.times)}"]
    if endpoint.children:
        lines.append(f"  # {_say('children', lang, ', '.join(endpoint.children))}")
    if endpoint.detail:
        detail = {"path": endpoint.detail, "id": endpoint.key[0], "rows": "$"}
        lines += [f"  # {_say('detail', lang)}", f"  # detail: {flow(detail)}"]
    return "\n".join(lines) + "\n"


def _entity_of(endpoint: Endpoint, contracts: dict[str, Contract]) -> Contract | None:
    """The entity whose name the endpoint bears."""
    if endpoint.name in contracts:
        return contracts[endpoint.name]
    name = folded(_ALSO.get(endpoint.name, endpoint.name))
    return next((one for key, one in contracts.items() if folded(key) in (name, name.removesuffix("list"))), None)


def _key_columns(endpoint: Endpoint) -> list[str]:
    return [column for column, leaf in endpoint.columns.items() if leaf.path in endpoint.key]


def _department(contract: Contract) -> str:
    """Who most likely keeps such data; a person corrects it."""
    by_entity = {
        "customer": "sales", "sales_order": "sales", "supplier": "purchasing", "bom": "engineering",
        "material": "engineering", "standard_cost": "finance", "equipment": "equipment", "employee": "hr",
        "material_lot": "warehouse", "stock_document": "warehouse",
    }  # fmt: skip
    return by_entity.get(contract.entity, "production")


def _say(word: str, lang: Language, value: str = "") -> str:
    zh, en = _WORDS[word]
    return (zh if lang == "zh" else en).format(value=value)
