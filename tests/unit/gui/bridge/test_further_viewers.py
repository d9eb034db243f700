"""A chat shown on two pages: each has its own replica, and closing one leaves the other."""

from __future__ import annotations

from gui.bridge.chat import viewer_for_page
from session_host.protocol.messages import BellEvent, ClipboardEvent, OutputEvent
from tests.support.themes import LIGHT_TERMINAL as LIGHT
from tests.unit.gui.conftest import WindowHarness


async def test_the_second_page_has_a_viewer_of_its_own_while_it_is_shown(harness: WindowHarness):
    harness.sessions.follow_all()
    session_id = await harness.add("one")
    harness.sessions.set_colors(LIGHT.default_colors())
    chat = harness.chat(session_id)
    first, second = viewer_for_page(chat), viewer_for_page(chat)
    assert first is chat
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
    assert viewer_for_page(chat) is chat


async def test_output_on_the_second_page_counts_as_seen(harness: WindowHarness):
    harness.sessions.follow_all()
    session_id = await harness.add("one")
    chat = harness.chat(session_id)
    _first, second = viewer_for_page(chat), viewer_for_page(chat)
    harness.viewers[session_id].tell(BellEvent())
    rang = [chat.has_unseen_bell]
    second.set_shown(True)
    assert [*rang, chat.has_unseen_bell] == [True, False]
    harness.viewers[session_id].tell(OutputEvent(offset=3))
    assert not chat.has_unseen_output
    offered: list[tuple[str, str]] = []
    for viewer_of_chat in (second, chat):
        viewer_of_chat.clipboard_offered.connect(lambda *offer: offered.append(offer))
    for viewer in (harness.viewers[session_id], *harness.further):
        viewer.tell(ClipboardEvent("copied", "cp"))
    assert offered == [("copied", "cp")], "once, from the page that is shown"
    second.set_shown(False)
    harness.viewers[session_id].tell(OutputEvent(offset=3))
    assert chat.has_unseen_output
