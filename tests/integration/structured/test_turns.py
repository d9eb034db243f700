"""Turns of structured chats: prompts, steering, interrupting, requests."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from session_host.client.chats.fork import fork
from session_host.client.chats.resume import resume
from session_host.client.control import request
from session_host.client.sessions.store_access import open_store
from session_host.errors import NotResumable, OutliveError
from session_host.protocol.messages import Done, Interrupt, Prompt, Send
from session_host.protocol.values import ErrorCode
from tests.support.commands import outlive
from tests.support.hosts import end, see, start, watching
from tests.support.structured_chats import received, start_chat, viewing

pytestmark = pytest.mark.usefixtures("sessions")


async def test_prompts_sent_at_the_same_time_are_answered_in_turn(tmp_path: Path) -> None:
    record = await start_chat(tmp_path)
    async with viewing(record.id) as chat:
        for number in range(5):
            chat.viewer.send(Prompt(f"answer: number {number}"))
        await chat.until_idle(5)
        assert chat.texts() == [f"number {number}" for number in range(5)]


async def test_an_interrupted_turn_says_so_and_the_next_prompt_is_answered(tmp_path: Path) -> None:
    record = await start_chat(tmp_path)
    async with viewing(record.id) as chat:
        chat.viewer.send(Prompt("count: 50\nhold: 3"))
        await chat.until_said("line 0003")
        chat.viewer.send(Interrupt())
        await chat.watcher.until(lambda: chat.state == "idle", "the turn's end")
        assert chat.turn_outcome == "interrupted"
        chat.viewer.send(Prompt("answer: again"))
        await chat.until_said("again")


async def test_a_chat_works_from_the_moment_its_prompt_is_sent(tmp_path: Path) -> None:
    """The agent reports the turn later; `wait` must not take the time before for its end."""
    record = await start_chat(tmp_path, prompt="late: 1\ncount: 9\nhold: 1")
    async with viewing(record.id) as chat:
        await chat.watcher.until(lambda: chat.state == "running", "the prompt to be sent")
        [listed] = (await asyncio.to_thread(outlive, "ls", "--json")).json()
        assert listed["activity"] == "working"
        waited = await asyncio.to_thread(outlive, "wait", record.id, "--status", "idle", "--timeout", "0.1")
        assert waited.code == 5
        explained = (await asyncio.to_thread(outlive, "explain", record.id)).output
        assert "idle" not in explained, "not for a moment, when the agent was ready"
        chat.viewer.send(Interrupt())
        (tmp_path / "begin").touch()
        await chat.watcher.until(lambda: chat.state == "idle", "the turn's end")
        assert chat.turn_outcome == "interrupted"


async def test_an_answer_reaches_the_agent_once_and_other_windows_see_it(tmp_path: Path) -> None:
    record = await start_chat(tmp_path, prompt="run: rm -rf build")
    async with viewing(record.id) as one, viewing(record.id) as other:
        request = await one.until_asked()
        assert "rm -rf build" in request.subject
        assert request.complete
        again = await other.until_asked()
        one.answer(request, "decline")
        await one.until_said("decline")
        await other.until_said("decline")
        other.answer(again, "accept")
        await other.watcher.until(lambda: bool(other.watcher.refusals), "the refusal")
        assert other.watcher.refusals[-1].code == ErrorCode.ANSWERED
        other.viewer.send(Prompt("answer: and on"))
        await other.until_said("and on")
    assert [each["result"]["decision"] for each in received(tmp_path)] == ["decline"]


async def test_the_state_comes_from_the_agents_protocol(tmp_path: Path) -> None:
    record = await start_chat(tmp_path, prompt="run: make", name="asks")
    async with viewing(record.id) as chat:
        await chat.until_asked()
        entry = outlive("ls", "--json").json()[0]
        assert (entry["activity"], entry["activity_source"]) == ("needs_input", "protocol")
        assert "make" in entry["activity_detail"]
        chat.answer(await chat.until_asked(), "accept")
        await chat.until_idle(1)
        entry = outlive("ls", "--json").json()[0]
        assert (entry["activity"], entry["provider_session_id"]) == ("idle", heard_thread(tmp_path))


def heard_thread(directory: Path) -> str:
    """The id of the first turn's thread."""
    thread: str = received(directory, "turn/start")[0]["params"]["threadId"]
    return thread


async def test_outlive_send_sends_a_prompt_and_no_keys(tmp_path: Path) -> None:
    record = await start_chat(tmp_path)
    assert isinstance(await request(record.id, Send(0, "answer: by command", token="ab" * 16)), Done)
    assert isinstance(await request(record.id, Send(0, "answer: by command", token="ab" * 16)), Done)
    with pytest.raises(OutliveError, match="takes prompts, not keys"):
        await request(record.id, Send(0, keys=["Enter"]))
    async with viewing(record.id) as chat:
        await chat.until_idle(1)
        assert chat.texts() == ["by command"]
    assert len(received(tmp_path, "turn/start")) == 1


async def test_a_terminal_refuses_prompts_and_a_structured_chat_refuses_keys(tmp_path: Path) -> None:
    terminal = await start("cat")
    async with watching(terminal.id) as (viewer, watcher):
        viewer.send(Prompt("hello"))
        await watcher.until(lambda: bool(watcher.refusals), "the refusal")
        assert watcher.refusals[0].code == ErrorCode.WRONG_RUNTIME
    record = await start_chat(tmp_path)
    async with viewing(record.id) as chat:
        chat.viewer.key("a", "a")
        await chat.watcher.until(lambda: bool(chat.watcher.refusals), "the refusal")
        assert chat.watcher.refusals[0].code == ErrorCode.WRONG_RUNTIME


async def test_a_read_only_window_sends_nothing(tmp_path: Path) -> None:
    record = await start_chat(tmp_path)
    async with viewing(record.id, read_only=True) as chat:
        chat.viewer.send(Prompt("answer: no"))
        await chat.watcher.until(lambda: bool(chat.watcher.refusals), "the refusal")
        assert chat.watcher.refusals[0].code == ErrorCode.READ_ONLY


async def test_a_fork_continues_from_the_same_history_and_does_not_change_the_other_chat(tmp_path: Path) -> None:
    record = await start_chat(tmp_path, prompt="answer: first", name="work")
    async with viewing(record.id) as chat:
        await chat.until_idle(1)
        forked = await fork(record.id)
        async with viewing(forked.id) as copy:
            await copy.until_said("first")
            assert forked.entry.name == "work (fork)"
            assert "Forked from work." in copy.texts("notice")
            copy.viewer.send(Prompt("hold: 0 | answer: second"))
            await copy.watcher.until(lambda: copy.state == "running", "the turn")
            with pytest.raises(NotResumable, match="is busy"):
                await fork(forked.id)
            (tmp_path / "release").touch()
            await copy.until_idle(2)
            assert copy.texts() == ["first", "second"]
        assert chat.texts() == ["first"]
    await end(record.id)
    again = await fork(record.id)
    assert again.entry.name == "work (fork 2)"
    async with viewing(again.id) as copy:
        await copy.until_said("first")
        assert copy.texts() == ["first"], "of an ended chat"
        copy.viewer.send(Prompt("answer: third"))
        await copy.until_idle(2)
    thread = heard_thread(tmp_path)
    assert [each["params"]["threadId"] for each in received(tmp_path, "thread/fork")] == [thread, thread]
    with open_store() as store:
        previous, new = store.get(record.id), store.get(again.id)
    assert previous is not None
    assert new is not None
    assert (previous.entry.continued_by, new.origin.resumed_from) == (None, None)
    assert new.program.conversation != thread
    assert (await asyncio.to_thread(outlive, "search", "first")).output.count("first") == 2  # the prompt, the answer


async def test_a_fork_before_a_prompt_has_only_the_earlier_messages(tmp_path: Path) -> None:
    record = await start_chat(tmp_path, prompt="answer: first", name="work")
    async with viewing(record.id) as chat:
        await chat.until_idle(1)
        chat.viewer.send(Prompt("answer: second"))
        await chat.until_idle(2)
        chat.viewer.send(Prompt("hold: 0 | answer: third"))
        await chat.watcher.until(lambda: chat.state == "running", "the turn")
        first, second, _ = [item for item in chat.items if item.kind == "user"]
        forked = await fork(record.id, before=second.id)
        async with viewing(forked.id) as copy:
            await copy.until_said("first")
            assert copy.texts("notice")[-1] == "Forked from work, before “answer: second”."
            copy.viewer.send(Prompt("answer: other"))
            await copy.until_idle(2)
            assert copy.texts() == ["first", "other"]
        anew = await fork(record.id, before=first.id)
        async with viewing(anew.id) as copy:
            await copy.watcher.until(lambda: copy.state == "idle", "the agent to take prompts")
            assert (copy.texts(), copy.texts("user")) == ([], [])
        with pytest.raises(NotResumable, match="does not have this prompt"):
            await fork(record.id, before="unknown")
        (tmp_path / "release").touch()
        await chat.until_idle(3)
        assert chat.texts() == ["first", "second", "third"]
    assert [each["params"].get("lastTurnId") for each in received(tmp_path, "thread/fork")] == [first.turn]


async def test_a_chat_is_resumed_in_a_terminal_and_a_terminal_in_a_chat(tmp_path: Path) -> None:
    """Both use the same thread; after a terminal, the earlier messages come from the agent."""
    record = await start_chat(tmp_path, prompt="answer: first")
    async with viewing(record.id) as chat:
        await chat.until_idle(1)
    thread = heard_thread(tmp_path)
    await end(record.id)
    terminal = await resume(record.id, runtime="terminal")
    assert terminal.origin.runtime == "terminal"
    async with watching(terminal.id) as (viewer, watcher):
        await see(viewer, watcher, f"in {thread}")
    await end(terminal.id)
    again = await resume(terminal.id, runtime="structured")
    async with viewing(again.id) as chat:
        await chat.watcher.until(lambda: chat.texts() == ["first"], "the agent's history")
        chat.viewer.send(Prompt("answer: second"))
        await chat.until_said("second")
    assert received(tmp_path, "thread/resume")[-1]["params"]["threadId"] == thread


async def test_a_turn_that_an_error_stopped_is_not_plain_idle_in_lists(tmp_path: Path) -> None:
    record = await start_chat(tmp_path, prompt="fail: You've hit your usage limit.")
    async with viewing(record.id) as chat:
        await chat.watcher.until(lambda: chat.turn_outcome == "failed" and chat.state == "idle", "the turn's end")
        listed = json.loads((await asyncio.to_thread(outlive, "ls", "--json")).output)
        assert [(each["activity"], each["turn_failed"]) for each in listed] == [("idle", True)]
        assert listed[0]["activity_detail"] == "You've hit your usage limit."
        table = (await asyncio.to_thread(outlive, "ls")).output
        assert "✗ stopped by an error" in table
        assert "You've hit your usage limit." in table
        explained = (await asyncio.to_thread(outlive, "explain", record.id)).output
        assert "stopped by an error since" in explained
        assert "You've hit your usage limit." in explained
        waited = await asyncio.to_thread(outlive, "wait", record.id, "--status", "idle", "--timeout", "60")
        assert waited.code == 0, "scripts wait for the end of the turn, however it ended"
        chat.viewer.send(Prompt("answer: on"))
        await chat.until_idle(1)
        listed = json.loads((await asyncio.to_thread(outlive, "ls", "--json")).output)
        assert (listed[0]["turn_failed"], listed[0]["activity_detail"]) == (False, None)
