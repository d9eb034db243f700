"""A shell that the user leaves closes its tab; an idle one ends when its tab is closed. Both are found later."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from gui.settings.preferences import Preferences
from gui.settings.table import WindowFile
from gui.window.actions.lists import ChatChoices
from session_host.protocol.facts import Foreground
from session_host.protocol.messages import Describe, ForegroundEvent
from session_host.protocol.values import State
from session_host.system.clock import as_text, parse_time
from tests.support.facts import changed, described
from tests.unit.gui.conftest import WindowHarness

STARTED, LATER = "2026-01-02T03:04:05.000Z", "2026-01-02T03:05:00.000Z"


@pytest.fixture(autouse=True)
def jobs(monkeypatch: pytest.MonkeyPatch) -> dict[int, list[int]]:
    """The child processes of shells, by the shells' process ids."""
    found: dict[int, list[int]] = {}
    monkeypatch.setattr("session_host.client.sessions.foreground.proc.children", lambda pid: found.get(pid, []))
    return found


@pytest.fixture
def viewers() -> dict[str, int]:
    """How many terminals show a chat, by its id."""
    return {}


@pytest.fixture(autouse=True)
def stopped(harness: WindowHarness, monkeypatch: pytest.MonkeyPatch, viewers: dict[str, int]) -> list[str]:
    """The chats that were stopped, and have ended at once."""
    ids: list[str] = []

    async def request(session_id: str, message: object, _machine: object) -> object:
        if isinstance(message, Describe):
            facts = replace(harness.chat(session_id).record, foreground=Foreground(""))
            return described(facts, viewers=viewers.get(session_id, 0))
        ids.append(session_id)
        end = {"state": State.EXITED, "exit_code": 129, "end_request": "stop", "ended_at": LATER}
        await harness.storage.call(lambda store: store.update(session_id, **end))
        return None

    monkeypatch.setattr("session_host.client.control.request", request)
    return ids


async def shell(harness: WindowHarness, name: str = "notes", **fields: Any) -> str:
    """Add a shell at its prompt, as if it was started in a window."""
    defaults = {
        "agent": "shell",
        "argv": ["bash"],
        "cwd": "/home/me/notes",
        "child_pid": 1,
        "created_at": STARTED,
        "default_name": name,
    }
    session_id = await harness.add(name, **(defaults | fields))
    harness.sessions.shells.own.add(session_id)
    return session_id


async def tabs(harness: WindowHarness, *ids: str, **settings: Any) -> None:
    """Open the window with tabs of these shells, which are at their prompts."""
    harness.open_window(preferences=Preferences(WindowFile(**settings)))
    for session_id in ids:
        harness.show(session_id)
        harness.viewers[session_id].tell(ForegroundEvent(Foreground("", STARTED)))
    harness.settle()


def leave(harness: WindowHarness, session_id: str, *, after_s: float = 60.0, **end: Any) -> None:
    """End a shell some time after its start."""
    started = parse_time(STARTED)
    assert started is not None
    chat = harness.chat(session_id)
    chat.record = changed(chat.record, ended_at=as_text(started.timestamp() + after_s))
    harness.viewers[session_id].end(**end)
    harness.settle()


@pytest.mark.parametrize("end", [{"exit_code": 0, "after_s": 0.1}, {"exit_code": 0}, {"exit_code": 130}])
async def test_a_shell_that_was_left_is_not_listed_and_is_found_and_reopened(
    harness: WindowHarness, end: dict[str, Any]
):
    one, left = await shell(harness), await shell(harness, "notes-2")
    await tabs(harness, one, left)
    leave(harness, left, **end)
    await harness.until(lambda: harness.window.tabs.ids() == [one], "the tab to close")
    assert harness.page.has_keyboard
    assert (harness.sessions.listed.ids(), harness.sessions.listed.has(harness.chat(left))) == ([one], False)

    # By the searches and by text.
    assert harness.sessions.listed.ids(with_left=True) == [one, left]
    assert "reopen_tab" not in harness.window.actions_.idle()
    sidebar = harness.window.sidebar.model
    sidebar.set_filter("notes-2")
    assert sidebar.index_of(left).isValid()
    sidebar.set_filter("")
    assert not sidebar.index_of(left).isValid()
    choices = ChatChoices(harness.sessions, [one], lambda chat: None, [left])
    titles = {typed: [found.choice.title for found in choices.find(typed)] for typed in ("", "notes-2")}
    assert titles == {"": ["notes"], "notes-2": ["notes-2"]}

    harness.window.actions_["reopen_tab"].trigger()
    harness.settle()
    assert harness.window.tabs.ids() == [one, left]
    assert harness.sessions.listed.ids() == [one, left], "like other ended chats with a tab"
    assert sidebar.index_of(left).isValid()
    harness.window.commands.chat_actions.close_tab(left)
    harness.settle()
    assert harness.sessions.listed.ids() == [one]


@pytest.mark.parametrize(
    "end",
    [
        {"exit_code": 1, "after_s": 0.5},  # Its own files have a mistake.
        {"exit_signal": 9},
        {"exit_code": 0, "end_request": "stop"},
    ],
)
async def test_a_shell_that_failed_or_was_stopped_keeps_its_tab(harness: WindowHarness, end: dict[str, Any]):
    one, left = await shell(harness), await shell(harness, "notes-2")
    await tabs(harness, one, left)
    leave(harness, left, **end)
    assert harness.window.tabs.ids() == [one, left]
    assert harness.chat(left).has_ended


async def test_the_shells_that_are_left_stay_if_the_user_wants_that(harness: WindowHarness):
    left = await shell(harness)
    await tabs(harness, left, shell_exit="keep")
    leave(harness, left, exit_code=0)
    assert harness.window.tabs.ids() == [left]


@pytest.mark.parametrize("kept", [{"default_name": ""}, {"pinned": True}])
async def test_a_shell_with_a_name_of_its_own_is_still_listed_after_it_was_left(
    harness: WindowHarness, kept: dict[str, Any]
):
    left = await shell(harness, **kept)
    await tabs(harness, left)
    leave(harness, left, exit_code=0)
    assert harness.window.tabs.ids() == []
    assert harness.window.empty.hasFocus()
    assert harness.sessions.listed.ids() == [left]


async def test_a_shell_that_ends_in_a_hidden_window_or_without_a_tab_is_not_listed(harness: WindowHarness):
    one, left, closed = [await shell(harness, name) for name in ("notes", "notes-2", "notes-3")]
    await tabs(harness, one, left, closed)
    harness.window.tabs.panes.split_pane(harness.window.tabs.panes.active, "right").tabs.insert(harness.chat(left))
    harness.window.tabs.close(closed)
    harness.window.hide()
    for session_id in (left, closed):
        leave(harness, session_id, exit_code=0)
    await harness.until(lambda: harness.sessions.listed.ids() == [one], "neither to be listed")
    assert harness.window.tabs.ids() == [one]
    assert len(harness.window.tabs.panes.all()) == 1, "the pane that had only this tab closes"


async def test_the_closed_tab_of_an_idle_shell_comes_back_to_its_pane(harness: WindowHarness, stopped: list[str]):
    one, idle = [await shell(harness, name) for name in ("notes", "notes-2")]
    await tabs(harness, one, idle)
    window = harness.window
    window.tabs.panes.split_pane(window.tabs.panes.active, "right")
    window.tabs.panes.active.tabs.open(harness.chat(idle))
    window.tabs.panes.all()[0].tabs.close(idle)
    for undoes_by in ("banner", "key"):
        window.actions_["close_tab"].trigger()
        harness.settle()
        assert (window.tabs.ids(), len(window.tabs.panes.all())) == ([one], 1)
        assert harness.sessions.listed.ids() == [one]
        if undoes_by == "banner":
            window.banners.run_action()
        else:
            window.actions_["reopen_tab"].trigger()
        harness.settle()
        assert (window.tabs.ids(), len(window.tabs.panes.all())) == ([one, idle], 2)
        assert window.tabs.active_id == idle
        assert window.banners.current is None
    assert stopped == []


async def test_an_idle_shell_ends_some_time_after_its_tab_was_closed_and_its_tab_can_still_be_reopened(
    harness: WindowHarness, stopped: list[str]
):
    one, idle = [await shell(harness, name) for name in ("notes", "notes-2")]
    await tabs(harness, idle, one)
    harness.window.commands.chat_actions.close_tab(idle)
    assert [chat.id for chat in harness.sessions.listed.running()] == [one], (
        "it is neither counted nor stopped with others"
    )
    await harness.sessions.removals.finish()
    assert stopped == [idle]
    assert harness.chat(idle).has_ended
    assert harness.sessions.listed.ids() == [one]
    assert harness.sessions.listed.ids(with_left=True) == [one, idle]
    assert harness.window.banners.current is None, "nothing can be undone any more"

    harness.window.actions_["reopen_tab"].trigger()
    harness.settle()
    assert harness.window.tabs.ids() == [idle, one]
    assert harness.window.tabs.active_id == idle


async def test_a_shell_that_is_being_ended_is_shown_by_undo(harness: WindowHarness, monkeypatch: pytest.MonkeyPatch):
    one, idle = [await shell(harness, name) for name in ("notes", "notes-2")]
    await tabs(harness, one, idle)
    asked = asyncio.Event()

    async def stay(session_id: str, message: object, _machine: object) -> object:
        asked.set()
        return await asyncio.Event().wait()

    monkeypatch.setattr("session_host.client.control.request", stay)
    harness.window.commands.chat_actions.close_tab(idle)
    ending = asyncio.create_task(harness.sessions.removals.finish())
    await asked.wait()
    harness.window.actions_["reopen_tab"].trigger()
    harness.settle()
    assert harness.window.tabs.ids() == [one, idle]
    assert set(harness.sessions.listed.ids()) == {one, idle}
    ending.cancel()


@pytest.mark.parametrize("is_attached", [False, True])
async def test_a_shell_that_is_busy_or_attached_when_it_would_end_keeps_running(
    harness: WindowHarness, stopped: list[str], jobs: dict[int, list[int]], viewers: dict[str, int], is_attached: bool
):
    one, idle = [await shell(harness, name) for name in ("notes", "notes-2")]
    await tabs(harness, one, idle)
    harness.window.commands.chat_actions.close_tab(idle)
    if is_attached:
        viewers[idle] = 1
    else:
        jobs[1] = [2]
    await harness.sessions.removals.finish()
    assert stopped == []
    assert set(harness.sessions.listed.ids()) == {one, idle}
    assert not harness.window.removed_tabs.can_come_back


@pytest.mark.parametrize("case", ["program", "job", "not here", "pinned", "second tab", "setting"])
async def test_other_shells_keep_running_without_their_tabs(
    harness: WindowHarness, jobs: dict[int, list[int]], case: str
):
    one = await shell(harness)
    other = await shell(harness, "notes-2", pinned=case == "pinned")
    await tabs(harness, one, other, end_idle_shells=case != "setting")
    if case == "program":
        harness.viewers[other].tell(ForegroundEvent(Foreground("vim", STARTED)))
    elif case == "job":
        jobs[1] = [2]
    elif case == "not here":
        harness.sessions.shells.own.clear()
    elif case == "second tab":
        harness.window.tabs.panes.mirror("right")
    harness.window.commands.chat_actions.close_tab(other)
    harness.settle()
    assert set(harness.sessions.listed.ids()) == {one, other}


async def test_the_other_tabs_are_closed_and_their_idle_shells_end_with_an_undo(harness: WindowHarness):
    busy, idle, shown = [await shell(harness, name) for name in ("notes", "notes-2", "notes-3")]
    await tabs(harness, busy, idle, shown)
    harness.viewers[busy].tell(ForegroundEvent(Foreground("make", STARTED)))
    window = harness.window
    window.actions_["close_other_tabs"].trigger()
    harness.settle()
    assert set(harness.sessions.listed.ids()) == {busy, shown}
    banner = window.banners.current
    assert banner is not None
    assert "1 chat" in banner.text
    window.banners.run_action()
    assert window.tabs.ids() == [busy, idle, shown]
    assert set(harness.sessions.listed.ids()) == {busy, idle, shown}
