"""The destination of a machine changes in ``machines.toml``."""

from __future__ import annotations

import pytest

from session_host.machines import names
from session_host.machines.names import MachineEntry
from session_host.paths import config_dir
from tests.support.area import Area
from tests.support.facts import changed
from tests.support.near_bridges import NearBridges
from tests.support.waiting import eventually
from tests.unit.gui.conftest import WindowHarness, insert_record


async def test_a_machine_with_a_new_address_keeps_its_chats(
    area: Area, harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    NearBridges(area.root / "b", monkeypatch)
    names.add(MachineEntry("devbox", "old"))
    record = insert_record("api")
    others = harness.sessions.others
    others.read()
    machine = others.machines["devbox"]
    far = changed(record, id=f"devbox/{record.id}")
    harness.sessions.chats.apply(machine, [far], [])
    machine.link.hold()
    await eventually(lambda: machine.link.version, 20, "the link to be up")
    (config_dir() / names.FILE).write_text('devbox = "new"\n')
    others.read()
    assert others.machines["devbox"] is machine
    assert machine.link.entry.destination == "new"
    assert harness.sessions.chats.record(far.id) is not None
    assert machine.link.error is not None
    await machine.wait_reachable()
    await machine.link.close()
