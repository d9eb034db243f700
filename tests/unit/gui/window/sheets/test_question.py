"""A question belongs to its page: it takes the keys while it is open, and closes with the page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QHelpEvent, QKeyEvent
from PySide6.QtWidgets import QApplication, QToolTip

from gui.input.draft import Draft
from gui.terminal.input.pointer import MouseRules
from gui.terminal.links.link_pointer import Link
from gui.theme.tokens import LABEL_COLORS
from gui.window.actions import links
from gui.window.sheets.question import Question
from gui.wording import changes_texts
from session_host.protocol.facts import Foreground
from session_host.protocol.messages import ForegroundEvent, OutputEvent
from session_host.protocol.values import Activity, State
from session_host.restore_points.restoring import How
from session_host.storage.store import Store
from tests.support.calls import calls_of
from tests.unit.gui.conftest import WindowHarness

CTRL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


async def test_a_paste_is_asked_about_with_its_text_and_answered_by_enter(harness: WindowHarness):
    viewer = await harness.open("one")
    page = harness.page
    view = harness.view
    view.pasting.paste("rm -rf x\nls\x07\n")
    assert page.question.title.text() == "Paste 2 lines?"
    assert page.question.subject.toPlainText() == "rm -rf x\nls␇\n"
    assert [call for call in viewer.calls if call[0] == "paste"] == []
    await harness.press(Qt.Key.Key_Return)
    assert [call for call in viewer.calls if call[0] == "paste"] == [("paste", "rm -rf x\nls\x07\n")]
    assert not page.question.is_open
    assert view.hasFocus(), "the keyboard is in the terminal again"


async def test_what_is_asked_has_no_frame_and_no_scroll_bar_that_scrolls_nothing(harness: WindowHarness):
    await harness.open("one")
    question = harness.page.question
    for lines in (2, 5, 10):
        harness.view.pasting.paste("\n".join(f"echo {number}" for number in range(lines)))
        harness.settle()
        assert question.subject.verticalScrollBar().maximum() == 0
        assert question.subject.frameWidth() == 0
        left = question.subject.mapTo(question, question.subject.cursorRect().topLeft()).x()
        assert left == question.title.mapTo(question, QPoint()).x(), "all of it begins at one edge"
        assert [each._cap.text() for each in (question.no, question.yes)] == ["Esc", "Enter"]
        question.dismiss()


async def test_whoever_goes_on_typing_after_a_paste_does_not_answer_the_question(harness: WindowHarness):
    viewer = await harness.open("one")
    question = harness.page.question
    harness.view.pasting.paste("cd x\nmake")
    for key in (Qt.Key.Key_Space, Qt.Key.Key_Minus, Qt.Key.Key_J, Qt.Key.Key_Space, Qt.Key.Key_4, Qt.Key.Key_Return):
        await harness.press(key)
        assert question.is_open
    assert [call for call in viewer.calls if call[0] == "paste"] == []
    await harness.until(lambda: not question._typing.isActive(), "the end of the typing")
    await harness.press(Qt.Key.Key_Return)
    assert [call for call in viewer.calls if call[0] == "paste"] == [("paste", "cd x\nmake")]


async def test_space_presses_the_button_that_tab_has_chosen(harness: WindowHarness):
    viewer = await harness.open("one")
    question = harness.page.question
    harness.view.pasting.paste("cd x\nmake")
    while not question.no.hasFocus():
        await harness.press(Qt.Key.Key_Tab)
    await harness.press(Qt.Key.Key_Space)
    assert not question.is_open
    assert [call for call in viewer.calls if call[0] == "paste"] == []


async def test_a_link_with_another_text_than_its_address_is_asked_about_if_that_is_set(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
):
    opened: list[str] = []
    monkeypatch.setattr(links, "open_in_desktop", lambda address, _on_failure: opened.append(address))
    await harness.open("one")
    window = harness.window
    page, view, marked = harness.page, harness.view, Link((), "https://example.org/a", is_marked=True)
    view.links.open(marked)
    assert opened == ["https://example.org/a"], "by default its address is shown while it is pointed at"
    window._settings.write({"confirm_links": True})
    view.links.open(Link((), "https://example.org/b"))
    assert opened[1:] == ["https://example.org/b"], "an address in the text is its own target, so nothing is asked"
    view.links.open(marked)
    assert (page.question.title.text(), page.question.subject.toPlainText()) == ("Open this link?", marked.uri)
    await harness.press(Qt.Key.Key_Escape)
    assert len(opened) == 2
    view.links.open(marked)
    await harness.press(Qt.Key.Key_Return)
    assert opened[2:] == [marked.uri]
    view.links.open(Link((), "javascript:alert(1)", is_marked=True))
    assert not page.question.is_open
    assert len(opened) == 3


async def test_the_window_uses_settings_of_links_the_mouse_and_the_command_heading_at_once(harness: WindowHarness):
    await harness.open("one")
    window = harness.window

    def opens_by() -> str:
        return harness.view.links.rules.opens_by

    def copies() -> bool:
        return harness.view.selection.copies

    assert opens_by() == "ctrl_click"
    window._settings.write({"open_links": "click"})
    assert opens_by() == "click"
    assert harness.view.pointer.rules == MouseRules(3, right_click_pastes=False)
    assert not copies()
    window._settings.write({"wheel_lines": 7, "copy_on_select": True, "right_click": "paste"})
    assert harness.view.pointer.rules == MouseRules(7, right_click_pastes=True)
    assert copies()
    assert harness.view.prompts.has_heading
    window._settings.write({"command_heading": False})
    assert not harness.view.prompts.has_heading


@pytest.mark.parametrize("bracketed", [False, True])
async def test_a_paste_of_five_million_characters_is_asked_about_at_once(harness: WindowHarness, bracketed: bool):
    viewer = await harness.open("one")
    if bracketed:
        viewer.feed(b"\x1b[?2004h")
    question = harness.page.question
    text = "a line of a long text\n" * 250_000
    calls = calls_of(lambda: harness.view.pasting.paste(text))
    assert calls < 250_000, "no call for each line: the window does not freeze"
    assert question.title.text() == "Paste 250,000 lines, 5,500,000 characters?"
    assert question.subject.toPlainText().startswith("a line of a long text\n")
    assert question.subject.toPlainText().endswith(" more characters)")
    assert question.detail.text() == ("" if bracketed else "The program may run each line at once.")
    assert [call for call in viewer.calls if call[0] == "paste"] == []
    await harness.press(Qt.Key.Key_Return)
    assert [call for call in viewer.calls if call[0] == "paste"] == [("paste", text)]


async def test_escape_answers_a_question_and_does_not_interrupt_the_agent(harness: WindowHarness):
    viewer = await harness.open("one")
    harness.view.pasting.paste("a\nb\n")
    await harness.press(Qt.Key.Key_A)
    await harness.press(Qt.Key.Key_V, CTRL_SHIFT)
    await harness.press(Qt.Key.Key_Tab)
    assert not harness.page.question.yes.hasFocus(), "Tab reaches the other button"
    await harness.press(Qt.Key.Key_Escape)
    assert not harness.page.question.is_open
    assert [call for call in viewer.calls if call[0] in {"key", "text", "paste"}] == []


async def test_a_paste_asked_about_in_one_chat_is_not_pasted_into_another(harness: WindowHarness):
    ids = [await harness.add(name) for name in ("one", "two")]
    window = harness.open_window()
    first, second = (harness.show(session_id) for session_id in ids)
    window.tabs.activate(ids[0])
    asking = harness.page
    view = harness.view
    view.pasting.paste("a\nb\n")
    window.tabs.activate(ids[1])
    harness.settle()
    assert not asking.question.isVisible(), "it stays with its page"
    await harness.press(Qt.Key.Key_Return)
    assert [call for viewer in (first, second) for call in viewer.calls if call[0] == "paste"] == []
    window.tabs.activate(ids[0])
    await harness.press(Qt.Key.Key_Return)
    assert ("paste", "a\nb\n") in first.calls


async def test_a_question_closes_with_its_chat_and_does_not_reopen_after_another(harness: WindowHarness):
    viewer = await harness.open("one")
    session_id = viewer.session_id
    page = harness.page
    view = harness.view
    view.pasting.paste("a\nb\n")
    view.pasting.paste("c\nd\n")
    page.question.dismiss()
    assert not page.question.is_open, "the older one was replaced"
    view.pasting.paste("e\nf\n")
    viewer.end(0)
    assert not page.question.is_open
    page.question.ask(Question("Really?", "Yes", lambda: viewer.calls.append(("paste", "yes"))))
    harness.window.tabs.close(session_id)
    assert [call for call in viewer.calls if call[0] == "paste"] == []


async def test_stop_all_asks_over_the_window_and_stops_the_chats_that_it_named(harness: WindowHarness):
    for name in ("one", "two"):
        await harness.add(name)
    await harness.add("a long name " * 20)
    window = harness.open_window()
    stopped: list[str] = []
    harness.sessions.lifecycle.stop = lambda chat: stopped.append(chat.name)  # type: ignore[method-assign]
    window.commands.chat_actions.stop_all()
    question = window.sheets.question
    harness.settle()
    assert question.subject.horizontalScrollBar().maximum() == 0, "a long name is wrapped"
    assert question.title.text() == "Stop all 3 running chats?"
    assert question.subject.toPlainText().splitlines()[0].startswith("one")
    assert question.subject.font().family() == QApplication.font().family(), "names are no code"
    await harness.press(Qt.Key.Key_Escape)
    assert stopped == []
    window.commands.chat_actions.stop_all()
    await harness.press(Qt.Key.Key_Return)
    assert (question.is_open, stopped) == (False, []), "Enter ends nothing"
    window.commands.chat_actions.stop_all()
    await harness.add("three")
    await harness.press(Qt.Key.Key_Tab)
    assert (question.yes.hasFocus(), question.yes.property("kind")) == (True, "danger")
    await harness.press(Qt.Key.Key_Return)
    assert stopped == ["one", "two", "a long name " * 20], "not the one that was started meanwhile"


async def test_stop_all_shows_what_each_chat_does_and_lists_working_ones_first(harness: WindowHarness):
    waits, rests, makes, asks, works, idle = [
        await harness.add(name, agent=agent)
        for name, agent in (
            ("waits", "shell"),
            ("rests", "shell"),
            ("makes", "shell"),
            ("asks", "claude"),
            ("works", "claude"),
            ("idle", "claude"),
        )
    ]
    window = harness.open_window()
    for shell in (waits, rests):
        harness.viewers[shell].tell(ForegroundEvent(Foreground("", "2026-01-02T03:04:05Z", 0, "2026-01-02T03:04:05Z")))
    harness.viewers[makes].tell(
        ForegroundEvent(Foreground("make -j8", (datetime.now(UTC) - timedelta(seconds=130)).isoformat()))
    )
    harness.viewers[asks].be(Activity.NEEDS_INPUT, detail="Run npm test?")
    harness.viewers[works].be(Activity.WORKING, detail="writing guide")
    harness.viewers[idle].be(Activity.IDLE)
    window.commands.chat_actions.stop_all()
    assert window.sheets.question.subject.toPlainText().splitlines() == [
        "makes · running make -j8 for 2 min",
        "asks · needs you: Run npm test?",
        "works · working: writing guide",
        "idle · idle",
        "At the prompt: waits, rests",
    ]


async def test_a_working_chat_is_asked_about_over_its_own_page(harness: WindowHarness):
    ids = [await harness.add(name, agent="claude") for name in ("one", "two")]
    window = harness.open_window()
    harness.show(ids[0])
    stopped: list[str] = []
    harness.sessions.lifecycle.stop = lambda chat: stopped.append(chat.name)  # type: ignore[method-assign]
    harness.viewers[ids[1]].be(Activity.WORKING)
    window.commands.chat_actions.stop(harness.chat(ids[1]))
    await harness.until(lambda: window.tabs.active_id == ids[1], "the chat in question to be shown")
    assert harness.page.question.title.text() == "two is working. Stop it?"
    await harness.press(Qt.Key.Key_Tab)
    await harness.press(Qt.Key.Key_Return)
    assert stopped == ["two"]


async def test_a_build_in_a_shell_is_asked_about_before_it_is_ended(harness: WindowHarness):
    session_id = await harness.add("build", agent="shell")
    window = harness.open_window()
    ended: list[str] = []
    harness.sessions.lifecycle.kill = lambda chat: ended.append(chat.name)  # type: ignore[method-assign]
    harness.viewers[session_id].tell(ForegroundEvent(Foreground("make -j8", "2026-01-02T03:04:05Z")))
    window.commands.chat_actions.kill(harness.chat(session_id))
    assert harness.page.question.title.text() == "make -j8 is still running. Kill it?"
    await harness.press(Qt.Key.Key_Escape)
    assert ended == []
    harness.viewers[session_id].tell(ForegroundEvent(Foreground("", "2026-01-02T03:04:05Z")))
    window.commands.chat_actions.kill(harness.chat(session_id))
    assert ended == ["build"], "a shell that waits for a command has nothing to lose"


async def test_a_chat_that_has_just_written_output_is_asked_about(harness: WindowHarness):
    session_id = await harness.add("log", agent="claude")
    window = harness.open_window()
    harness.viewers[session_id].tell(OutputEvent(10))
    ended: list[str] = []
    harness.sessions.lifecycle.stop = lambda chat: ended.append(chat.name)  # type: ignore[method-assign]
    window.commands.chat_actions.stop(harness.chat(session_id))
    assert ended == []
    assert harness.page.question.title.text() == "log was active just now. Stop it?"


async def test_a_removed_chat_is_kept_until_the_removal_cannot_be_undone(harness: WindowHarness):
    ids = [await harness.add(name, state=State.EXITED) for name in ("one", "two")]
    window = harness.open_window()
    window.open_chat(harness.chat(ids[0]))
    window.commands.chat_actions.remove(harness.chat(ids[0]))
    assert harness.listed_names() == ["two"]
    assert window.tabs.ids() == []
    assert {record.id for record in await harness.storage.call(Store.all)} == set(ids), "a crash removes nothing"
    window.banners.run_action()
    assert harness.listed_names() == ["one", "two"]
    assert window.tabs.ids() == [ids[0]], "its tab is back"
    window.commands.chat_actions.remove(harness.chat(ids[1]))
    harness.sessions.removals._pending[0].timer.setInterval(0)
    await harness.until(lambda: harness.sessions.chats.get(ids[1]) is None, "the removal to be carried out")
    assert [record.id for record in await harness.storage.call(Store.all)] == [ids[0]]


async def test_undoing_a_removal_restores_draft_colour_and_muting(harness: WindowHarness):
    session_id = await harness.add("one", state=State.EXITED)
    window, sessions = harness.open_window(), harness.sessions
    chat = harness.chat(session_id)
    sessions.drafts.set(session_id, Draft("not sent yet"))
    labels: dict[str, str] = {}
    sessions.color_labels.load(labels)
    name = next(iter(LABEL_COLORS))
    sessions.color_labels.set_label([chat], name)
    sessions.muting.mute_chat(chat, muted=True)
    window.commands.chat_actions.remove(chat)
    window.banners.run_action()
    assert sessions.drafts.of(session_id) == Draft("not sent yet")
    assert (labels, sessions.muting.muted) == ({session_id: name}, [session_id])


async def test_stop_chat_typed_for_an_ended_chat_does_not_select_stop_all(harness: WindowHarness):
    ended = await harness.add("one", state=State.EXITED)
    await harness.add("two")
    window = harness.open_window()
    window.open_chat(harness.chat(ended))
    window.actions_.show_palette()
    window.sheets.chooser.field.setText("stop chat")
    assert window.sheets.chooser.items.item(0).text() == "Stop chat"
    await harness.press(Qt.Key.Key_Return)
    assert not window.sheets.question.is_open


async def test_an_enter_key_that_is_still_held_does_not_answer_a_question(harness: WindowHarness):
    await harness.add("one")
    window = harness.open_window()
    window.commands.chat_actions.stop_all()
    yes = window.sheets.question.yes
    held = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Return, Qt.KeyboardModifier.NoModifier, "\r", autorep=True)
    QApplication.sendEvent(yes, held)
    assert window.sheets.question.is_open


async def test_paths_are_cut_to_the_questions_width_and_complete_in_the_tool_tip(harness: WindowHarness):
    await harness.open("one")
    window = harness.window
    path = "packages/server/src/features/administration/routes/users/components/list.test.ts"
    rows: list[tuple[How, str]] = [("modified", path), ("deleted", "a.ts")]
    question = harness.page.question
    fitted = partial(changes_texts.restored_files, rows)
    harness.page.question.ask(Question("Restore?", "Restore", lambda: None, "", fitted(), is_code=True, fitted=fitted))
    await harness.until(lambda: "…" in question.subject.toPlainText(), "the path to be cut")
    cut, other = question.subject.toPlainText().splitlines()
    assert cut.startswith("change  packages/")
    assert cut.endswith("/list.test.ts")
    assert other == "delete  a.ts"
    assert not question.subject.horizontalScrollBar().isVisible()
    QApplication.sendEvent(question.subject.viewport(), QHelpEvent(QEvent.Type.ToolTip, QPoint(20, 8), QPoint(20, 8)))
    assert path in QToolTip.text()
    QToolTip.hideText()
    window.resize(window.minimumSize())
    await harness.until(lambda: len(question.subject.toPlainText().splitlines()[0]) < len(cut), "a shorter line")
    assert question.subject.toPlainText().splitlines()[0].endswith("/list.test.ts")
