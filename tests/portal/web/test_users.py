"""Accounts: argon2, idempotent creation, sessions ended when the account changes."""

from __future__ import annotations

import pytest

from hub.store.engine import connect
from hub.store.migrate import upgrade
from portal.users import ensure_user, password_fits
from portal.web import sessions
from schemas.problems import Problem

pytestmark = pytest.mark.servers


def test_ensure_user(postgres_url: str) -> None:
    upgrade(postgres_url)
    with connect(postgres_url) as connection:
        ensure_user(connection, "li", "李敏", "coach", "purchasing", "one")
        [(stored,)] = connection.execute("select password_hash from ops.user_account").fetchall()
        assert stored.startswith("$argon2id$")
        assert password_fits(connection, "li", "one")
        assert not password_fits(connection, "li", "two")
        assert not password_fits(connection, "nobody", "one")

        session = sessions.start(connection, "li")
        ensure_user(connection, "li", "李敏敏", "coach", "purchasing", "one")
        assert connection.execute("select password_hash, name from ops.user_account").fetchall() == [(stored, "李敏敏")]
        found = sessions.find(connection, session)
        assert found is not None
        assert found.name == "李敏敏"

        ensure_user(connection, "li", "李敏敏", "it", "purchasing", "one")
        assert sessions.find(connection, session) is None
        with pytest.raises(Problem, match="no role 'boss'"):
            ensure_user(connection, "li", "李敏敏", "boss", "purchasing", "one")
