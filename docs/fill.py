"""Put generated figures into the READMEs: `<command> | python docs/fill.py score|bench`.

    waterworks demo --no-serve --scale 10
    python -m examples.demo_factory score --out .waterworks/demo | python docs/fill.py score
    python -m benchmarks && python docs/fill.py bench < .waterworks/benchmarks/results.md

Belongs here: replacing what stands between <!-- name --> and <!-- /name -->. Not here: any figure.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

READMES = [Path(__file__).resolve().parent.parent / name for name in ("README.md", "README.zh.md")]


def filled(document: str, name: str, content: str) -> str:
    """The document with `content` between its two markers. Raises ValueError if it has no such markers."""
    markers = re.compile(rf"(<!-- {re.escape(name)} -->\n).*?(<!-- /{re.escape(name)} -->)", re.DOTALL)
    if not markers.search(document):
        raise ValueError(f"no <!-- {name} --> ... <!-- /{name} -->")
    return markers.sub(lambda found: f"{found[1]}\n{content.strip()}\n\n{found[2]}", document)


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    content = sys.stdin.read()
    if not content.strip():
        print("nothing came in: the command before the pipe failed", file=sys.stderr)
        return 1
    for path in READMES:
        path.write_text(filled(path.read_text(encoding="utf-8"), sys.argv[1], content), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
