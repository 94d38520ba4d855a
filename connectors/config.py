"""Source systems read from pipelines/defs/*/defs.yaml without Dagster, and their connectors opened.

Belongs here: finding, validating and joining the documents of a system; reading the environment at
the moment a connector is opened. Does not belong here: the models (`config_models.py`), reading data.
"""

from __future__ import annotations

import difflib
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from connectors.base import Connector
from connectors.config_base import Config
from connectors.config_models import ObjectConfig, SourceSystemConfig, SystemConfig
from connectors.erp.config import ErpTableConfig
from connectors.excel.config import WorkbookConfig
from connectors.mes.config import MesEndpointConfig
from connectors.mes.templates import environment_names
from schemas.problems import Problem
from schemas.yaml_lines import Document, load_documents

__all__ = [
    "DEFS_DIR",
    "ErpTableConfig",
    "MesEndpointConfig",
    "SourceSystemConfig",
    "SystemConfig",
    "WorkbookConfig",
    "environment_value",
    "load_systems",
    "open_connector",
    "read_systems",
]

DEFS_DIR = Path(__file__).resolve().parent.parent / "pipelines" / "defs"

# Last part of a document's `type` -> model of its `attributes`. Other types belong to Dagster alone.
MODELS: dict[str, type[Config]] = {
    "SourceSystem": SourceSystemConfig,
    "ErpTable": ErpTableConfig,
    "MesEndpoint": MesEndpointConfig,
    "WorkbookTemplate": WorkbookConfig,
}
_KIND_OF = {ErpTableConfig: "erp", MesEndpointConfig: "mes", WorkbookConfig: "excel"}


def load_systems(defs_dir: Path | None = None) -> dict[str, SystemConfig]:
    """Every configured source system by name.

    Raises Problem (`source_config_*`, `yaml_*`) naming file and line at the first mistake.
    """
    systems, problems = read_systems(defs_dir)
    if problems:
        raise problems[0]
    return systems


def read_systems(defs_dir: Path | None = None) -> tuple[dict[str, SystemConfig], list[Problem]]:
    """(systems that are configured without a mistake, every mistake): so one system's typo stops only that one.

    Files that did not change are not read again: a run asks once for each of its tables.
    """
    paths = sorted((defs_dir or DEFS_DIR).glob("*/defs.yaml"))
    stamps = ((path, status.st_mtime_ns, status.st_size) for path in paths if (status := path.stat()))
    systems, problems = _read(tuple(stamps))
    return dict(systems), list(problems)


@lru_cache(maxsize=4)
def _read(files: tuple[tuple[Path, int, int], ...]) -> tuple[dict[str, SystemConfig], list[Problem]]:
    """`files`: path, time of change and size of every defs.yaml."""
    problems: list[Problem] = []
    broken: set[str] = set()
    heads: dict[str, tuple[SourceSystemConfig, Document]] = {}
    objects: dict[str, dict[str, tuple[ObjectConfig, Document]]] = {}
    for path, _, _ in files:
        try:
            documents = load_documents(path)
        except Problem as problem:
            problems.append(problem)
            broken.add(path.parent.name)
            continue
        for document in documents:
            try:
                item = _parse(document)
                if isinstance(item, SourceSystemConfig):
                    if item.system in heads:
                        first = heads[item.system][1]
                        raise _repeated(document, item.system, first)
                    heads[item.system] = (item, document)
                elif item is not None:
                    known = objects.setdefault(item.system, {})
                    if item.object in known:
                        raise _repeated(document, f"{item.system}.{item.object}", known[item.object][1])
                    known[item.object] = (item, document)
            except Problem as problem:
                problems.append(problem)
                broken.add(_system_of(document))
    systems = {}
    for name in sorted(objects.keys() | heads.keys()):
        known = objects.get(name, {})
        try:
            systems[name] = _join(name, heads.get(name), known)
        except Problem as problem:
            problems.append(problem)
            broken |= {name, *(document.path.parent.name for _, document in known.values())}
    return {name: system for name, system in systems.items() if name not in broken}, problems


def open_connector(system: SystemConfig, forced: bool = False) -> Connector:
    """The connector of a system; reads its URL and secrets from os.environ now, does no other I/O.

    forced: somebody asked for this read now, whatever hours the configuration allows (ERP only).
    Raises Problem `environment_unset` naming the variable.
    """
    if system.kind == "erp":
        from connectors.erp.account_sets import AccountSetsConnector
        from connectors.erp.connector import ErpConnector

        reads = ErpConnector if system.databases is None else AccountSetsConnector
        return reads(system, environment_value(system.system, system.url_env), forced=forced)
    if system.kind == "mes":
        from connectors.mes.connector import MesConnector

        url = environment_value(system.system, system.url_env)
        names = sorted(environment_names(system))
        return MesConnector(system, url, {name: environment_value(system.system, name) for name in names})
    from connectors.excel.connector import ExcelConnector
    from connectors.excel.files.inbox.shelf import home_folder
    from connectors.excel.safety.passwords import known_passwords

    return ExcelConnector(
        system,
        Path(environment_value(system.system, system.folder_env)) if system.folder_env else None,
        folders={folder.name: Path(environment_value(system.system, folder.env)) for folder in system.folders},
        passwords=known_passwords(system),
        home=home_folder(),
    )


def environment_value(system: str, name: str | None) -> str:
    """os.environ[name]; raises Problem `environment_unset` if it is unset or blank."""
    value = os.environ.get(name or "", "").strip()
    if not value:
        raise Problem("environment_unset", system=system, variable=name or "?")
    return value


def _parse(document: Document) -> SourceSystemConfig | ObjectConfig | None:
    """The validated attributes of one document; None for a type that is not a source's."""
    data = document.data
    if not isinstance(data, dict) or not isinstance(data.get("type"), str):
        raise Problem("source_config_value", **_at(document), key="type", reason="type: <component>")
    name = data["type"].rpartition(".")[2]
    model = MODELS.get(name)
    if model is None:
        if near := difflib.get_close_matches(name, MODELS, n=1, cutoff=0.8):
            raise Problem("source_config_value", **_at(document, "type"), key="type", reason=f"{name} -> {near[0]}?")
        return None
    try:
        return model.model_validate(data.get("attributes") or {})  # type: ignore[return-value]
    except ValidationError as error:
        # A misspelt key is both unknown and missing: the first says more.
        first = min(error.errors(), key=lambda item: item["type"] != "extra_forbidden")
        raise _explain(document, model, first) from error


def _explain(document: Document, model: type[Config], error: ErrorDetails) -> Problem:
    """One pydantic error as a sentence with file, line and key."""
    steps = [step for step in error["loc"] if isinstance(step, int) or step in _keys_on_the_way(document, error)]
    at = _at(document, "attributes", *steps)
    key = ".".join(str(step) for step in error["loc"])
    if error["type"] == "extra_forbidden":
        fields = [name for name, field in model.model_fields.items() for name in (field.alias or name,)]
        near = difflib.get_close_matches(str(error["loc"][-1]), fields, n=1) if len(error["loc"]) == 1 else []
        return Problem("source_config_unknown_key", **at, key=key, known=near[0] if near else ", ".join(fields))
    if error["type"] == "preset_unknown":
        return Problem("erp_preset_unknown", **_at(document, "attributes", "preset"), **error["ctx"])
    if error["type"] == "mes_preset_unknown":
        return Problem("mes_preset_unknown", **_at(document, "attributes", "preset"), **error["ctx"])
    if error["type"] == "missing":
        return Problem("source_config_missing_key", **at, key=key)
    reason = error["msg"].removeprefix("Value error, ")
    if error["type"] == "string_pattern_mismatch":
        reason = repr(error["input"])
    return Problem("source_config_value", **at, key=key, reason=reason)


def _keys_on_the_way(document: Document, error: ErrorDetails) -> set[Any]:
    """The steps of a pydantic location that are keys of the YAML (not names of union members)."""
    found: set[Any] = set()
    here = document.data.get("attributes")
    for step in error["loc"]:
        if isinstance(here, dict) and step in here:
            found.add(step)
            here = here[step]
        elif isinstance(here, list) and isinstance(step, int) and step < len(here):
            here = here[step]
    return found


def _at(document: Document, *steps: Any) -> dict[str, Any]:
    path = document.path
    return {"file": f"{path.parent.name}/{path.name}", "line": document.line(*steps)}


def _system_of(document: Document) -> str:
    """Which system a document is about, as far as it can be told."""
    attributes = document.data.get("attributes") if isinstance(document.data, dict) else None
    name = attributes.get("system") if isinstance(attributes, dict) else None
    return name if isinstance(name, str) else document.path.parent.name


def _repeated(document: Document, name: str, first: Document) -> Problem:
    where = f"{first.path.parent.name}/{first.path.name}:{first.line()}"
    return Problem("source_config_repeated", **_at(document), name=name, first=where)


def _join(
    name: str,
    head: tuple[SourceSystemConfig, Document] | None,
    objects: dict[str, tuple[ObjectConfig, Document]],
) -> SystemConfig:
    if head is None:
        first = next(iter(objects.values()))[1]
        raise Problem("source_config_no_system", **_at(first, "attributes", "system"), system=name)
    for item, document in objects.values():
        if (needed := _KIND_OF[type(item)]) != head[0].kind:
            at = _at(document, "type")
            raise Problem("source_config_kind", **at, system=name, kind=head[0].kind, needed=needed)
    return SystemConfig(**dict(head[0]), objects={key: item for key, (item, _) in objects.items()})
