"""A supervisor of two small children, as a program that tests start, signal and kill.

`python -m tests.portal.supervisor.small_run <home> [broken]`: "answers" listens on a port and has a child of its
own in another session; "waits" starts after it and ends with code 3 when the file <home>/crash appears.
broken: a third child that ends at once.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from portal.supervisor.child import Child, choose_port
from portal.supervisor.claim import claimed
from portal.supervisor.supervisor import Supervisor

ANSWERS = """
import subprocess, sys, http.server
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), http.server.SimpleHTTPRequestHandler).serve_forever()
"""
WAITS = """
import os, sys, time
while not os.path.exists(sys.argv[1]):
    time.sleep(0.05)
os.remove(sys.argv[1])
sys.exit(3)
"""


def main(home: Path, broken: bool) -> None:
    (home / "logs").mkdir(parents=True, exist_ok=True)
    port = choose_port(0, set())
    logs, python, url = home / "logs", sys.executable, f"http://127.0.0.1:{port}"
    wait = [python, "-c", WAITS, str(home / "crash")]
    answer = [python, "-c", ANSWERS, str(port)]
    with claimed(home) as claim:
        children = [
            Child("waits", wait, os.environ, home, logs / "waits.log", after=("answers",)),
            Child("answers", answer, os.environ, home, logs / "answers.log", port=port, url=url),
        ]
        if broken:
            children.append(Child("broken", [python, "-c", "1/0"], os.environ, home, logs / "broken.log", port=1))
        Supervisor(home, claim, children).run(on_ready=lambda run: print("ready", flush=True))


if __name__ == "__main__":
    main(Path(sys.argv[1]), "broken" in sys.argv)
