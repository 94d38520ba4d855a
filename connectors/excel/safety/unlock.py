"""An unprotected copy of one workbook, for a password that a person typed in.

Run as `python -m connectors.excel.safety.unlock`.

Belongs here: the limited child process and its answer. Does not belong here: the ways of locking
(protected.py). The password travels on standard input, is used once, and is neither logged nor stored.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from schemas.problems import Problem

MEMORY = 2 << 30
SECONDS = 60
_ROOT = Path(__file__).resolve().parents[3]
# Secrets of source systems stand in the environment; a process that opens strangers' files gets none.
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV")


def unlock(path: Path, shown_name: str, target: Path, password: str) -> None:
    """Write the opened copy to `target`.

    Raises Problem `workbook_password_wrong`, `workbook_password_kind`, `workbook_reader_failed`.
    """
    with tempfile.TemporaryDirectory(prefix="waterworks-unlock-") as folder:
        request = {"path": str(path.resolve()), "shown_name": shown_name, "folder": folder, "password": password}
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        try:
            done = subprocess.run(
                [sys.executable, "-m", "connectors.excel.safety.unlock"],
                input=json.dumps(request).encode(),
                capture_output=True,
                cwd=folder,
                env={**environment, "PYTHONPATH": str(_ROOT)},
                timeout=4 * SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise Problem("workbook_out_of_time", file=shown_name) from error
        if done.returncode != 0:
            raise Problem("workbook_reader_failed", file=shown_name, reason=f"exit {done.returncode}")
        answer = json.loads(done.stdout)
        if "problem" in answer:
            raise Problem(answer["problem"]["code"], **answer["problem"]["params"])
        under_way = target.with_name(f".{target.name}.part")
        shutil.copyfile(answer["opened"], under_way)
        under_way.replace(target)


def main() -> None:
    from connectors.excel.safety.protected import opened

    request = json.load(sys.stdin)
    for limit, value in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, SECONDS), (resource.RLIMIT_CORE, 0)):
        hard = resource.getrlimit(limit)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        try:
            resource.setrlimit(limit, (value, value))
        except (ValueError, OSError) as error:  # macOS does not know RLIMIT_AS
            print(f"limit {limit} not set: {error}", file=sys.stderr)
    try:
        answer = {
            "opened": str(
                opened(Path(request["path"]), request["shown_name"], Path(request["folder"]), [request["password"]])
            )
        }
    except Problem as problem:
        json.dump({"problem": problem.as_json()}, sys.stdout)
    else:
        json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
