"""``machines.toml`` is wrong, or was changed while there was no window, when the window starts."""

from __future__ import annotations

import pytest

from gui.bridge.other_machines import OtherMachines
from gui.bridge.sessions import Sessions
from session_host.machines import names
from session_host.machines.names import MachineEntry
from session_host.paths import config_dir
from tests.support.facts import changed
from tests.unit.gui.conftest import WindowHarness, insert_record


def others_of(sessions: Sessions) -> OtherMachines:
    """The other machines of a window that starts."""
    return OtherMachines(
        sessions.chats,
        sessions.listed,
        sessions.machines,
        sessions.tasks,
        sessions.problem.emit,
        sessions.notice_given.emit,
    )


@pytest.fixture
def far_id(harness: WindowHarness) -> str:
    """The id in the window of a chat on a machine that the window knew when it was closed."""
    names.add(MachineEntry("devbox", "me@devbox"))
    others = others_of(harness.sessions)
    others.read()
    record = insert_record("api")
    far = changed(record, id=f"devbox/{record.id}")
    harness.sessions.chats.apply(others.machines["devbox"], [far], [])
    others.machines["devbox"].link.home = "/srv/me"
    others._keep_all()
    harness.sessions.chats.forget_all_on("devbox")
    del harness.sessions.machines.by_name["devbox"]
    return far.id


async def test_a_typo_in_the_file_costs_no_chat_of_another_machine(harness: WindowHarness, far_id: str) -> None:
    file, others = config_dir() / names.FILE, harness.sessions.others
    right = file.read_text()
    file.write_text("devbox = me@")
    others.read()
    assert harness.sessions.chats.record(far_id) is not None
    assert others.machines["devbox"].link.entry == MachineEntry("devbox", "me@devbox")
    assert others.machines["devbox"].home == "/srv/me", "paths are shown as before"
    assert str(file) in others.problem
    file.write_text(right)
    others.read()
    assert harness.sessions.chats.record(far_id) is not None
    assert others.problem == ""


@pytest.mark.parametrize("left", ["", 'build1 = "build1"\n', None])
async def test_a_machine_that_was_removed_meanwhile_goes_with_one_line(
    harness: WindowHarness, far_id: str, left: str | None
) -> None:
    file, others = config_dir() / names.FILE, harness.sessions.others
    if left is None:
        file.unlink()
    else:
        file.write_text(left)
    said: list[str] = []
    harness.sessions.notice_given.connect(said.append)
    others.read()
    others.machines.clear()
    others.follow()
    assert harness.sessions.chats.record(far_id) is None
    assert said == ["No longer in machines.toml: devbox. Chats there keep running, and are not listed here."]
    file.write_text("devbox = me@")
    assert "devbox" not in others_of(harness.sessions).machines
