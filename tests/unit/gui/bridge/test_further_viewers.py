"""A chat shown on two pages: each has its own replica, and closing one leaves the other."""

from __future__ import annotations

from gui.bridge.additional_viewer import viewer_for_page
from session_host.client.viewer.viewer import ViewerState
from session_host.protocol.messages import BellEvent, ClipboardEvent, OutputEvent
from tests.support.themes import LIGHT_TERMINAL as LIGHT
from tests.unit.gui.conftest import Played


async def test_the_second_page_has_a_viewer_of_its_own_while_it_is_shown(played: Played):
    played.sessions.follow_all()
    session_id = await played.add("one")
    played.sessions.set_colors(LIGHT.default_colors())
    chat = played.chat(session_id)
    first, second = viewer_for_page(chat), viewer_for_page(chat)
    assert first is chat
    assert not played.further, "a page that is not shown needs none"
    second.set_shown(True)
    [viewer] = played.further
    outputs = [viewer.output]
    assert viewer.colors == LIGHT.default_colors()
    assert not played.viewers[session_id].output
    second.set_shown(False)
    outputs.append(viewer.output)
    assert outputs == [True, False]
    second.free_replica()
    assert viewer.is_closed
    second.set_shown(True)
    assert len(played.further) == 2
    second.release()
    assert played.further[1].is_closed
    assert not played.viewers[session_id].is_closed
    first.release()
    assert viewer_for_page(chat) is chat


async def test_output_on_the_second_page_counts_as_seen(played: Played):
    played.sessions.follow_all()
    session_id = await played.add("one")
    chat = played.chat(session_id)
    _first, second = viewer_for_page(chat), viewer_for_page(chat)
    played.viewers[session_id].tell(BellEvent())
    rang = [chat.has_unseen_bell]
    second.set_shown(True)
    assert [*rang, chat.has_unseen_bell] == [True, False]
    played.viewers[session_id].tell(OutputEvent(offset=3))
    assert not chat.has_unseen_output
    offered: list[str] = []
    second.clipboard_offered.connect(offered.append)
    chat.clipboard_offered.connect(offered.append)
    for viewer in (played.viewers[session_id], *played.further):
        viewer.tell(ClipboardEvent(text="copied"))
    assert offered == ["copied"], "once, from the page that is shown"
    second.set_shown(False)
    played.viewers[session_id].tell(OutputEvent(offset=3))
    assert chat.has_unseen_output


async def test_the_end_of_a_chat_reaches_both_pages_and_closes_a_hidden_viewer(played: Played):
    played.sessions.follow_all()
    session_id = await played.add("one")
    chat = played.chat(session_id)
    _first, second, third = viewer_for_page(chat), viewer_for_page(chat), viewer_for_page(chat)
    for each in (second, third):
        each.set_shown(True)
    third.set_shown(False)
    told: list[str] = []
    second.connection_changed.connect(lambda: told.append("second"))
    played.viewers[session_id].end(exit_code=0)
    played.viewers[session_id].become(ViewerState.ENDED)
    assert told
    shown, hidden = played.further
    assert not shown.is_closed, "its screen is looked at"
    assert hidden.is_closed
    await played.sessions.close()
    assert shown.is_closed
