"""The list of chats and their facts, the viewers of a chat's pages, and the chat that Ctrl+Shift+J goes to."""

from __future__ import annotations

import os
import pwd
import socket
import time

from PySide6.QtWidgets import QApplication

from gui.bridge.chat_words import status_text
from gui.bridge.waiting_chats import next_chat
from session_host.client.viewer.viewer import ViewerState
from session_host.protocol.facts import Foreground
from session_host.protocol.messages import (
    BellEvent,
    ClipboardEvent,
    ForegroundEvent,
    NameEvent,
    OutputEvent,
    TitleEvent,
)
from session_host.protocol.values import Activity, State
from session_host.standing.endings import end_of, has_failed
from session_host.standing.groups import Group
from session_host.system.clock import now
from tests.support.facts import changed
from tests.support.themes import LIGHT_TERMINAL as LIGHT
from tests.unit.gui.conftest import WindowHarness
from tests.unit.gui.window.machines import OtherMachine


def names(harness: WindowHarness, group: Group) -> list[str]:
    return [chat.name for chat in harness.sessions.listed.groups()[group]]


async def test_a_title_that_repeats_the_agents_name_is_none(harness: WindowHarness):
    harness.sessions.follow_all()
    session_id = await harness.add("one", agent="claude")
    chat = harness.chat(session_id)
    harness.viewers[session_id].be(Activity.IDLE)
    assert chat.agent_title == "Claude Code"
    for spinner in "⠋⣾✳":
        harness.viewers[session_id].tell(TitleEvent(f"{spinner} a topic"))
        assert chat.title == "a topic", "a frame of a spinner is no part of it"
        harness.viewers[session_id].tell(TitleEvent(f"{spinner} Claude Code"))
        assert chat.title == "", "it is shown beside it"
    missing = harness.chat(await harness.add("two", agent="gone"))
    assert missing.agent_title == "gone"


async def test_a_machine_with_hundreds_of_chats_that_restarts_leaves_the_window_half_of_the_time(
    harness: WindowHarness,
):
    """Each end made the whole list anew: 300 chats took 20 seconds."""
    harness.sessions.follow_all()
    ids = [await harness.add(f"chat {at}") for at in range(20)]
    spent_s: list[float] = []

    def make_the_list_anew() -> None:
        began_s = time.thread_time()  # Without the time of other programs, which no pause makes up for.
        while time.thread_time() - began_s < 0.02:
            pass
        spent_s.append(time.thread_time() - began_s)

    harness.sessions.chats.changed.connect(make_the_list_anew)
    began_s = time.monotonic()
    for session_id in ids:
        harness.viewers[session_id].become(ViewerState.LOST, "gone")
        QApplication.processEvents()
    harness.settle()
    elapsed_s = time.monotonic() - began_s
    assert names(harness, Group.RUNNING) == []
    assert sum(spent_s[:-1]) <= 0.55 * elapsed_s
    assert len(spent_s) < len(ids)
    harness.sessions.chats.changed.disconnect(make_the_list_anew)


async def test_the_progress_of_a_command_is_shown_beside_its_name(harness: WindowHarness):
    harness.sessions.follow_all()
    session_id = await harness.add("one", agent="shell")
    viewer, chat = harness.viewers[session_id], harness.chat(session_id)
    viewer.tell(ForegroundEvent(Foreground("make", "2026-01-02T05:00:00Z")))
    viewer.be(Activity.WORKING, "2026-01-02T05:00:01Z", "40 %")
    assert (chat.group, status_text(chat)) == (Group.WORKING, "make · 40 %")
    viewer.be(Activity.IDLE, "2026-01-02T05:00:02Z")
    assert status_text(chat) == "make"


async def test_a_hosts_events_are_shown_at_once(harness: WindowHarness):
    harness.sessions.follow_all()
    session_id = await harness.add("old")
    chat = harness.chat(session_id)
    viewer = harness.viewers[session_id]
    viewer.tell(TitleEvent(title="Writing"))
    viewer.tell(NameEvent(name="new"))
    viewer.tell(OutputEvent(offset=3))
    assert (chat.name, chat.record.program.title, chat.unseen.output) == ("new", "Writing", True)


async def test_the_title_of_a_program_that_has_ended_is_not_shown_again(harness: WindowHarness):
    """A shell restores the title from before a command, which may be none; the store gets each title later."""
    harness.sessions.follow_all()
    session_id = await harness.add("one", agent="shell", title="mc [~]")
    chat, viewer = harness.chat(session_id), harness.viewers[session_id]
    assert chat.title == "mc [~]"
    viewer.tell(TitleEvent("less"))
    viewer.tell(TitleEvent(""))
    viewer.tell(NameEvent(name="new"))
    await harness.sessions.machines.here.refresh_now()
    assert chat.title == ""


async def test_the_first_screen_of_an_agent_that_starts_hidden_is_not_unread(harness: WindowHarness):
    harness.sessions.follow_all()
    session_id = await harness.add("one", agent="claude", created_at=now())
    chat, viewer = harness.chat(session_id), harness.viewers[session_id]
    found = []
    for activity in (Activity.NO_SIGNAL, Activity.IDLE, Activity.WORKING, Activity.IDLE):
        if activity is not Activity.NO_SIGNAL:
            viewer.be(activity)
        viewer.tell(OutputEvent(offset=3))
        found.append(chat.unseen.output)
        chat.unseen.clear()
    assert found == [False, False, True, True]


async def test_an_agent_without_reports_is_unread_once_it_no_longer_starts(harness: WindowHarness):
    harness.sessions.follow_all()
    session_id = await harness.add("one", agent="aider", created_at="2026-01-02T03:04:05Z")
    harness.viewers[session_id].tell(OutputEvent(offset=3))
    assert harness.chat(session_id).unseen.output


async def test_an_end_is_not_undone_by_a_late_record(harness: WindowHarness):
    harness.sessions.follow_all()
    session_id = await harness.add("one")
    harness.viewers[session_id].end(exit_code=3)
    await harness.sessions.machines.here.refresh_now()  # the record still says that it runs
    chat = harness.chat(session_id)
    assert (chat.state, chat.record.outcome.exit_code, has_failed(chat.record)) == (State.EXITED, 3, True)
    assert names(harness, Group.ENDED) == ["one"]


async def test_a_chat_that_was_taken_for_lost_runs_again(harness: WindowHarness):
    chat = harness.chat(await harness.add("one"))
    chat.record = changed(chat.record, state=State.LOST)
    assert (harness.sessions.listed.running(), names(harness, Group.ENDED)) == ([], ["one"]), (
        "before its change is reported"
    )
    chat.record = changed(chat.record, state=State.RUNNING)
    chat.changed.emit()
    assert harness.sessions.listed.running() == [chat]


async def test_a_shell_that_the_user_leaves_after_a_failed_command_has_not_failed(harness: WindowHarness):
    harness.sessions.follow_all()
    left, ran = await harness.add("one", agent="shell"), await harness.add("two", agent="shell", arguments=["-c", "x"])
    for session_id in (left, ran):
        harness.viewers[session_id].end(exit_code=127)
    harness.settle()
    assert [has_failed(harness.chat(session_id).record) for session_id in (left, ran)] == [False, True]
    assert end_of(harness.chat(left).record.outcome).phrase == "Ended with exit code 127"


async def test_renaming_an_ended_chat_is_kept(harness: WindowHarness):
    session_id = await harness.add("one", state=State.EXITED, ended_at="2026-01-02T03:05:00Z")
    chat = harness.chat(session_id)
    harness.sessions.lifecycle.rename(chat, "  a  better name ")
    await harness.until(lambda: chat.name == "a better name", "the name to be taken")
    record = await harness.storage.call(lambda store: store.get(session_id))
    assert record is not None
    assert record.entry.name == "a better name"
    harness.sessions.lifecycle.rename(chat, "two\nlines \u202ertl \U0001f469\u200d\U0001f4bb\ufeff")
    await harness.until(
        lambda: chat.name == "two lines rtl \U0001f469\u200d\U0001f4bb", "the name as the host takes it"
    )


async def test_chats_are_shown_in_the_window_s_colours_old_and_new(harness: WindowHarness):
    harness.sessions.follow_all()
    first = await harness.add("first")
    harness.sessions.chats.set_colors(LIGHT.default_colors())
    second = await harness.add("second")
    assert harness.viewers[first].colors == harness.viewers[second].colors == LIGHT.default_colors()
    assert LIGHT.default_colors().background == 0xFFFFFF
    assert LIGHT.default_colors().palette == tuple(color.rgb() & 0xFFFFFF for color in LIGHT.palette)


async def test_titles_that_change_many_times_a_second_are_shown_together(harness: WindowHarness):
    harness.sessions.follow_all()
    one, two = [await harness.add(name) for name in ("one", "two")]
    harness.settle()
    texts = harness.sessions.chats._texts
    timer = texts._timer
    timer.setInterval(3_600_000)
    shown: list[tuple[str, str]] = []
    harness.sessions.chats.changed.connect(lambda: shown.append((harness.chat(one).title, harness.chat(two).title)))
    for number in range(50):
        harness.viewers[one].tell(TitleEvent(f"title {number}"))
        harness.viewers[two].tell(TitleEvent(f"other {number}"))
    harness.settle()
    assert len(shown) == 1, "the first change is shown at once"
    harness.viewers[two].be(Activity.NEEDS_INPUT, "2026-01-02T05:00:00Z", "Run npm test?")
    harness.settle()
    assert len(shown) == 2, "a question waits for nothing"
    harness.viewers[one].tell(TitleEvent("the last"))
    harness.settle()
    assert (len(shown), timer.isActive()) == (2, True)
    timer.timeout.emit()
    harness.settle()
    assert (len(shown), shown[-1]) == (3, ("the last", "other 49"))
    timer.stop()
    texts._show()
    assert not timer.isActive(), "no timer runs while nothing changes"


HERE = f"{pwd.getpwuid(os.getuid()).pw_name}@{socket.gethostname().partition('.')[0]}"


async def test_the_default_title_of_a_shell_is_not_shown_beside_its_directory(harness: WindowHarness) -> None:
    harness.sessions.follow_all()
    shell, agent = [harness.chat(await harness.add(name, agent=name, cwd="/usr/share")) for name in ("shell", "claude")]
    for chat in (shell, agent):
        harness.viewers[chat.id].tell(TitleEvent(f"{HERE}: /usr/share"))
    assert (shell.title, agent.title) == ("", f"{HERE}: /usr/share")
    shell.workplace.note_directory("/usr/lib")
    assert shell.title == f"{HERE}: /usr/share"
    harness.viewers[shell.id].tell(TitleEvent(f"{HERE}: /usr/lib"))
    assert shell.title == ""


async def test_the_second_page_has_a_viewer_of_its_own_while_it_is_shown(harness: WindowHarness):
    harness.sessions.follow_all()
    session_id = await harness.add("one")
    harness.sessions.chats.set_colors(LIGHT.default_colors())
    chat = harness.chat(session_id)
    first, second = chat.looks.for_page(), chat.looks.for_page()
    assert first is chat.looks.first
    assert not harness.further, "a page that is not shown needs none"
    second.set_shown(True)
    [viewer] = harness.further
    outputs = [viewer.output]
    assert viewer.colors == LIGHT.default_colors()
    assert not harness.viewers[session_id].output
    second.set_shown(False)
    outputs.append(viewer.output)
    assert outputs == [True, False]
    second.free_replica()
    assert viewer.is_closed
    second.set_shown(True)
    assert len(harness.further) == 2
    second.release()
    assert harness.further[1].is_closed
    assert not harness.viewers[session_id].is_closed
    first.release()
    assert chat.looks.for_page() is chat.looks.first


async def test_text_that_waits_on_a_second_page_is_not_lost_in_silence(harness: WindowHarness):
    harness.sessions.follow_all()
    problems: list[str] = []
    harness.sessions.problem.connect(problems.append)
    chat = harness.chat(await harness.add("one"))
    _first, second = chat.looks.for_page(), chat.looks.for_page()
    second.set_shown(True)
    [viewer] = harness.further
    viewer.keep(12)
    viewer.delivery.undelivered = 12
    viewer.delivery.is_over = False
    second.set_shown(False)
    second.free_replica()
    assert not viewer.is_closed, "the user may come back to the page"
    second.release()
    await harness.until(lambda: bool(problems), "the banner")
    assert problems == ["Your last 12 characters for one may be missing, since its tab closed."]


async def test_output_on_the_second_page_counts_as_seen(harness: WindowHarness):
    harness.sessions.follow_all()
    session_id = await harness.add("one")
    chat = harness.chat(session_id)
    _first, second = chat.looks.for_page(), chat.looks.for_page()
    harness.viewers[session_id].tell(BellEvent())
    rang = [chat.unseen.bell]
    second.set_shown(True)
    assert [*rang, chat.unseen.bell] == [True, False]
    harness.viewers[session_id].tell(OutputEvent(offset=3))
    assert not chat.unseen.output
    offered: list[tuple[str, str]] = []
    for look in chat.looks.all():
        look.clipboard_offered.connect(lambda *offer: offered.append(offer))
    for viewer in (harness.viewers[session_id], *harness.further):
        viewer.tell(ClipboardEvent("co\x1b\x03pied", "cp"))
    assert offered == [("copied", "cp")], "once, from the page that is shown"
    second.set_shown(False)
    harness.viewers[session_id].tell(OutputEvent(offset=3))
    assert chat.unseen.output


async def test_the_only_chat_that_asks_comes_before_each_of_three_that_are_done(harness: WindowHarness) -> None:
    harness.sessions.follow_all()
    asks, *done = [await harness.add(name, agent="claude") for name in ("asks", "first", "second", "third")]
    for number, session_id in enumerate(done):
        harness.viewers[session_id].be(Activity.IDLE, f"2026-01-02T0{number}:00:00Z")
        harness.chat(session_id).unseen.set_unread(unread=True)
    harness.viewers[asks].be(Activity.NEEDS_INPUT, "2026-01-02T09:00:00Z")
    shown, visited = "", []
    for _ in range(6):
        chat = next_chat(harness.sessions, shown)
        assert chat is not None
        visited.append(chat.name)
        chat.unseen.clear()
        shown = chat.id
    assert visited == ["asks", "first", "asks", "second", "asks", "third"]


async def test_questions_also_of_another_machine_come_first_the_longest_wait_in_front(
    harness: WindowHarness,
) -> None:
    machine = OtherMachine(harness, "build1")
    harness.sessions.follow_all()
    there = machine.add("there").id
    here, done = await harness.add("here", agent="claude"), await harness.add("done", agent="claude")
    harness.viewers[done].be(Activity.IDLE, "2026-01-02T01:00:00Z")
    harness.chat(done).unseen.set_unread(unread=True)
    harness.viewers[here].be(Activity.NEEDS_INPUT, "2026-01-02T03:00:00Z")
    harness.viewers[harness.chat(there).session_id].be(Activity.NEEDS_INPUT, "2026-01-02T02:00:00Z")

    def following(shown: str) -> str:
        chat = next_chat(harness.sessions, shown)
        return chat.name if chat is not None else ""

    assert [following(shown) for shown in ("", done, there, here)] == ["there", "there", "here", "there"]
    harness.viewers[harness.chat(there).session_id].be(Activity.IDLE)
    assert [following(shown) for shown in (here, done)] == ["done", "here"]


async def test_finished_unread_chats_come_after_those_that_ask(harness: WindowHarness):
    """A chat is left out while it works, and after it was read or ended by the user."""
    harness.sessions.follow_all()
    names = ("asks", "new", "old", "works", "read")
    asks, new, old, works, read = [await harness.add(name, agent="claude") for name in names]
    prompt, busy = [await harness.add(name, agent="shell") for name in ("prompt", "busy")]
    died, stopped = [await harness.add(name, state=State.RUNNING) for name in ("died", "stopped")]
    for session_id in (asks, new, old, works, prompt, busy, died, stopped):
        harness.viewers[session_id].tell(OutputEvent(9))
    harness.viewers[asks].be(Activity.NEEDS_INPUT, "2026-01-02T09:00:00Z")
    harness.viewers[works].be(Activity.WORKING, "2026-01-02T01:00:00Z")
    for session_id, since in ((new, "06"), (old, "04"), (read, "01")):
        harness.viewers[session_id].be(Activity.IDLE, f"2026-01-02T{since}:00:00Z")
    harness.viewers[prompt].tell(ForegroundEvent(Foreground("", "2026-01-02T05:00:00Z")))
    harness.viewers[busy].tell(ForegroundEvent(Foreground("make", "2026-01-02T05:00:00Z")))
    for session_id, columns in ((died, {"ended_at": "2026-01-02T07:00:00Z"}), (stopped, {"end_request": "stop"})):
        over = harness.chat(session_id)
        over.record = changed(over.record, state=State.EXITED, **columns)

    visited = []
    for _ in range(5):
        chat = next_chat(harness.sessions, asks)
        assert chat is not None
        visited.append(chat.name)
        chat.unseen.clear()
    assert visited == ["old", "prompt", "new", "died", "asks"]


async def test_a_chat_that_the_user_marked_as_unread_is_visited_again_later(harness: WindowHarness):
    harness.sessions.follow_all()
    one = await harness.add("one", agent="claude")
    harness.viewers[one].be(Activity.IDLE)
    chat = harness.chat(one)
    chat.unseen.set_unread(unread=True)
    assert next_chat(harness.sessions, one) is None
    assert next_chat(harness.sessions, "") is chat
    chat.unseen.set_unread(unread=False)
    assert next_chat(harness.sessions, "") is None
