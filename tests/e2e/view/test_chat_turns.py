"""The steps of a turn that is over are one line, until the user or a search opens them; on a real X server."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QMenu

from gui.chat.content.segments import TurnLine
from gui.chat.page.rows import Offer
from gui.finding.query import FindQuery
from session_host.structured.items import FileChange, SetStatus, StateChanged, TurnOver
from tests.support.chat_view_harness import WAIT_S, ChatViewHarness, ShowChat
from tests.support.qt_waiting import process_events_until
from tests.support.scripted_chat import ScriptedChat

PATCH = "@@ -1,2 +1,3 @@\n same\n-old\n+new\n+more\n"


def worked(chat: ScriptedChat, turn: str = "t1", *, is_over: bool = True) -> None:
    """A turn with an edit, two commands, of which one fails, and an answer."""
    chat.put("user", f"Prompt of {turn}", status="done", turn=turn)
    chat.run(turn)
    chat.put("thought", "I think.", status="done", turn=turn)
    chat.put("agent", f"First I look, in {turn}.", status="done", turn=turn)
    chat.put("tool", tool="edit", title="Edit a.py", changes=(FileChange("a.py", PATCH),), status="done", turn=turn)
    chat.put("tool", tool="execute", title="make", command="make", output="fine", exit_code=0, status="done", turn=turn)
    chat.put("tool", tool="execute", title="false", command="false", exit_code=1, status="failed", turn=turn)
    chat.put("agent", f"The answer of {turn}.", status="done", turn=turn)
    if is_over:
        chat.end(TurnOver(turn, "completed"))


def lines(shown: ChatViewHarness) -> list[TurnLine]:
    """The lines about turns on the page."""
    page = shown.view.page
    segments = [page.rows.row(each.position).segments[each.number] for each in page.visible]
    return [each for each in segments if isinstance(each, TurnLine)]


def test_a_turn_that_is_over_is_its_prompt_what_it_did_and_its_answer(show_chat: ShowChat) -> None:
    chat = ScriptedChat()
    worked(chat, is_over=False)
    shown = show_chat(chat)
    assert "First I look" in shown.shown(), "a turn that runs shows its steps"
    chat.end(TurnOver("t1", "completed"))
    shown.settle()
    assert shown.shown().split("\n") == ["Prompt of t1", "", "The answer of t1.", "", ""]
    [line] = lines(shown)
    facts = line.files, line.added, line.removed, line.commands, line.steps, line.duration_ms
    assert facts == (1, 2, 1, 2, 5, 6000)
    assert "Edited 1 file · ran 2 commands, 1 failed · 6.0 s" in shown.view.page.spoken(shown.view.page.rows.row(0))
    page, point = shown.view.page, shown.control("fold_turn")
    assert page.tip_of(page.pointer.control_at(QPointF(point))) == "a.py  +2 −1\nShow 5 steps"
    shown.click(point)
    assert "First I look" in shown.shown()
    assert not lines(shown)[0].folded
    shown.click(shown.control("fold_turn"))
    assert "First I look" not in shown.shown()
    shown.view.set_turns_fold(folds=False)
    shown.settle()
    assert "First I look" not in shown.shown(), "the user folded this one"
    worked(chat, "t2")
    shown.settle()
    assert "First I look, in t2." in shown.shown()


def test_the_steps_are_reached_by_keyboard(show_chat: ShowChat) -> None:
    chat = ScriptedChat()
    worked(chat)
    shown = show_chat(chat)
    page = shown.view.page
    page.setFocus(Qt.FocusReason.TabFocusReason)
    while page.control_name(page.focused) != "Show 5 steps":
        shown.press(Qt.Key.Key_Tab)
        assert page.focused is not None
    shown.press(Qt.Key.Key_Return)
    assert "First I look" in shown.shown()
    assert page.control_name(page.focused) == "Hide 5 steps", "the same key hides them again"


def test_find_opens_the_turn_of_a_match_and_folds_it_again(show_chat: ShowChat) -> None:
    chat = ScriptedChat()
    for number in range(3):
        worked(chat, f"t{number}")
    shown = show_chat(chat)
    finder = shown.view.finder
    finder.find(FindQuery("look, in"))
    process_events_until(lambda: finder.scan.is_done, WAIT_S, "the search to end")
    shown.settle()
    assert len(finder.scan.hits) == 3
    assert "First I look, in t2." in shown.shown()
    finder.step(-1)
    shown.settle()
    assert "First I look, in t1." in shown.shown()
    assert "First I look, in t2." not in shown.shown(), "folded again"
    finder.end_search()
    shown.settle()
    assert "First I look, in t1." in shown.shown(), "what was found stays"


def test_steps_that_the_user_reads_stay_when_the_turn_ends(show_chat: ShowChat) -> None:
    chat = ScriptedChat()
    worked(chat, is_over=False)
    chat.put("agent", "\n\n".join(f"line {number}" for number in range(60)), status="done", turn="t1")
    shown = show_chat(chat)
    page = shown.view.page
    page.scroller.scroll_to_start()
    page.scroller.scroll_by(shown.point_of("Thought").y() - 5)
    place = shown.point_of("First I look")
    chat.end(TurnOver("t1", "completed"))
    shown.settle()
    assert shown.point_of("First I look") == place
    page.scroller.scroll_to_start()
    [line] = lines(shown)
    assert not line.folded


@pytest.mark.parametrize("outcome", ["failed", "interrupted", "cut"])
def test_a_turn_that_did_not_end_well_keeps_its_steps(show_chat: ShowChat, outcome: str) -> None:
    chat = ScriptedChat()
    worked(chat, is_over=False)
    chat.end(TurnOver("t1", outcome))  # type: ignore[arg-type]
    shown = show_chat(chat)
    assert "First I look" in shown.shown()
    assert not lines(shown)


def test_a_prompt_that_is_added_to_a_running_turn_folds_nothing(show_chat: ShowChat) -> None:
    chat = ScriptedChat()
    worked(chat, is_over=False)
    steered = chat.put("user", "Also this", status="sent")
    shown = show_chat(chat)
    assert "First I look" in shown.shown()
    chat.apply(SetStatus(steered, "done", turn="t1"))
    chat.put("agent", "Done, too.", status="done", turn="t1")
    chat.apply(StateChanged("running", "t1"))
    shown.settle()
    assert "First I look" in shown.shown()


def test_what_the_user_can_do_is_beside_the_prompt_and_beside_what_was_done(show_chat: ShowChat) -> None:
    chat, done = ScriptedChat(), list[str]()
    worked(chat)
    shown = show_chat(chat)
    shown.view.set_offers(
        lambda prompt: [
            Offer("changes", "", "Changes", beside=("turn",), run=lambda: done.append(prompt.text), later="Since"),
            Offer("fork", "Fork before", "Fork…", beside=("prompt",), run=lambda: done.append("fork")),
            Offer("restore", "", "Restore…", beside=("prompt", "turn"), run=lambda: done.append("restore")),
        ]
    )
    shown.view.set_transcript(chat.transcript)
    shown.settle()
    [line] = lines(shown)
    assert [each.name for each in line.buttons] == ["Changes", "Restore…"]
    fork, restore, changes, restore_turn = shown.controls("offer")
    for button in (changes, fork, restore, restore_turn):
        shown.click(button)
    assert done == ["Prompt of t1", "fork", "restore", "restore"]
    shown.view.resize(240, 700)
    shown.settle()
    assert len(shown.controls("offer")) == 0, "no room for either"
    shown.click(shown.control("more"))
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    assert [entry.text() for entry in menu.actions()] == ["Changes", "Restore…"]
    menu.actions()[0].trigger()
    menu.close()
    assert done.pop() == "Prompt of t1"
    shown.view.resize(900, 700)
    shown.settle()
    shown.click(shown.control("copy_prompt"))
    assert QGuiApplication.clipboard().text() == "Prompt of t1"
    worked(chat, "t2")
    shown.settle()
    names = [[button.name for button in line.buttons] for line in lines(shown)]
    assert names == [["Since", "Restore…"], ["Changes", "Restore…"]], "the changes since a turn are those of later ones"
