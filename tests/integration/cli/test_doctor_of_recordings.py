"""``outlive doctor`` reads a sample of what chats have on the disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from session_host.cli.doctor.check import Status
from session_host.cli.doctor.recordings import recordings
from session_host.client.sessions.store_access import open_store
from session_host.paths import session_dir, session_socket
from session_host.protocol.values import State
from tests.support.commands import new, outlive
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("sessions")


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("file", "harm", "named"),
    [
        ("record.json", _cut, "the copy of its record"),
        ("journal/00000001.log", _cut, "the end of its recording"),
        ("journal/00000001.log", _flip, "the end of its recording"),
        ("screen.bin", _cut, "its last screen"),
    ],
)
def test_doctor_names_what_is_damaged(file: str, harm: Callable[[Path], None], named: str) -> None:
    chat = new("-n", "one", "--", "sh", "-c", "seq 200; read line")
    assert outlive("send", chat, "x", "--enter").code == 0

    def is_over() -> bool:
        with open_store() as store:
            record = store.get(chat)
        # Until its host leaves, it writes the last screen and compresses the recording.
        return record is not None and record.outcome.state is State.EXITED and not session_socket(chat).exists()

    wait_until(is_over, 20, "the end")
    [check] = recordings()
    assert check.status is Status.OK
    harm(session_dir(chat) / file)
    [check] = recordings()
    assert check.status is Status.WARN
    assert f"one ({chat[:8]}): {named}" in check.message
