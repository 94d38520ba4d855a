"""Lines of a run whose listener was killed."""

from __future__ import annotations

import os

from pipelines.run import _lines_to


def test_a_run_goes_on_when_its_listener_is_gone() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w", encoding="utf-8") as stream:
        write = _lines_to(stream)
        write({"event": "read", "rows": 1})
        assert os.read(reading, 100) == b'{"event": "read", "rows": 1}\n'
        os.close(reading)
        write({"event": "read", "rows": 2})
        write({"event": "read", "rows": 3})
