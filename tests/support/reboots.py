"""A simulated restart of the computer: all processes of the area are killed at once, and the boot id changes."""

from __future__ import annotations

import shutil

from session_host.paths import database, runtime_dir
from session_host.storage.store import Store
from tests.conftest import Sessions
from tests.support import processes
from tests.support.waiting import wait_for_end

PREVIOUS_BOOT = "00000000-1111-4222-8333-444444444444"


def kill_at_once(pids: list[int]) -> None:
    """Kill all processes at once, and wait until they have ended."""
    processes.kill_at_once(pids)
    for pid in pids:
        wait_for_end(pid, 5)


def restart_computer(sessions: Sessions, *, spare: int | None = None, empty_tmp: bool = False) -> None:
    """Kill everything, as a power cut does, and change the boot id.

    Args:
        sessions: the test's sessions: their hosts, keepers and agents.
        spare: the PID of the test's window, which is not killed.
        empty_tmp: whether the sockets' directory is emptied, as most systems empty /tmp at their start.
    """
    kill_at_once([pid for pid in sessions.processes() if pid != spare])
    with Store.open(database()) as store:
        note_reboot(store)
    if empty_tmp:
        shutil.rmtree(runtime_dir())
        runtime_dir().mkdir(mode=0o700)


def note_reboot(store: Store) -> None:
    """Make the running chats those of an earlier boot."""
    for record in store.all():
        if not record.outcome.is_over:
            store.update(record.id, boot_id=PREVIOUS_BOOT)
