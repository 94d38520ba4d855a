"""The lock files hold what pyproject.toml asks for, with hashes, and the same versions in both."""

from __future__ import annotations

import re
import tomllib

import pytest

from hub.settings import PROJECT


def locked(name: str) -> dict[str, set[str]]:
    """{package: its pinned versions}; a universal lock may pin one per Python version."""
    found: dict[str, set[str]] = {}
    for package, version in re.findall(
        r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^ \\]+)", (PROJECT / name).read_text(), re.MULTILINE
    ):
        found.setdefault(package.lower().replace("_", "-"), set()).add(version)
    return found


def asked(extras: tuple[str, ...]) -> set[str]:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *(each for extra in extras for each in project["optional-dependencies"][extra])]
    return {re.split(r"[^A-Za-z0-9._-]", each)[0].lower().replace("_", "-") for each in wanted}


@pytest.mark.parametrize(("lock", "extras"), [("requirements.lock", ()), ("requirements-dev.lock", ("dev", "bench"))])
def test_everything_asked_for_is_locked_with_hashes(lock: str, extras: tuple[str, ...]) -> None:
    assert asked(extras) - locked(lock).keys() == set(), "run `make lock`"
    text = (PROJECT / lock).read_text()
    assert len(re.findall(r"^[a-z0-9]", text, re.MULTILINE)) <= text.count("--hash=sha256:")


def test_the_dev_lock_adds_to_the_runtime_lock_and_changes_nothing() -> None:
    runtime, dev = locked("requirements.lock"), locked("requirements-dev.lock")
    assert {name: dev.get(name) for name in runtime} == runtime
