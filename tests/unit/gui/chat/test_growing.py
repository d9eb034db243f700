"""A page of a transcript that grows in bursts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from gui.chat.content.segments import FoldLine, TurnLine
from gui.chat.page.page import TranscriptPage
from gui.theme.theme import Theme
from session_host.structured.items import (
    AgentRequest,
    Append,
    FileChange,
    ItemStatus,
    Put,
    Question,
    Remove,
    RequestOpened,
    SetStatus,
    StateChanged,
    TurnOver,
)
from session_host.structured.transcript import Transcript
from tests.support.qt_waiting import run_deferred_deletes, show
from tests.support.scripted_chat import ScriptedChat, command_request
from tests.support.themes import OWN

PATCH = "@@ -1 +1 @@\n-old\n+new\n"


@pytest.fixture
def page(qapp: QApplication) -> Iterator[TranscriptPage]:
    made = TranscriptPage(Theme(qapp, OWN, "dark"))
    made.resize(600, 400)
    show(made)
    yield made
    made.close()
    made.deleteLater()
    run_deferred_deletes()


def turn_lines(page: TranscriptPage) -> list[TurnLine]:
    """The lines of turns on the page."""
    segments = [page.rows.row(each.position).segments[each.number] for each in page.visible]
    return [each for each in segments if isinstance(each, TurnLine)]


def begin(page: TranscriptPage) -> ScriptedChat:
    """Show a chat with a turn that has a step, and runs."""
    chat = ScriptedChat()
    page.set_transcript(chat.transcript)
    chat.put("user", "Do it", status="done", turn="t1")
    chat.run()
    tool(chat)
    page.scroller.show_frame()
    return chat


def tool(chat: ScriptedChat, status: ItemStatus = "done", output: str = "") -> str:
    return chat.put("tool", tool="execute", command="make", status=status, turn="t1", output=output)


def test_a_turn_that_grew_in_bursts_and_is_over_has_its_line_with_its_steps(page: TranscriptPage) -> None:
    chat = begin(page)
    for _ in range(3):
        tool(chat)
        tool(chat)
        page.scroller.show_frame()
    tool(chat)
    chat.put("agent", "Done.", status="done", turn="t1")
    chat.end(TurnOver("t1", "completed"))
    chat.put("user", "And then?", status="done", turn="t2")  # In the same burst, the next turn begins.
    chat.run("t2")
    page.scroller.show_frame()
    assert [(line.steps, line.commands, line.folded) for line in turn_lines(page)] == [(8, 8, True)]


def test_the_line_of_a_turn_counts_an_edit_that_is_done_after_its_turn(page: TranscriptPage) -> None:
    chat = begin(page)
    edit = chat.put("tool", tool="edit", changes=(FileChange("a.py", PATCH),), status="running", turn="t1")
    chat.put("agent", "It goes on.", status="done", turn="t1")
    chat.end(TurnOver("t1", "completed"))
    for _ in range(2):
        chat.put("user", "Next", status="done", turn="t2")
        page.scroller.show_frame()
    chat.done(edit)
    page.scroller.show_frame()
    assert [line.files for line in turn_lines(page)] == [1]


@pytest.mark.parametrize("is_fold_open", [False, True])
def test_a_page_is_painted_resized_and_pointed_at_before_it_shows_what_came(
    page: TranscriptPage, is_fold_open: bool
) -> None:
    chat = begin(page)
    chat.put("agent", "Done.", status="done", turn="t1")
    chat.end(TurnOver("t1", "completed"))
    page.rows.set_turns_fold(folds=not is_fold_open)
    page.scroller.show_frame()
    before = [(each.position, each.number) for each in page.visible]
    for _ in range(40):
        tool(chat)
    chat.apply(Remove("i2"))
    chat.put("agent", "All done.", status="done", turn="t1")
    chat.apply(StateChanged("idle"))
    page.repaint()
    point = QPointF(200, 200)
    none, no_button = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.NoButton
    move = QMouseEvent(QEvent.Type.MouseMove, point, page.mapToGlobal(point), no_button, no_button, none)
    QApplication.sendEvent(page, move)
    assert [(each.position, each.number) for each in page.visible] == before, "as of the last frame"
    page.resize(400, 300)
    page._live_timer.tick()
    page.repaint()
    assert len(page.rows) == 4
    page.scroller.show_frame()
    assert len(page.rows) == 44


def test_a_page_is_resized_while_a_request_is_shown_from_its_beginning_and_its_row_changes(
    page: TranscriptPage,
) -> None:
    chat = ScriptedChat()
    page.set_transcript(chat.transcript)
    item = tool(chat, status="running", output="text\n" * 20)
    chat.ask(command_request("make " * 400, item=item))
    page.scroller.show_frame()
    chat.apply(Put(chat.transcript[0]))
    chat.resolve("r1", "yes", "Allow", "attach")
    chat.apply(SetStatus(item, "done"))
    page.resize(500, 390)
    page.scroller.show_frame()
    assert not page.visible_cards()


def test_copying_what_was_selected_in_a_row_that_is_folded_now_copies_nothing(page: TranscriptPage) -> None:
    chat = begin(page)
    page.rows.toggle_fold("i2")
    page.scroller.arrange()
    page.select_all()
    assert page.selection.text(page.rows, markdown=False)
    page.selection.select(page.selection.anchor, page.selection.head._replace(key="i2", segment=1))  # type: ignore[arg-type, union-attr]
    assert "make" in page.selection.text(page.rows, markdown=False)
    page.rows.toggle_fold("i2")
    page.scroller.arrange()
    assert not page.selection.text(page.rows, markdown=False)
    chat.end(TurnOver("t1", "completed"))


def test_the_row_that_is_read_stays_if_the_agent_takes_back_the_row_above_it(page: TranscriptPage) -> None:
    chat = ScriptedChat()
    for number in range(40):
        chat.put("agent", f"Message {number}", status="done", turn="t1")
    page.set_transcript(chat.transcript)
    page.scroller.scroll_to("i10", 0, always=True)
    above, below = (page.rows.key(page.visible[at].position) for at in (0, 1))
    chat.apply(Remove(above))
    page.scroller.show_frame()
    assert page.rows.key(page.visible[0].position) == below
    assert not page.scroller.is_following_end


def test_the_end_of_a_turn_is_shown_below_the_step_that_is_its_last_once_the_agent_takes_back_the_one_below_it(
    page: TranscriptPage,
) -> None:
    chat = ScriptedChat()
    page.set_transcript(chat.transcript)
    chat.run()  # By itself: no prompt can be sent again.
    last = tool(chat, "interrupted")
    notice = chat.put("notice", "Compacted", status="done", turn="t1")
    chat.end(TurnOver("t1", "failed", "no credit"))
    page.scroller.show_frame()
    assert page.rows.transcript.ends.keys() == {notice}
    chat.apply(Remove(notice))
    page.scroller.show_frame()
    position = page.rows.position(last)
    assert position is not None
    assert "no credit" in page.rows.row(position).segments[-1].text


def test_a_copy_follows_a_transcript_from_a_snapshot_with_its_older_items() -> None:
    whole = ScriptedChat()
    for number in range(20):
        whole.put("agent", f"Message {number}", status="done", turn="t1")
    newest, shown = Transcript.restore(whole.transcript.snapshot(newest_bytes=200)), Transcript()
    shown.follow(newest)
    assert 0 < len(shown) == len(newest) < 20
    assert all(shown[position] is newest[position] for position in range(len(shown))), "each is decoded once"
    newest.add_older(whole.transcript)
    newest.apply(Append("i20", " and more"))
    changes = shown.follow(newest)
    assert changes.removed
    assert {"i1", "i20"} <= changes.items
    assert shown.snapshot() == newest.snapshot()


def test_a_declined_command_is_not_told_as_run_and_what_the_user_decided_is_not_folded_away(
    page: TranscriptPage,
) -> None:
    chat = begin(page)
    chat.put("tool", tool="execute", command="rm -r build", status="declined", turn="t1")
    question = Question("q", "Which one?", ("a", "b"))
    chat.put("thought", "The user knows.", status="done", turn="t1")
    chat.apply(RequestOpened(AgentRequest("r2", "question", 0, "Which one?", "", questions=(question,), item="i4")))
    chat.resolve("r2", "text", "the first", "window")
    chat.put("agent", "Removed.", status="done", turn="t1")
    chat.end(TurnOver("t1", "completed"))
    page.scroller.show_frame()
    assert [(line.commands, line.steps, line.declined) for line in turn_lines(page)] == [(1, 3, 1)]
    shown = [
        (page.rows.key(each.position), page.rows.row(each.position).segments[each.number]) for each in page.visible
    ]
    assert [key for key, segment in shown if isinstance(segment, FoldLine)] == ["i1"] * 2, (
        "at the prompt; steps are folded"
    )
    told = [segment.text for _, segment in shown if isinstance(segment, FoldLine)]
    assert sorted(told) == ["Answered Which one? · the first", "Declined rm -r build"]


@pytest.mark.parametrize(
    ("tools", "expected"),
    [
        ([("read", "Read a.py"), ("read", "Read b.py"), ("read", "Read a.py")], "Read 2 files"),
        ([("read", "Read a.py"), ("search", "Grep x")], "Looked at 2 places"),
        ([("other", "Think")], "1 step"),
    ],
)
def test_a_turn_that_changed_and_ran_nothing_says_at_what_it_looked(
    page: TranscriptPage, tools: list[tuple[str, str]], expected: str
) -> None:
    chat = ScriptedChat()
    page.set_transcript(chat.transcript)
    chat.put("user", "Look", status="done", turn="t1")
    chat.run()
    for kind, title in tools:
        chat.put("tool", tool=kind, title=title, status="done", turn="t1")
    chat.put("agent", "Seen.", status="done", turn="t1")
    chat.end(TurnOver("t1", "completed"))
    page.scroller.show_frame()
    [line] = turn_lines(page)
    assert line.facts()[0].text == expected
