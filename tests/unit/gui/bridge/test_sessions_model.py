"""The window's chats: the store's records merged with the events of their hosts."""

from __future__ import annotations

from gui.bridge.next_chat import NextChat
from gui.wording.groups import Group
from session_host.client.viewer.viewer import ViewerState
from session_host.protocol.messages import ForegroundEvent, NameEvent, OutputEvent, TitleEvent
from session_host.protocol.values import Activity, State
from tests.support.themes import LIGHT_TERMINAL as LIGHT
from tests.unit.gui.conftest import Played


def names(played: Played, group: Group) -> list[str]:
    return [chat.name for chat in played.sessions.groups()[group]]


async def test_running_chats_are_followed_for_events_only(played: Played):
    played.sessions.follow_all()
    running = await played.add("one")
    ended = await played.add("two", state=State.EXITED, exit_code=0, ended_at="2026-01-02T03:05:00Z")
    assert played.viewers[running].started
    assert not played.viewers[running].output
    assert ended not in played.viewers


async def test_groups_follow_the_agents_activity(played: Played):
    played.sessions.follow_all()
    one, two, three = [await played.add(name) for name in ("one", "two", "three")]
    played.viewers[one].be(Activity.NEEDS_INPUT, "2026-01-02T05:00:00Z", "Run npm test?")
    played.viewers[two].be(Activity.NEEDS_INPUT, "2026-01-02T04:00:00Z")
    played.viewers[three].be(Activity.WORKING)
    assert names(played, Group.NEEDS_YOU) == ["two", "one"], "who waits longest comes first"
    assert names(played, Group.WORKING) == ["three"]
    chat = played.chat(one)
    assert chat.location_and_status == "Run npm test? · tmp"
    played.viewers[two].be(Activity.IDLE)
    assert names(played, Group.IDLE) == ["two"]
    waiting = NextChat(played.sessions).after(one)
    assert waiting is chat, "the only one that waits, also when it is the one that is shown"


async def test_a_chat_without_a_topic_is_described_by_its_agents_title(played: Played):
    played.sessions.follow_all()
    played.sessions.agents = {"claude": played.catalog["codex"]}
    session_id = await played.add("one", agent="claude")
    chat = played.chat(session_id)
    played.viewers[session_id].be(Activity.IDLE)
    assert chat.status_text == "Codex"
    played.sessions.agents = played.catalog
    played.sessions.apply_agents()
    assert chat.status_text == "Claude Code"
    played.viewers[session_id].tell(TitleEvent("Claude Code"))
    assert chat.title == "", "it says no more than the agent's name, which stands beside it"
    missing = played.chat(await played.add("two", agent="gone"))
    played.viewers[missing.id].be(Activity.IDLE)
    assert missing.status_text == "gone"


async def test_the_progress_of_a_command_is_shown_beside_its_name(played: Played):
    played.sessions.follow_all()
    session_id = await played.add("one", agent="shell")
    viewer, chat = played.viewers[session_id], played.chat(session_id)
    viewer.tell(ForegroundEvent("make", "2026-01-02T05:00:00Z"))
    viewer.be(Activity.WORKING, "2026-01-02T05:00:01Z", "40 %")
    assert (chat.group, chat.status_text) == (Group.WORKING, "make · 40 %")
    viewer.be(Activity.IDLE, "2026-01-02T05:00:02Z")
    assert chat.status_text == "make"


async def test_a_hosts_events_are_shown_at_once(played: Played):
    played.sessions.follow_all()
    session_id = await played.add("old")
    chat = played.chat(session_id)
    viewer = played.viewers[session_id]
    viewer.tell(TitleEvent(title="Writing"))
    viewer.tell(NameEvent(name="new"))
    viewer.tell(OutputEvent(offset=3))
    assert (chat.name, chat.record.title, chat.has_unseen_output) == ("new", "Writing", True)


async def test_an_end_is_not_undone_by_a_late_record(played: Played):
    played.sessions.follow_all()
    session_id = await played.add("one")
    played.viewers[session_id].end(exit_code=3)
    await played.sessions.refresh_now()  # the record still says that it runs
    chat = played.chat(session_id)
    assert (chat.state, chat.record.exit_code, chat.has_failed) == (State.EXITED, 3, True)
    assert names(played, Group.ENDED) == ["one"]


async def test_a_shell_that_the_user_leaves_after_a_failed_command_has_not_failed(played: Played):
    played.sessions.follow_all()
    left, ran = await played.add("one", agent="shell"), await played.add("two", agent="shell", arguments=["-c", "x"])
    for session_id in (left, ran):
        played.viewers[session_id].end(exit_code=127)
    played.settle()
    assert [played.chat(session_id).has_failed for session_id in (left, ran)] == [False, True]
    assert played.chat(left).how_it_ended == "Ended with exit code 127"


async def test_a_lost_chat_shows_the_reason(played: Played):
    played.sessions.follow_all()
    session_id = await played.add("one")
    played.viewers[session_id].become(ViewerState.LOST, "its process is gone")
    chat = played.chat(session_id)
    assert (chat.state, chat.record.error, chat.group) == (State.LOST, "its process is gone", Group.ENDED)


async def test_a_removed_chat_is_gone(played: Played):
    session_id = await played.add("one", state=State.EXITED, ended_at="2026-01-02T03:05:00Z")
    gone: list[str] = []
    played.sessions.removed.connect(gone.append)
    chat = played.chat(session_id)
    played.sessions.remove(chat)
    await played.until(lambda: gone, "the chat to go")
    assert gone == [session_id]
    assert await played.storage.call(lambda store: store.get(session_id)) is None


async def test_renaming_an_ended_chat_is_kept(played: Played):
    session_id = await played.add("one", state=State.EXITED, ended_at="2026-01-02T03:05:00Z")
    chat = played.chat(session_id)
    played.sessions.rename(chat, "  a  better name ")
    await played.until(lambda: chat.name == "a better name", "the name to be taken")
    record = await played.storage.call(lambda store: store.get(session_id))
    assert record is not None
    assert record.name == "a better name"


async def test_closing_detaches_from_every_chat(played: Played):
    played.sessions.follow_all()
    ids = [await played.add(name) for name in ("one", "two")]
    await played.sessions.close()
    assert all(played.viewers[session_id].is_closed for session_id in ids)


async def test_chats_are_shown_in_the_window_s_colours_old_and_new(played: Played):
    played.sessions.follow_all()
    first = await played.add("first")
    played.sessions.set_colors(LIGHT.default_colors())
    second = await played.add("second")
    assert played.viewers[first].colors == played.viewers[second].colors == LIGHT.default_colors()
    assert LIGHT.default_colors().background == 0xFFFFFF
