"""A chat that has just ended is listed with the time of its end, also while the database does not have it yet."""

from __future__ import annotations

import os
import signal
import sqlite3
from contextlib import closing

import pytest

from session_host.client.sessions.session_info import describe, find_session
from session_host.client.sessions.store_access import open_store
from session_host.paths import database
from session_host.protocol.values import State
from tests.support.area import Area
from tests.support.commands import new, outlive
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("sessions")


def test_the_time_of_an_end_is_known_before_it_is_saved(area: Area) -> None:
    session = new("-n", "one", "--", "cat")
    first = describe(session)
    assert first is not None
    assert first.ended_at == ""
    assert first.child_pid is not None
    with closing(sqlite3.connect(database(), isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")  # The host cannot save the end.
        os.kill(first.child_pid, signal.SIGKILL)

        def has_ended() -> bool:
            description = describe(session)
            return description is not None and description.state is State.EXITED

        wait_until(has_ended, 20, "the end")
        with open_store() as store:
            record = store.get(session)
            assert record is not None
            assert record.state is State.RUNNING
            info = find_session(store, session)
        assert (info.state, info.exit_signal) == (State.EXITED, signal.SIGKILL)
        assert info.ended_at is not None
        connection.execute("ROLLBACK")
    assert outlive("wait", session, "--exited", "--timeout", "60").code == 0

    def is_saved() -> bool:
        with open_store() as store:
            return find_session(store, session).state is State.EXITED and store.running() == []

    wait_until(is_saved, 60, "the end to be saved")
    with open_store() as store:
        assert find_session(store, session).ended_at == info.ended_at, "the same time"
