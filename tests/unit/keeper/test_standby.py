"""The keeper's two processes, when the second one cannot be made."""

from __future__ import annotations

import errno
import socket
from types import SimpleNamespace
from typing import Any, cast

import pytest

from session_host.keeper import standby
from session_host.keeper.standby import ActiveStandbyPair


def test_a_keeper_with_too_many_open_files_runs_alone_and_tries_again(monkeypatch: pytest.MonkeyPatch) -> None:
    standbys: list[socket.socket | None] = []

    def run_active(_pair: ActiveStandbyPair, standby: socket.socket | None) -> bool:
        standbys.append(standby)
        return len(standbys) == 2

    def refuse(*_: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(standby, "make_inotify", lambda: None)
    monkeypatch.setattr(ActiveStandbyPair, "_run_active", run_active)
    keepers = ActiveStandbyPair(cast(Any, SimpleNamespace(loop=None)), -1, lambda: None)
    monkeypatch.setattr(socket, "socketpair", refuse)
    keepers.run()
    assert standbys == [None, None]
