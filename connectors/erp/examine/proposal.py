"""The YAML that `waterworks discover --write` writes: a start that loads as it is, for a person to trim.

Belongs here: text of documents, with what was found as comments. Does not belong here: looking
(`survey.py`), where files go (portal/cli/discover.py).

Every line a person must look at is marked with "!!".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from connectors.erp.examine.adapt import Adapted
from connectors.erp.examine.captions import Captions
from connectors.erp.examine.guess import Guess
from connectors.erp.examine.survey import Surveyed
from connectors.erp.presets import Preset
from schemas.problems import Language

_WORDS: dict[str, tuple[str, str]] = {
    "rows": ("{rows} 行", "{rows} rows"),
    "about": ("约 {rows} 行", "about {rows} rows"),
    "uncounted": ("没有数行数", "rows not counted"),
    "primary": ("主键 {key}", "primary key {key}"),
    "unique": ("没有主键，唯一索引 {key}", "no primary key, unique index {key}"),
    "no_key": ("!! 没有主键，也没有唯一索引", "!! neither primary key nor unique index"),
    "check_key": (
        "!! 没有主键：请确认这些列能唯一确定一行",
        "!! no primary key: make sure that these columns tell every row apart",
    ),
    "candidate": (
        "可用来找修改过的行：{column}（{reason}{index}）",
        "changed rows could be found by {column} ({reason}{index})",
    ),
    "indexed": ("，有索引", ", indexed"),
    "unindexed": ("，没有索引", ", not indexed"),
    "missing": ("!! 这个数据库里没有，已略去：{names}", "!! not in this database, left out: {names}"),
    "assumed": ("凭记忆写的列，请核对：{names}", "columns from memory, please check: {names}"),
    "more": ("表里还有这些列，需要时去掉 #：", "further columns of the table; remove the # of those you need:"),
    "unused": (
        "没有对应的实体，先不读取。要读取请写好 mapping 再去掉 #",
        "not read, since no entity is known for it: write a mapping, then remove the #",
    ),
    "guessed": ("按列名和说明猜的，请核对", "guessed from names and captions, please check"),
    "nothing": ("没有找到合适的列", "no fitting column was found"),
    "needed": ("!! 必填，按键列的顺序先填上，请改正", "!! required; filled in from the key for now, please correct"),
    "department": ("谁维护这些数据，问题就发给谁", "who keeps these data gets the findings"),
    "trim": (
        "waterworks discover 写的初稿，请删改成需要的样子。",
        "A first version by waterworks discover: trim it to what you need.",
    ),
    "offer": ("需要时去掉 #：", "remove the # if you need it:"),
}


@dataclass(frozen=True)
class Document:
    """One document of defs.yaml. object: None for the system, or for text that is only a comment."""

    object: str | None
    text: str


@dataclass
class Proposal:
    """documents: of defs.yaml, in order; mappings: {dataset: text of schemas/mappings/<dataset>.yaml};
    comments: tables that are only offered, below the last document."""

    documents: list[Document] = field(default_factory=list)
    mappings: dict[str, str] = field(default_factory=dict)
    comments: list[str] = field(default_factory=list)


def system_document(
    system: str,
    plant: str,
    title: Mapping[str, str],
    url_env: str,
    timezone: str,
    product: Preset | None,
    lang: Language,
) -> Document:
    """The `SourceSystem` document of a new system."""
    lines = [
        f"# {_say('trim', lang)}",
        "type: pipelines.components.SourceSystem",
        "attributes:",
        f"  system: {system}",
        "  kind: erp",
        f"  plant: {flow(plant)}",
        f"  title: {flow(dict(title))}",
        f"  url_env: {url_env}",
        f"  timezone: {timezone}",
    ]
    if product is not None:
        lines += [f"  {key}: {flow(value)}" for key, value in product.settings.items()]
        if product.note is not None:
            lines.append(f"  # {product.note[lang]}")
        if product.offered is not None:
            lines.append(f"  # {_say('offer', lang)}")
            lines += [f"  # {line}" for line in product.offered.strip().splitlines()]
    return Document(None, "\n".join(lines) + "\n")


def preset_document(
    system: str, item: Adapted, surveyed: Surveyed | None, captions: Captions, lang: Language
) -> Document:
    """The `ErpTable` document of a preset's object, as far as this database has it."""
    name, table = item.item.object, str(item.recipe["table"])
    lines = _heading(table, surveyed, captions, lang)
    if item.missing:
        lines.append(f"# {_say('missing', lang, names=', '.join(dict.fromkeys(item.missing)))}")
    doubtful = sorted(item.item.assumed - set(item.missing))
    if doubtful:
        lines.append(f"# {_say('assumed', lang, names=', '.join(doubtful))}")
    if item.item.note is not None:
        lines.append(f"# {item.item.note[lang]}")
    lines += _opening(system, name, {"zh": item.item.title.zh, "en": item.item.title.en})
    lines.append(f"  preset: {item.item.name}")
    lines += _columns(item.recipe["columns"], table, captions)
    if item.table is not None:
        lines += _further(item.table.columns, item.recipe["columns"], table, captions, lang)
    lines += _recipe_keys(item)
    return Document(name, "\n".join(lines) + "\n")


def table_document(
    system: str, name: str, surveyed: Surveyed, key: Iterable[str], captions: Captions, lang: Language
) -> Document:
    """The `ErpTable` document of any table."""
    key = list(key)
    caption = surveyed.caption or surveyed.table.name
    lines = _heading(surveyed.table.name, surveyed, captions, lang)
    lines += _opening(system, name, {"zh": caption, "en": surveyed.table.name})
    lines.append(f"  table: {flow(surveyed.shown)}")
    lines.append(f"  key: {flow(key)}" + ("" if surveyed.key else f"  # {_say('check_key', lang)}"))
    lines += _columns(list(surveyed.table.columns), surveyed.table.name, captions)
    lines.append("  mode: full")
    return Document(name, "\n".join(lines) + "\n")


def commented(document: Document, lang: Language) -> str:
    """A document that is only offered: every line behind a #."""
    lines = [f"# --- {_say('unused', lang)}", *document.text.splitlines()]
    return "\n".join(line if line.startswith("#") else f"# {line}" for line in lines) + "\n"


def mapping_document(
    dataset: str, entity: str, department: str, columns: Mapping[str, Any], lang: Language, guess: Guess | None = None
) -> str:
    """The text of schemas/mappings/<dataset>.yaml."""
    lines = [
        f"# {_say('trim', lang)}",
        f"dataset: {dataset}",
        f"entity: {entity}",
        f"department: {department}  # {_say('department', lang)}",
        "columns:",
    ]
    for column, entry in columns.items():
        note = ""
        if guess is not None:
            note = f"  # {_say('needed' if column in guess.forced else 'guessed', lang)}"
        lines.append(f"  {column}: {flow(entry)}{note}")
    if guess is not None:
        lines += [f"  # {column}:  # {_say('nothing', lang)}" for column in guess.open]
    return "\n".join(lines) + "\n"


def object_name(table: str, taken: Iterable[str] = ()) -> str:
    """A name of ours for a table: lower case, pinyin for Chinese; a number at the end if it is taken."""
    if not table.isascii():
        from pypinyin import lazy_pinyin

        table = "_".join(lazy_pinyin(table))
    plain = re.sub(r"[^a-z0-9]+", "_", table.casefold()).strip("_") or "table"
    plain = (plain if plain[0].isalpha() else f"t_{plain}")[:60]
    names = set(taken)
    numbered = (f"{plain}_{number}" for number in range(2, len(names) + 3))
    return plain if plain not in names else next(name for name in numbered if name not in names)


def flow(value: Any) -> str:
    """A value on one line, quoted where any YAML reader would take it for something else."""
    text: str = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=100_000)
    return text.removesuffix("\n").removesuffix("\n...")


def _say(word: str, lang: Language, **values: Any) -> str:
    zh, en = _WORDS[word]
    return (zh if lang == "zh" else en).format(**values)


def _heading(table: str, surveyed: Surveyed | None, captions: Captions, lang: Language) -> list[str]:
    """Comments above a document: caption, rows, key, what tells a changed row."""
    caption = captions.table(table)
    said = [f"{table}{' ' + caption if caption else ''}"]
    if surveyed is None:
        return [f"# {said[0]}"]
    if surveyed.rows is None:
        said.append(_say("uncounted", lang))
    else:
        said.append(_say("rows" if surveyed.counted else "about", lang, rows=f"{surveyed.rows:,}"))
    if not surveyed.key:
        said.append(_say("no_key", lang))
    else:
        said.append(_say("primary" if surveyed.primary else "unique", lang, key=", ".join(surveyed.key)))
    lines = ["# " + (": ".join((said[0], ("；" if lang == "zh" else "; ").join(said[1:]))))]
    for candidate in surveyed.candidates[:2]:
        index = "" if candidate.indexed is None else _say("indexed" if candidate.indexed else "unindexed", lang)
        said_of = _say("candidate", lang, column=candidate.column, reason=candidate.reason[lang], index=index)
        lines.append(f"# {said_of}: mode: {candidate.mode}, {candidate.mode}: {candidate.column}")
    return lines


def _opening(system: str, name: str, title: Mapping[str, str]) -> list[str]:
    return [
        "type: pipelines.components.ErpTable",
        "attributes:",
        f"  system: {system}",
        f"  object: {name}",
        f"  title: {flow(dict(title))}",
    ]


def _columns(names: Iterable[str], table: str, captions: Captions) -> list[str]:
    return ["  columns:", *(f"    - {flow(name)}{_caption(captions, table, name)}" for name in names)]


def _further(
    everything: Iterable[str], chosen: Iterable[str], table: str, captions: Captions, lang: Language
) -> list[str]:
    """Columns the recipe does not read, as comments."""
    known = {name.casefold() for name in chosen}
    rest = [name for name in everything if name.casefold() not in known]
    if not rest:
        return []
    return [f"    # {_say('more', lang)}", *(f"    # - {flow(name)}{_caption(captions, table, name)}" for name in rest)]


def _caption(captions: Captions, table: str, column: str) -> str:
    caption = captions.column(table, column)
    return f"  # {caption}" if caption else ""


def _recipe_keys(item: Adapted) -> list[str]:
    """The keys of the recipe that differ from the preset's."""
    lines = []
    for key in ("joins", "computed", "where", "any_of"):
        if key not in item.changed:
            continue
        value = item.recipe.get(key)
        if isinstance(value, list) and value:
            lines += [f"  {key}:", *(f"    - {flow(entry)}" for entry in value)]
        elif isinstance(value, dict) and value:
            lines += [f"  {key}:", *(f"    {flow(name)}: {flow(entry)}" for name, entry in value.items())]
        else:
            lines.append(f"  {key}: {flow(value)}")
    return lines
