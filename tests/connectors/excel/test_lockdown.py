"""What the reading child may not do, tried from inside a locked process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PREPARE = """
import ctypes, os, sys
from pathlib import Path
from connectors.excel.safety import lockdown
home = Path(sys.argv[1])
lockdown.limit(3 << 30, 20)
missing = lockdown.lock(home)
system = ctypes.CDLL(None, use_errno=True)
"""
# Each prints "refused" when it was not allowed. What goes through ctypes reaches the kernel past Python.
ATTEMPTS = {
    "a socket": "import socket\ntry:\n    socket.socket()\nexcept PermissionError:\n    print('refused')",
    "a socket past Python": "print('refused' if system.socket(2, 1, 0) < 0 else 'made')",
    "a program": "try:\n    os.execv('/bin/true', ['true'])\nexcept PermissionError:\n    print('refused')",
    "a process past Python": "print('refused' if system.fork() < 0 else 'made')",
    "a file elsewhere": "try:\n    open(home.parent / 'x', 'w')\nexcept PermissionError:\n    print('refused')",
    "a file elsewhere past Python": "print('refused' if system.open(b'%s/y', 0o101, 0o600) < 0 else 'made')",
    "removing a file": "try:\n    os.remove(home.parent / 'kept')\nexcept PermissionError:\n    print('refused')",
    "a signal to the parent": "print('refused' if system.kill(os.getppid(), 0) < 0 else 'sent')",
}


def run(code: str, home: Path) -> str:
    command = [sys.executable, "-c", PREPARE + code, str(home)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.strip()


@pytest.mark.parametrize("name", ATTEMPTS)
def test_it_is_refused(tmp_path: Path, name: str) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "kept").write_text("x")
    past_python = "past Python" in name or "signal" in name
    code = ATTEMPTS[name].replace("%s", str(tmp_path))
    if past_python and sys.platform != "linux":  # only Linux offers these layers; elsewhere Python's own hook holds
        code = "print('refused' if missing else 'nothing missing')"
    assert run(code, home) == "refused"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "kept"]


def test_it_may_write_into_its_own_folder_and_use_threads(tmp_path: Path) -> None:
    code = (
        "(home / 'a').write_text('x')\nos.remove(home / 'a')\n"
        "import threading\nthread = threading.Thread(target=print, args=('ran',))\nthread.start()\nthread.join()"
    )
    assert run(code, tmp_path) == "ran"
