"""The embedded server: start, stop, kill, restart; no process left, no folder opened."""

import os
import signal
import stat

import psycopg
import pytest

from hub.store.engine import dsn
from hub.store.postgres import EmbeddedPostgres, record_path
from schemas.problems import Problem


@pytest.fixture
def closed_home(tmp_path):
    """A home below a folder that only its owner may enter, as root's home is."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    return closed / "home"


def _one(server, query):
    with psycopg.connect(dsn(server.url())) as connection:
        return connection.execute(query).fetchone()[0]


def test_start_stop_start_keeps_data_and_leaves_no_process(closed_home):
    server = EmbeddedPostgres(closed_home)
    server.start()
    try:
        with psycopg.connect(dsn(server.url())) as connection:
            connection.execute("create table kept as select '数据' as word")
        pid = server.pid()
        server.stop()
        assert server.pid() is None
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
        again = EmbeddedPostgres(closed_home)
        again.start()
        assert _one(again, "select word from kept") == "数据"
        assert closed_home.parent.stat().st_mode & 0o077 == 0
    finally:
        EmbeddedPostgres(closed_home).stop()


def test_a_killed_server_comes_back_with_what_was_committed(tmp_path):
    server = EmbeddedPostgres(tmp_path)
    server.start()
    try:
        with psycopg.connect(dsn(server.url())) as connection:
            connection.execute("create table kept as select 1 as one")
        os.kill(server.pid(), signal.SIGKILL)
        while server.pid() is not None:
            pass
        server.start()
        assert _one(server, "select one from kept") == 1
    finally:
        server.stop()


def test_a_second_start_uses_the_running_server(tmp_path):
    first = EmbeddedPostgres(tmp_path)
    first.start()
    try:
        second = EmbeddedPostgres(tmp_path)
        second.start()
        assert second.pid() == first.pid()
    finally:
        first.stop()


def test_passwords_are_needed_and_kept_private(tmp_path):
    server = EmbeddedPostgres(tmp_path)
    server.start()
    try:
        assert stat.S_IMODE(record_path(tmp_path).stat().st_mode) == 0o600
        wrong = dsn(server.url()).replace(dsn(server.url()).split(":")[2].split("@")[0], "wrong")
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(wrong)
    finally:
        server.stop()


def test_no_cluster_is_one_sentence(tmp_path):
    with pytest.raises(Problem) as caught:
        EmbeddedPostgres(tmp_path).url()
    assert caught.value.code == "store_not_initialised"


def test_chinese_is_seen_by_trigrams(tmp_path):
    server = EmbeddedPostgres(tmp_path)
    server.start()
    try:
        with psycopg.connect(dsn(server.url())) as connection:
            connection.execute("create extension pg_trgm")
            row = connection.execute("select similarity('苏州恒达精密机械', '苏州恒大精密机械')").fetchone()
        assert row[0] > 0.1
    finally:
        server.stop()


def test_a_stale_pid_file_does_not_make_a_stranger_the_server(tmp_path):
    """After a crash of the machine the recorded pid may belong to any process, here to this one."""
    server = EmbeddedPostgres(tmp_path)
    server.initialise()
    (server.data / "postmaster.pid").write_text(f"{os.getpid()}\n{server.data}\n1000000000\n5432\n")
    assert server.pid() is None
    server.stop()  # must not signal us
