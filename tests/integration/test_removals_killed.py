"""The removal of a chat that another one continues is killed at each call: no restore point and no file is lost."""

from __future__ import annotations

import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from session_host.client.chats.pasted_files import save_piece
from session_host.client.chats.removal import finish_removals, remove_chat
from session_host.client.sessions.store_access import open_store
from session_host.paths import database, session_dir
from session_host.protocol.values import State
from session_host.restore_points.points import About, listed, take
from session_host.storage.store import copies, moved_aside
from tests.integration.test_limit_at_random import KILL_CALLS, Run
from tests.support.area import new_area
from tests.support.commands import REPOSITORY, environment
from tests.support.facts import chat_facts
from tests.support.fuzzing import times
from tests.support.repositories import Checkout

CHECKED = 12
MOST = 400


@pytest.mark.slow
@pytest.mark.usefixtures("area")
def test_a_removal_that_is_killed_at_any_call_loses_nothing_and_has_nothing_twice() -> None:
    # A process of its own, since it forks, and this one may have threads.
    command = [sys.executable, "-m", "tests.integration.test_removals_killed", str(times(CHECKED))]
    done = subprocess.run(command, cwd=REPOSITORY, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def add(checkout: Checkout, resumed_from: str | None, state: State = State.EXITED) -> str:
    session_id = str(uuid.uuid4())
    record = chat_facts(
        id=session_id,
        name=session_id[:8],
        agent="claude",
        argv=["x"],
        cwd=str(checkout.path),
        state=state,
        resumed_from=resumed_from,
    )
    session_dir(session_id).mkdir(parents=True)
    with open_store() as store:
        store.insert(record)
    copies.save_row(database(), record)
    return session_id


def remove(session_id: str) -> str:
    with open_store() as store:
        record = store.get(session_id)
        return remove_chat(store, record) if record is not None else ""


def check(checkout: Checkout, kill_at_call: int) -> bool:
    """Kill a removal; returns whether it was killed before its end."""
    first = add(checkout, None)
    middle = add(checkout, first)
    points = [take(checkout.path, each, About(kind="prompt")).at_ms for each in (first, middle)]
    file = Path(save_piece(middle, "0" * 16, "a.txt", 0, b"pasted"))
    last = add(checkout, middle, State.RUNNING)
    points.append(take(checkout.path, last, About(kind="prompt")).at_ms)
    was_killed = Run(lambda: remove(middle), kill_at_call=kill_at_call).result() is None
    for is_finished in (False, True):
        assert file.read_bytes() == b"pasted"
        found = [each.at_ms for each in listed(checkout.path, [last, middle, first])]
        assert found == points, (kill_at_call, is_finished)
        with open_store() as store:
            finish_removals(store)
            chain = [last]
            while (record := store.get(chain[-1])) is not None and record.origin.resumed_from:
                chain.append(record.origin.resumed_from)
            assert chain in ([last, middle, first], [last, first]), (kill_at_call, is_finished)
            assert (store.get(middle) is None) == (chain == [last, first])
            assert (session_dir(middle) / "record.json").exists() == (store.get(middle) is not None)
    remove(middle)
    assert [each.at_ms for each in listed(checkout.path, [last, first])] == points
    with open_store() as store:
        store.update(last, state=State.EXITED)
    for each in (last, first):
        remove(each)
    assert checkout.git("for-each-ref", "refs/outlive") == ""
    assert not any(session_dir(each).exists() for each in (first, middle, last))
    assert moved_aside.ids(database()) == []
    return was_killed


def main(count: int) -> None:
    """Kill removals at about this many of their calls."""
    KILL_CALLS.update({"subprocess.Popen", "os.listdir", "os.scandir"})
    with new_area() as area, pytest.MonkeyPatch.context() as patch:
        area.enter(patch)
        checkout = Checkout.new(area.root / "api")
        calls = next(number for number in range(8, MOST, 8) if not check(checkout, number))
        for number in range(1, calls, max(calls // count, 1)):
            check(checkout, number)


if __name__ == "__main__":
    main(int(sys.argv[1]))
