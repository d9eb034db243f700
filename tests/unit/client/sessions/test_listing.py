"""Hosts are not asked through a symbolic link."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from session_host.client.sessions.session_info import describe, find_session
from session_host.client.sessions.store_access import open_store
from session_host.errors import UnsafeDirectory
from session_host.protocol.values import State
from tests.support.area import Area
from tests.support.facts import chat_facts


def test_no_host_is_asked_through_a_symbolic_link(area: Area, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = tmp_path / "link"
    link.symlink_to(area.runtime)
    monkeypatch.setenv("OUTLIVE_RUNTIME_DIR", str(link))
    with pytest.raises(UnsafeDirectory):
        describe(str(uuid.uuid4()))
    with open_store() as store:
        record = chat_facts(
            id=str(uuid.uuid4()), name="x", agent="command", argv=["cat"], cwd="/", state=State.RUNNING, created_at=""
        )
        store.insert(record)
        with pytest.raises(UnsafeDirectory):
            find_session(store, "x")
