"""One hunk of an edit in a chat view: taken back and brought back by mouse, keys and menu; its lines get comments."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from gui.chat.content.segments import Diff, Paragraph
from gui.chat.page.selection import Point
from gui.settings.layout import ReviewComment
from gui.window.changes.in_page import CommentEditor
from gui.wording import changes_texts
from session_host.protocol.messages import Prompt
from session_host.structured.items import FileChange
from tests.support.repositories import Checkout
from tests.support.scripted_chat import ScriptedChat
from tests.unit.gui.conftest import WindowHarness

OLD = "".join(f"line {number}\n" for number in range(1, 41))
PATCH = (
    "@@ -3,3 +3,3 @@\n line 3\n-line 4\n+LINE 4\n line 5\n"
    "@@ -30,3 +30,4 @@\n line 30\n line 31\n+line 31 and a half\n line 32\n"
)
NEW = OLD.replace("line 4\n", "LINE 4\n").replace("line 31\n", "line 31\nline 31 and a half\n")


class Edited:
    """A chat view with an edit of a file in a real repository."""

    def __init__(self, harness: WindowHarness, checkout: Checkout) -> None:
        self.harness, self.file = harness, checkout.path / "words"
        self.page = harness.content.view.page
        harness.content.view.set_turns_fold(folds=False)

    def menu_at(self, text: str) -> QMenu:
        """The context menu of the line of the diff with this text."""
        self.harness.settle()
        for placed in self.page.visible:
            segment = self.page.rows.row(placed.position).segments[placed.number]
            if isinstance(segment, Diff):
                for line, box in zip(segment.lines, self._boxes(placed.laid, segment), strict=False):
                    if line.text == text:
                        return self.page.context_menu.build(QPointF(self.page.column_left + 90, placed.top + box))
        raise AssertionError(f"{text!r} is not on the page")

    @staticmethod
    def _boxes(laid: object, segment: Diff) -> list[float]:
        from gui.chat.page.diff_lines import line_top

        return [line_top(segment, laid, number) + 3 for number in range(len(segment.lines))]  # type: ignore[arg-type]

    def run(self, text: str, action: str) -> None:
        """Run an action of a line's menu."""
        menu = self.menu_at(text)
        next(each for each in menu.actions() if each.text() == action).trigger()
        menu.close()

    def buttons(self, kind: str) -> list[QPoint]:
        """The middles of the buttons at hunks that do this."""
        self.harness.settle()
        return [
            (QPointF(self.page.column_left, each.top) + control.area.center()).toPoint()
            for each in self.page.visible
            for control in each.laid.controls
            if control.action.kind == kind
        ]

    def button_names(self) -> list[str]:
        """The names of all buttons on the page."""
        self.harness.settle()
        return [control.name for each in self.page.visible for control in each.laid.controls]

    def click(self, kind: str, number: int) -> None:
        QTest.mouseClick(
            self.page, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, self.buttons(kind)[number]
        )

    async def answer(self, kind: str, number: int) -> None:
        """Click on a button that asks until it does not ask any more."""

        def is_answered() -> bool:
            if any("?" in each for each in self.button_names()):
                self.click(kind, number)
            return not any("?" in each for each in self.button_names())

        await self.harness.until(is_answered, "the answer")

    def shown(self) -> str:
        """The text of the edit on the page."""
        self.harness.settle()
        rows = self.page.rows
        return "\n".join(rows.row(each.position).segments[each.number].text for each in self.page.visible)

    def names(self, text: str) -> list[str]:
        menu = self.menu_at(text)
        found = [each.text() for each in menu.actions()]
        menu.close()
        return found


@pytest.fixture
async def edited(harness: WindowHarness, tmp_path: Path) -> Edited:
    checkout = Checkout.new(tmp_path / "api")
    checkout.commit("words", OLD)
    checkout.write("words", NEW)
    chat = ScriptedChat()
    chat.put("user", "Change it", status="done")
    chat.put(
        "tool",
        tool="edit",
        title="Edit words",
        changes=(FileChange(str(checkout.path / "words"), PATCH),),
        status="done",
    )
    await harness.open_chat_view(chat.transcript, cwd=str(checkout.path), real_cwd=str(checkout.path))
    harness.window.resize(1000, 900)
    shown = harness.page.chat
    await harness.until(lambda: shown.workplace.git_status is not None, "the status of the repository")
    return Edited(harness, checkout)


async def test_one_hunk_is_taken_back_and_comes_back_by_undo(harness: WindowHarness, edited: Edited) -> None:
    edited.run("line 31 and a half", changes_texts.TAKE_BACK())
    await harness.until(lambda: edited.file.read_text() == OLD.replace("line 4\n", "LINE 4\n"), "the hunk to be gone")
    await harness.until(lambda: "Line 32 taken back" in edited.shown(), "the line in its place")
    assert "line 31 and a half" not in edited.shown()
    assert "LINE 4" in edited.shown(), "the other hunk stays"
    edited.page.set_transcript(edited.page.transcript)
    edited.click("bring_back", 0)
    await harness.until(lambda: edited.file.read_text() == NEW, "the hunk to be back")
    await harness.until(lambda: "line 31 and a half" in edited.shown(), "its lines")
    assert "taken back" not in edited.shown()


async def test_a_moved_hunk_is_taken_back_and_one_in_another_place_after_its_line_was_named(
    harness: WindowHarness, edited: Edited
) -> None:
    edited.click("take_back", 0)
    await harness.until(lambda: "Line 4 taken back" in edited.shown(), "the first one")
    block = "line 30\nline 31\nline 31 and a half\nline 32\n"
    without = OLD.replace("line 30\nline 31\nline 32\n", "")
    edited.file.write_text(without + block)  # The user has moved it.
    edited.click("take_back", 0)
    await harness.until(lambda: "Take back at line 38?" in edited.button_names(), "the question")
    for _ in range(2):  # A second click of a double click is none for the question.
        edited.click("take_back", 0)
        assert edited.file.read_text() == without + block
    await edited.answer("take_back", 0)
    assert edited.file.read_text() == f"{without}line 30\nline 31\nline 32\n"
    await harness.until(lambda: "Line 32 taken back" in edited.shown(), "the line in its place")
    edited.click("bring_back", 1)
    await harness.until(lambda: edited.file.read_text() == without + block, "the hunk to be back")


async def test_a_hunk_whose_line_changes_after_the_question_stays(harness: WindowHarness, edited: Edited) -> None:
    edited.file.write_text(f"above\n{NEW}")
    edited.click("take_back", 1)
    await harness.until(lambda: "Take back at line 31?" in edited.button_names(), "the question")
    edited.file.write_text(f"above\nabove\n{NEW}")
    await edited.answer("take_back", 1)
    await harness.until(lambda: harness.banner, "the reason")
    assert harness.banner == "Nothing was taken back in words: its lines are at line 32 by now."
    assert edited.file.read_text() == f"above\nabove\n{NEW}"
    assert "Take back at line 31?" not in edited.button_names()


async def test_a_hunk_that_the_agents_later_edits_have_moved_is_taken_back_at_once(
    harness: WindowHarness, edited: Edited
) -> None:
    change = FileChange(str(edited.file), "@@ -1,2 +1,3 @@\n line 1\n+line 1 and a half\n line 2\n")
    chat = ScriptedChat()
    for each in (FileChange(str(edited.file), PATCH), change):
        chat.put("tool", tool="edit", title="Edit words", changes=(each,), status="done")
    edited.page.set_transcript(chat.transcript)
    now = NEW.replace("line 1\n", "line 1\nline 1 and a half\n")
    edited.file.write_text(now)
    edited.click("take_back", 1)
    await harness.until(lambda: edited.file.read_text() == now.replace("line 31 and a half\n", ""), "the hunk")
    edited.click("take_back", 0)
    taken = now.replace("line 31 and a half\n", "").replace("LINE 4", "line 4")
    await harness.until(lambda: edited.file.read_text() == taken, "the other one")


async def test_a_hunk_has_buttons_for_the_mouse_and_the_tab_key(harness: WindowHarness, edited: Edited) -> None:
    assert len(edited.buttons("take_back")) == len(edited.buttons("comment")) == 2
    edited.click("take_back", 0)
    await harness.until(lambda: "Line 4 taken back" in edited.shown(), "the line in its place")
    edited.page.setFocus(Qt.FocusReason.TabFocusReason)
    reached = []
    while edited.page.focusNextPrevChild(True) and edited.page.hasFocus():
        reached.append(edited.page.control_name(edited.page.focused))
        if reached[-1] == changes_texts.UNDO_TAKE_BACK():
            QTest.keyClick(edited.page, Qt.Key.Key_Return)
            break
    await harness.until(lambda: edited.file.read_text() == NEW, "the hunk to be back")
    await harness.until(lambda: "LINE 4" in edited.shown(), "its lines")
    assert edited.page.control_name(edited.page.focused) == changes_texts.TAKE_BACK(), "the focus stays at the hunk"
    menus: list[QMenu] = []
    edited.page.context_menu.built.connect(lambda menu, _point: menus.append(menu))
    somewhere = QPoint(edited.page.width() // 2, 5)
    event = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, somewhere, edited.page.mapToGlobal(somewhere))
    QApplication.sendEvent(edited.page, event)
    [menu] = menus
    assert changes_texts.TAKE_BACK() in [each.text() for each in menu.actions()], "by a key, the menu is that hunk's"
    menu.close()


async def test_a_new_file_can_only_be_commented_on(harness: WindowHarness, tmp_path: Path) -> None:
    checkout = Checkout.new(tmp_path / "api")
    checkout.commit("words", OLD)
    chat = ScriptedChat()
    change = FileChange(str(checkout.path / "new"), "@@ -0,0 +1,2 @@\n+one\n+two\n", "add")
    chat.put("tool", tool="edit", title="Write new", changes=(change,), status="done")
    await harness.open_chat_view(chat.transcript, cwd=str(checkout.path), real_cwd=str(checkout.path))
    harness.window.resize(1000, 900)
    edited = Edited(harness, checkout)
    await harness.until(lambda: edited.buttons("comment"), "the status of the repository")
    assert not edited.buttons("take_back")
    assert changes_texts.TAKE_BACK() not in edited.names("two")


async def test_a_prompt_offers_to_restore_its_files_where_a_repository_is(
    harness: WindowHarness, edited: Edited, tmp_path: Path
) -> None:
    def buttons() -> list[str]:
        prompt = harness.content.view.page.rows.row(0).segments[0]
        assert isinstance(prompt, Paragraph)
        return [each.name for each in prompt.buttons]

    assert changes_texts.OFFER_RESTORE() in buttons()
    elsewhere = tmp_path / "notes"
    elsewhere.mkdir()
    chat = ScriptedChat()
    chat.put("user", "Think", status="done")
    await harness.open_chat_view(chat.transcript, "two", cwd=str(elsewhere), real_cwd=str(elsewhere))
    harness.settle()
    assert changes_texts.OFFER_RESTORE() not in buttons()


async def test_lines_that_have_changed_since_are_named_and_stay(harness: WindowHarness, edited: Edited) -> None:
    edited.file.write_text(OLD)
    edited.run("LINE 4", changes_texts.TAKE_BACK())
    await harness.until(lambda: harness.banner, "the reason")
    assert harness.banner.startswith("Nothing was taken back in words: the file has other lines")
    assert edited.file.read_text() == OLD


def editor_of(edited: Edited) -> CommentEditor:
    """The box of a comment that is written."""
    edited.harness.settle()
    [found] = [each for each in edited.page.findChildren(CommentEditor) if not each.isHidden()]
    return found


async def write(harness: WindowHarness, edited: Edited, text: str, key: Qt.Key = Qt.Key.Key_Return) -> None:
    """Write into the open box, and press a key."""
    box = editor_of(edited)
    await harness.until(box.editor.hasFocus, "the box to have the keyboard")
    QTest.keyClicks(box.editor, text)
    QTest.keyClick(box.editor, key)
    harness.settle()


def comments(harness: WindowHarness) -> list[ReviewComment]:
    return harness.sessions.review_comments.of(harness.page.chat.id)


async def test_a_comment_is_written_below_the_last_new_line_and_goes_with_the_next_prompt(
    harness: WindowHarness, edited: Edited
) -> None:
    prompt = harness.content.view.prompt
    edited.click("comment", 0)
    box = editor_of(edited)
    lines = edited.shown().split("\n")
    assert lines[lines.index("+LINE 4") + 1] == "", "the box is below that line"
    assert edited.page.rows.widths.text > box.width() > edited.page.rows.widths.text / 2
    await write(harness, edited, "Why capitals?")
    [comment] = comments(harness)
    assert (comment.lines, comment.first, comment.text) == (("+LINE 4",), 4, "Why capitals?")
    shown = edited.shown().split("\n")
    assert shown[shown.index("+LINE 4") + 1] == "Why capitals?"
    assert prompt.comments is not None
    assert prompt.comments.accessibleName() == "1 comment · on words"
    assert prompt.editor.hasFocus()
    edited.run("line 31", changes_texts.COMMENT_ON_LINE())
    await write(harness, edited, "And this?")
    assert prompt.comments.accessibleName() == "2 comments · on words"
    sent: list[Prompt] = []
    prompt._send_input = sent.append  # type: ignore[assignment]
    prompt.editor.setPlainText("/compact")
    prompt.submit("queue")
    assert [each.text for each in sent] == ["/compact"], "no arguments of a command"
    assert len(comments(harness)) == 2
    prompt.editor.setPlainText("Please look.")
    prompt.submit("queue")
    text = sent[-1].text
    assert text.startswith("Please look.\n\nComments on your changes:\n\nwords:4\n> +LINE 4\nWhy capitals?\n\n")
    assert text.endswith("\n\nwords:31\n>  line 31\nAnd this?")
    harness.settle()
    assert not comments(harness)
    assert harness.content.view.prompt.comments is None
    assert "Why capitals?" not in edited.shown()


async def test_a_comment_is_about_the_lines_that_are_marked(harness: WindowHarness, edited: Edited) -> None:
    harness.settle()
    page, rows = edited.page, edited.page.rows
    [placed] = [each for each in page.visible if "LINE 4" in rows.row(each.position).segments[each.number].text]
    text = rows.row(placed.position).segments[placed.number].text
    key = rows.key(placed.position)
    begin, end = text.index("-line 4") + 1, text.index("+LINE 4") + 8
    page.selection.select(Point(key, placed.number, begin), Point(key, placed.number, end))
    edited.click("comment", 0)
    await write(harness, edited, "Both")
    [comment] = comments(harness)
    assert comment.lines == ("-line 4", "+LINE 4")


async def test_escape_discards_a_comment_and_stops_no_turn(harness: WindowHarness, edited: Edited) -> None:
    edited.click("comment", 1)
    await write(harness, edited, "No", Qt.Key.Key_Escape)
    assert not comments(harness)
    assert not [each for each in edited.page.findChildren(CommentEditor) if not each.isHidden()]
    assert harness.content.view.prompt.comments is None


async def test_a_comment_is_edited_and_removed_where_it_stands_and_comes_back(
    harness: WindowHarness, edited: Edited
) -> None:
    edited.click("comment", 1)
    await write(harness, edited, "One")
    edited.click("edit_comment", 0)
    await write(harness, edited, " more")
    assert [each.text for each in comments(harness)] == ["One more"]
    edited.click("edit_comment", 0)
    await write(harness, edited, " lost", Qt.Key.Key_Escape)
    assert [(each.text, each.draft) for each in comments(harness)] == [("One more", "")]
    edited.click("drop_comment", 0)
    harness.settle()
    assert not comments(harness)
    assert harness.banner.startswith("1 comment removed.")


async def test_a_comment_of_the_page_is_one_of_the_changes(harness: WindowHarness, edited: Edited) -> None:
    edited.click("comment", 1)
    await write(harness, edited, "Half a line?")
    chat = harness.page.chat
    harness.window._windows.tab_pages.changes.open(chat, str(edited.file.parent), None)
    [window] = harness.window._windows.tab_pages.changes.pages.values()
    await harness.until(lambda: [each.comment.text for each in window.page.cards.values()] == ["Half a line?"], "it")
    assert window.review.bar.count.text() == "1 comment"
    window.close()


async def test_what_is_no_made_change_of_a_repository_offers_nothing(harness: WindowHarness, tmp_path: Path) -> None:
    chat = ScriptedChat()
    change = FileChange("/src/words", PATCH)
    chat.put("tool", tool="edit", title="Edit words", changes=(change,), status="running")
    await harness.open_chat_view(chat.transcript, cwd=str(tmp_path), real_cwd=str(tmp_path))
    harness.window.resize(1000, 900)
    checkout = Checkout(tmp_path)
    names = Edited(harness, checkout).names("LINE 4")
    assert changes_texts.TAKE_BACK() not in names
    assert changes_texts.COMMENT_ON_LINE() not in names
