"""The host keeps the files as they were before each prompt, also without a window."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest

from session_host.client.chats.removal import remove_chat
from session_host.client.control import request
from session_host.client.sessions.store_access import open_store
from session_host.host.driver.restore_points import HOLD_S
from session_host.paths import config_dir, session_log
from session_host.protocol.messages import Describe, Description, Prompt
from session_host.protocol.values import Activity
from session_host.restore_points.points import RestorePoint, listed
from tests.support.conversing import claude_like
from tests.support.facts import known
from tests.support.hosts import end
from tests.support.repositories import Checkout
from tests.support.structured_chats import add_keeping_agent, received, start_chat, viewing
from tests.support.waiting import eventually

pytestmark = pytest.mark.usefixtures("sessions")


def input_log_of(checkout: Checkout, point: RestorePoint) -> str:
    """The agent's input log as stored in a restore point."""
    return checkout.git("cat-file", "-p", f"{point.kept.tree}:input.log")


async def test_each_prompts_restore_point_has_the_files_from_before_the_agent_read_it(tmp_path: Path) -> None:
    checkout = Checkout.new(tmp_path / "api")
    add_keeping_agent()
    record = await start_chat(checkout.path, agent="keeping", prompt="answer: first")
    async with viewing(record.id) as chat:
        await chat.until_idle(1)
        await eventually(lambda: len(listed(checkout.path, [record.id])) == 1, 60.0, "the first point, if git is slow")
        chat.viewer.send(Prompt("answer: second"))
        await chat.until_idle(2)
        await eventually(lambda: len(listed(checkout.path, [record.id])) == 2, 60.0, "the second one")
        items = [item.id for item in chat.items if item.kind == "user"]
    found = listed(checkout.path, [record.id])
    assert [point.about.item for point in found] == items
    logs = [input_log_of(checkout, point) for point in found]
    assert "answer: first" in logs[1]
    # A prompt waits for its restore point, but not for longer than HOLD_S.
    took_ms = [int(ms) for ms in re.findall(r"restore point left_out=\d+ ms=(\d+)", session_log(record.id).read_text())]
    for log, prompt, ms in zip(logs, ("answer: first", "answer: second"), took_ms, strict=True):
        assert prompt not in log or ms >= HOLD_S * 1000
    await end(record.id)
    with open_store() as store:
        ended = store.get(record.id)
        assert ended is not None
        remove_chat(store, ended)
    assert listed(checkout.path, [record.id]) == []


def slow_checkout(directory: Path) -> Checkout:
    """A repository in which git hangs: a filter creates ``directory/begun`` and reads the FIFO ``directory/never``."""
    checkout = Checkout.new(directory / "api")
    checkout.commit(".gitattributes", "slow filter=slow\n")
    checkout.git(
        "config", "--global", "filter.slow.clean", f"touch {directory / 'begun'}; cat; exec cat {directory / 'never'}"
    )
    checkout.write("slow")
    os.mkfifo(directory / "never")
    return checkout


async def test_a_slow_repository_does_not_delay_a_prompt_for_long(tmp_path: Path) -> None:
    checkout = slow_checkout(tmp_path)
    add_keeping_agent()
    record = await start_chat(checkout.path, agent="keeping", prompt="answer: first")
    async with viewing(record.id) as chat:
        await chat.until_idle(1)
    assert listed(checkout.path, [record.id]) == []
    await end(record.id)


async def test_a_prompt_waiting_for_its_restore_point_is_sent_once_although_the_host_is_killed(tmp_path: Path) -> None:
    checkout = slow_checkout(tmp_path)
    add_keeping_agent()
    record = await start_chat(checkout.path, agent="keeping")
    async with viewing(record.id) as chat:
        description: Description = await request(record.id, Describe(0))
        chat.viewer.send(Prompt("answer: first"))
        await eventually((tmp_path / "begun").exists, 60.0, "git to be started")
        os.kill(known(description.facts.program.host_pid), signal.SIGKILL)
        await chat.until_idle(1)
        assert chat.texts() == ["first"]
    assert len(received(checkout.path, "turn/start")) == 1
    # The git process of the killed host ends once the FIFO is opened.
    with (tmp_path / "never").open("w"):
        await end(record.id)


@pytest.mark.parametrize("wanted", [True, False])
async def test_a_turn_in_a_terminal_has_a_restore_point_unless_they_are_disabled(
    tmp_path: Path, *, wanted: bool
) -> None:
    checkout = Checkout.new(tmp_path / "api")
    if not wanted:
        (config_dir() / "chats.toml").write_text("restore_points = false\n")
    async with claude_like(checkout.path) as chat:
        chat.order("state idle")
        await chat.wait_for_status(Activity.IDLE, "state file")
        chat.order("state busy")
        await chat.wait_for_status(Activity.WORKING, "state file")
        if wanted:
            await eventually(lambda: len(listed(checkout.path, [chat.record.id])) == 1, 60.0, "the restore point")
        chat.order("state idle")
        await chat.wait_for_status(Activity.IDLE, "state file")
        assert len(listed(checkout.path, [chat.record.id])) == int(wanted)
