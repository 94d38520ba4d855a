"""The matrix page: sources x capabilities, each cell with the tests behind it.

    python docs/matrix.py        writes docs/matrix.md from docs/matrix.yaml

matrix.yaml: a list of tables {title, hint, columns, rows}. columns: {shown: its name in test ids}; a row is
{capability, cells}, cells is {"column, column": {how, tests}}. how: one of HOW. tests: pytest ids
("tests/x/test_y.py::test_z" or with "[...]"), {column} in them is the column's name in ids. A column that a row
leaves out is shown as not done. Belongs here: reading and rendering. Not here: any claim.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

DATA = Path(__file__).with_name("matrix.yaml")
PAGE = Path(__file__).with_name("matrix.md")

# how -> (sign in the table, what it means)
HOW = {
    "real": ("●", "run against the real server, program or file format"),
    "peer": ("◐", "run against a server, or on a file, that the test makes itself as the documentation says"),
    "driver": ("◔", "the real driver was loaded and asked, but no server could be run here"),
    "statement": ("○", "only what would be sent, or what the vendor documents as its answer, was checked"),
}
NOT_DONE = "–"


@dataclass(frozen=True)
class Cell:
    how: str
    tests: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """rows: [(capability, {column: cell})]."""

    title: str
    hint: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, dict[str, Cell]], ...]


def read(path: Path = DATA) -> list[Table]:
    """The tables. Raises ValueError for an unknown column or `how`, or a cell without a test."""
    tables = []
    for entry in yaml.safe_load(path.read_text(encoding="utf-8")):
        columns: dict[str, str] = entry["columns"]
        rows = []
        for row in entry["rows"]:
            cells = {}
            for names, cell in row["cells"].items():
                for column in (name.strip() for name in names.split(",")):
                    tests = tuple(test.replace("{column}", columns.get(column, "")) for test in cell.get("tests", ()))
                    if column not in columns or column in cells or cell["how"] not in HOW or not tests:
                        raise ValueError(f"{entry['title']} / {row['capability']} / {column}: {cell}")
                    cells[column] = Cell(cell["how"], tests)
            rows.append((row["capability"], cells))
        tables.append(Table(entry["title"], entry.get("hint", ""), tuple(columns), tuple(rows)))
    return tables


def tests(tables: list[Table]) -> list[str]:
    """Every test that a cell names, once."""
    return list(
        dict.fromkeys(t for table in tables for _, row in table.rows for cell in row.values() for t in cell.tests)
    )


def page(tables: list[Table]) -> str:
    """The whole document."""
    signs = "\n".join(f"- {sign} {meaning}" for sign, meaning in HOW.values())
    parts = [
        "# What works with what, and how it was tried",
        "Written by `python docs/matrix.py` from [matrix.yaml](matrix.yaml), which names the tests behind every"
        " sign; a test compares the two and looks for each of those tests.",
        f"{signs}\n- {NOT_DONE} not done, or not known",
    ]
    for table in tables:
        lines = [
            f"| | {' | '.join(table.columns)} |",
            f"|---|{'---|' * len(table.columns)}",
            *(
                f"| {capability} | {' | '.join(HOW[row[c].how][0] if c in row else NOT_DONE for c in table.columns)} |"
                for capability, row in table.rows
            ),
        ]
        parts += [f"## {table.title}", *([table.hint] if table.hint else []), "\n".join(lines)]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(read()), encoding="utf-8")
    sys.exit(0)
