"""Comments on lines of changes: made by keyboard and mouse, kept while files change, and given to the chat."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QGuiApplication, QTextFormat
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gui.bridge.changes import ChangedFile
from gui.chat.content import patches
from gui.chat.content.segments import Card, Diff, QuietLine, Segment
from gui.chat.drawing.lay_out import lay_out
from gui.chat.drawing.style import Style, Widths
from gui.chat.page.diff_lines import LineRange, selected_lines
from gui.settings.layout import ReviewComment
from gui.theme.theme import Theme
from gui.window.changes.anchors import MAX_LINES, Anchored, find, lines_of, new_comment
from gui.window.changes.content import with_cards
from gui.window.changes.page import CommentCard
from session_host.protocol.values import State
from session_host.structured.items import FileChange
from session_host.structured.patches import DiffLine
from tests.support.facts import changed
from tests.support.themes import OWN
from tests.support.widgets import open_menu
from tests.unit.gui.conftest import WAIT_S

from .conftest import ALT, CONTROL, FILE, LONG, LONG_FILE, NEW, SHIFT, Opened, press_button


def type_text(opened: Opened, text: str) -> None:
    """Type into the widget that has the keyboard."""
    QTest.keyClicks(opened.window.focusWidget(), text)


def cards(opened: Opened) -> dict[str, CommentCard]:
    """The cards of comments on the page, by their text."""
    return {card.comment.text: card for card in opened.window.page.cards.values() if card.isVisible()}


def comment_on(opened: Opened, lines: LineRange, text: str) -> None:
    opened.window.review.comment_on(lines)
    type_text(opened, text)
    opened.press(Qt.Key.Key_Return, CONTROL)


def point_of(opened: Opened, text: str) -> QPoint:
    """The position on the page where a line of a diff begins."""
    page = opened.window.page
    for placed in page.visible:
        for box in placed.laid.boxes:
            if box.layout.text() == text:
                x = page.column_left + box.x
                return QPointF(x + 1, placed.top + box.y + box.height / 2).toPoint()
    raise AssertionError(f"{text!r} is not on the page: {opened.shown}")


async def test_ctrl_down_marks_a_line_as_soon_as_the_window_is_open(opened: Opened) -> None:
    window, page = opened.window, opened.window.page
    assert not page.hasFocus()
    opened.press(Qt.Key.Key_Down, CONTROL)
    assert (page.hasFocus(), page.marked is not None, opened.current) == (True, True, FILE)
    opened.press(Qt.Key.Key_Return, CONTROL)
    type_text(opened, "Why?")
    opened.press(Qt.Key.Key_Return, CONTROL)
    assert (list(cards(opened)), window.search.text()) == (["Why?"], "")
    page.unmark()
    for part in (window.search, window.navigation):
        part.setFocus()
        opened.press(Qt.Key.Key_Down, CONTROL)
        assert page.hasFocus()
        assert page.marked is not None


async def test_lines_are_selected_commented_and_given_to_the_chat_by_keyboard_alone(opened: Opened) -> None:
    window, page = opened.window, opened.window.page
    opened.press(Qt.Key.Key_Down)
    assert opened.current == LONG_FILE
    for _ in range(3):
        opened.press(Qt.Key.Key_Tab)
    assert page.hasFocus()
    opened.press(Qt.Key.Key_Down, CONTROL)
    opened.press(Qt.Key.Key_Down, CONTROL)
    opened.press(Qt.Key.Key_Down, CONTROL | SHIFT)
    opened.press(Qt.Key.Key_Return, CONTROL)
    type_text(opened, "Why?")
    assert window.review.bar.count.accessibleName() == "1 comment not saved yet"
    opened.press(Qt.Key.Key_Return, CONTROL)
    assert page.hasFocus()
    [card] = cards(opened).values()
    assert card.accessibleName() == "Comment on long:150-151"
    opened.press(Qt.Key.Key_Up, ALT)
    assert opened.current == FILE
    assert {"file", "long"} <= {page.rows.key(each.position) for each in page.visible}, "the mark begins in the first"
    opened.press(Qt.Key.Key_Down, CONTROL)
    opened.press(Qt.Key.Key_Return, CONTROL)
    type_text(opened, "Keep it")
    opened.press(Qt.Key.Key_Return, CONTROL)
    assert window.review.bar.count.accessibleName() == "2 comments"
    assert window.review.bar.send.text() == "Put into work"
    window.navigation.setFocus()
    for key in (*[Qt.Key.Key_Tab] * 4, Qt.Key.Key_Return):
        opened.press(key)
    text = (
        "Comments on your changes:\n\n"
        "file:1 · before the change\n> -file\nKeep it\n\n"
        "long:150-151\n> +line 150 has changed\n>  line 151\nWhy?"
    )
    assert opened.receiver.given == [("work", text)]
    assert (cards(opened), window.review.bar.count.isVisible()) == ({}, False)
    assert window.review.bar.notice.text() == "2 comments pasted into work, without Enter."
    press_button(opened, "Undo")
    opened.harness.settle()
    assert set(cards(opened)) == {"Why?", "Keep it"}


async def test_ctrl_shift_enter_sends_the_comments_from_each_button_link_and_field(opened: Opened) -> None:
    window, page = opened.window, opened.window.page
    page.go_to_file("long")

    def focus_a_link() -> None:
        page.setFocus()
        while page.focused is None:
            opened.press(Qt.Key.Key_Tab)

    def focus_remove() -> None:
        [card] = cards(opened).values()
        card.focus_order()[1].setFocus()

    def write_another() -> None:
        window.review.comment_on(LineRange("long", 4, 4))
        type_text(opened, "And here?")

    places: dict[str, Callable[[], object]] = {
        "copy": window.review.bar.copy.setFocus,
        "card": focus_remove,
        "link": focus_a_link,
        "box": write_another,
    }
    for place, go_there in places.items():
        comment_on(opened, LineRange("long", 5, 5), "Why?")
        go_there()
        opened.press(Qt.Key.Key_Return, CONTROL | SHIFT)
        opened.harness.settle()
        [(_, text)] = opened.receiver.given
        assert "Why?" in text, place
        assert ("And here?" in text) == (place == "box")
        assert cards(opened) == {}, place
        opened.receiver.given.clear()


async def test_escape_keeps_the_typed_text_and_an_empty_box_leaves_no_comment(opened: Opened) -> None:
    window = opened.window
    lines = LineRange("long", 5, 5)
    window.review.comment_on(lines)
    type_text(opened, "half a th")
    opened.press(Qt.Key.Key_Escape)
    assert window.isVisible()
    window.review.comment_on(lines)
    type_text(opened, "ought")
    opened.press(Qt.Key.Key_Return, CONTROL)
    [card] = cards(opened).values()
    assert card.comment.text == "half a thought"
    card.edit()
    type_text(opened, ", or two")
    press_button(opened, "Close")
    [card] = cards(opened).values()
    assert (card.comment.text, card.comment.draft) == ("half a thought", "half a thought, or two")
    press_button(opened, "Edit")
    opened.press(Qt.Key.Key_Return, CONTROL)
    assert list(cards(opened)) == ["half a thought, or two"]
    window.review.comment_on(LineRange("file", 1, 1))
    opened.press(Qt.Key.Key_Escape)
    assert window.review.bar.count.accessibleName() == "1 comment"
    press_button(opened, "Remove")
    assert (cards(opened), window.review.bar.count.isVisible()) == ({}, False)
    press_button(opened, "Undo")
    assert list(cards(opened)) == ["half a thought, or two"]


async def test_lines_are_chosen_with_the_mouse(opened: Opened) -> None:
    page = opened.window.page
    opened.press(Qt.Key.Key_Down)
    first, last = point_of(opened, "line 148"), point_of(opened, "line 152")
    QTest.mousePress(page, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, first)
    QTest.mouseMove(page, last)
    QTest.mouseRelease(page, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, last)
    chosen = selected_lines(page)
    assert chosen is not None
    assert (chosen.first, chosen.last) == (2, 6), "line 152 is not selected, only the beginning of it"
    menu = page.context_menu.build(QPointF(point_of(opened, "line 149")))
    assert menu.actions()[0].text() == "Comment on 5 lines"
    menu.actions()[0].trigger()
    menu.close()
    type_text(opened, "all")
    opened.press(Qt.Key.Key_Return, CONTROL)
    assert cards(opened)["all"].accessibleName() == "Comment on long:148-151"
    beside = QPoint(round(page.lines_left) - 8, point_of(opened, "line 153").y())
    QTest.mouseMove(page, beside)
    QTest.mouseClick(page, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, beside)
    type_text(opened, "one")
    press_button(opened, "Save comment")
    assert cards(opened)["one"].accessibleName() == "Comment on long:153"
    assert cards(opened)["one"].y() > cards(opened)["all"].y()


async def test_a_comment_goes_from_above_the_line_under_the_pointer(opened: Opened) -> None:
    page = opened.window.page
    opened.press(Qt.Key.Key_Down)
    comment_on(opened, LineRange("long", 2, 2), "above")
    QTest.mouseMove(page, point_of(opened, "line 153"))
    assert page.pointed is not None
    key, number = page.pointed
    press_button(opened, "Remove")
    position = page.rows.position(key)
    assert position is not None
    assert number >= len(page.rows.row(position).segments), "the row has fewer segments now"
    page.grab()  # An error would fail the test.
    QTest.mouseMove(page, point_of(opened, "line 153"))
    assert page.pointed == (key, len(page.rows.row(position).segments) - 1)


async def test_comments_follow_their_lines_and_none_is_lost(opened: Opened) -> None:
    window, checkout, page = opened.window, opened.checkout, opened.window.page
    comment_on(opened, LineRange("long", 5, 5), "moves")
    comment_on(opened, LineRange("src/deep/new", 2, 2), "changes")
    comment_on(opened, LineRange("file", 2, 2), "goes")
    review_box = LineRange("long", 6, 6)
    window.review.comment_on(review_box)
    type_text(opened, "being wri")
    editor = window.focusWidget()
    checkout.write("long", "new\n" + LONG.replace("line 150\n", "line 150 has changed\n"))
    checkout.write("src/deep/new", "other\n")
    checkout.git("checkout", "-q", "file")
    opened.press(Qt.Key.Key_F5)
    await opened.until_listed("long, modified, 2 lines added, 1 line removed", NEW.replace("200 lines", "1 line"))
    assert window.focusWidget() is editor, "the box stays open, with the keyboard"
    type_text(opened, "tten")
    opened.press(Qt.Key.Key_Return, CONTROL)
    page.scroller.scroll_to_start()
    opened.harness.settle()
    assert "Comments on files that are not among these changes" in opened.shown
    assert cards(opened)["goes"].accessibleName() == "Comment on file:1"
    assert {"moves", "being written"} <= {card.comment.text for card in page.cards.values()}
    page.go_to_file("long")
    assert cards(opened)["moves"].accessibleName() == "Comment on long:151"
    page.go_to_file("src/deep/new")
    assert cards(opened)["changes"].accessibleName() == "Comment on src/deep/new:2 · the line has changed"
    checkout.git("add", "-A")
    checkout.git("commit", "-qm", "all")
    opened.press(Qt.Key.Key_F5)
    await opened.until_listed()
    assert "Comments on files that are not among these changes" in opened.shown
    window.review.copy()
    copied = QGuiApplication.clipboard().text()
    assert [copied.count(text) for text in ("moves", "changes", "goes", "being written")] == [1, 2, 1, 1]
    window.review.send()
    await opened.harness.until(lambda: opened.message == "No file differs from the last commit.", "the empty list")


async def test_an_ended_chat_is_resumed_first_and_a_refusal_loses_nothing(opened: Opened) -> None:
    window, chat = opened.window, opened.harness.chat(opened.session_id)
    comment_on(opened, LineRange("long", 5, 5), "stays")
    opened.receiver.problem = "not now"
    window.review.send()
    assert (window.review.bar.notice.text(), list(cards(opened))) == ("not now", ["stays"])
    chat.record = changed(chat.record, state=State.EXITED)
    window.review.send()
    assert len(opened.receiver.given) == 1
    assert window.review.bar.notice.text().startswith("work has ended.")
    press_button(opened, "Resume chat")
    assert opened.receiver.resumed == ["work"]
    press_button(opened, "Copy comments")
    assert "stays" in QGuiApplication.clipboard().text()
    assert list(cards(opened)) == ["stays"]


@pytest.mark.parametrize("theme", ["light"], indirect=True)
async def test_a_new_card_between_lines_does_not_scroll_the_page(opened: Opened) -> None:
    page = opened.window.page
    page.go_to_file("src/deep/new")
    page.scroller.scroll_by(600)
    before = point_of(opened, "line 40").y()
    opened.window.review.comment_on(LineRange("src/deep/new", 45, 45))
    opened.press(Qt.Key.Key_Escape)
    assert point_of(opened, "line 40").y() == before
    page.scroller.scroll_by(100)
    before = point_of(opened, "line 60").y()
    comment = opened.window.review
    comment.comment_on(LineRange("src/deep/new", 60, 60))
    type_text(opened, "x")
    opened.press(Qt.Key.Key_Return, CONTROL)
    assert point_of(opened, "line 60").y() == before


@pytest.mark.parametrize("columns", [False, True])
def test_a_comment_between_a_line_and_its_replacement_keeps_their_changed_words_marked(
    qapp: QApplication, columns: bool
) -> None:
    style = Style(Theme(qapp, OWN, "dark"), 13)

    def marked(segments: list[Segment]) -> list[str]:
        return [
            box.layout.text()[each.start : each.start + each.length]
            for diff in segments
            if isinstance(diff, Diff)
            for box in lay_out(diff, Widths(900, 900), style, columns=columns).boxes
            for each in box.layout.formats()
            if each.format.hasProperty(QTextFormat.Property.BackgroundBrush)
        ]

    change = FileChange("a.txt", "@@ -1,2 +1,2 @@\n same\n-left = old()\n+left = new()\n")
    plain = patches.of_change(change, "a.txt", "", whole=True)
    comment = ReviewComment(id="c", top="/top", path="a.txt", first=2, last=2, lines=("-left = old()",))
    commented = with_cards(plain, [Anchored(comment, 2, 2)])
    assert [type(each) for each in commented[1:]] == [Diff, Card, Diff]
    assert marked(commented) == marked(plain) == ["old", "new"]


def diff(*lines: str, new: int = 10) -> list[DiffLine]:
    """The lines of a diff with one hunk; ``new`` is its first line number after the change."""
    old_count, new_count = (sum(line[0] in f"{sign} " for line in lines) for sign in "-+")
    patch = "\n".join([f"@@ -10,{old_count} +{new},{new_count} @@", *lines]) + "\n"
    return lines_of(ChangedFile(path="a", state="modified", patch=patch))


def comment(lines: list[DiffLine], first: int, last: int | None = None) -> ReviewComment:
    review_comment = new_comment("/top", "a", lines, first, first if last is None else last)
    assert review_comment is not None
    return review_comment


def numbers(review_comment: ReviewComment) -> tuple[int, int, bool]:
    return review_comment.first, review_comment.last, review_comment.is_old


def test_a_comment_has_new_line_numbers_or_old_ones_if_all_its_lines_are_removed() -> None:
    lines = diff(" one", "-two", "-three", "+2", " four")
    assert numbers(comment(lines, 4)) == (11, 11, False)
    assert numbers(comment(lines, 2, 3)) == (11, 12, True)
    whole = comment(lines, 0, 5)
    assert numbers(whole) == (10, 12, False)
    assert whole.lines == (" one", "-two", "-three", "+2", " four")
    assert (comment(lines, 4).before, comment(lines, 4).after) == (("one",), ("four",))


def test_a_hunk_header_and_a_note_of_git_take_no_comment() -> None:
    lines = diff("-one", "+1", "\\ No newline at end of file")
    assert new_comment("/top", "a", lines, 0, 0) is None
    assert new_comment("/top", "a", lines, 3, 3) is None


def test_lines_that_moved_are_found_by_their_text() -> None:
    review_comment = comment(diff(" a", "+b", "+c", " d"), 2, 3)
    later = diff(" x", " y", "+new", "+b", "+c", new=30)
    found = find(review_comment, later)
    assert (found.first, found.last) == (4, 5)
    assert numbers(found.comment) == (33, 34, False)
    assert (found.comment.id, found.comment.before) == (review_comment.id, ("x", "y", "new"))


def test_a_committed_line_is_found_among_the_unchanged_ones() -> None:
    review_comment = comment(diff(" a", "+b", " d"), 2)
    assert find(review_comment, diff(" b", "-d", "+e")).first == 1


def test_a_removed_line_is_not_found_among_unchanged_or_added_ones() -> None:
    review_comment = comment(diff("-a", "+b"), 1)
    assert review_comment.is_old
    assert find(review_comment, diff(" a", "-b", "+c")).first is None


def test_a_missing_line_is_not_found_and_keeps_its_numbers() -> None:
    review_comment = comment(diff(" a", "+b", " c"), 2)
    assert find(review_comment, diff(" a", "+B", " c")) == (review_comment, None, None)
    assert find(review_comment, []) == (review_comment, None, None)


@pytest.mark.parametrize("later", [("+start", "+}", "+end", "+}"), ("+other", "+}", "+start", "+}", "+end")])
def test_a_line_with_a_common_text_is_found_by_its_neighbours(later: tuple[str, ...]) -> None:
    review_comment = comment(diff("+start", "+}", "+end"), 2)
    lines = diff(*later)
    found = find(review_comment, lines)
    assert found.first is not None
    assert lines[found.first - 1].text == "start"
    assert lines[found.first + 1].text == "end"


def test_of_equal_places_only_the_one_with_the_same_numbers_counts() -> None:
    blocks = ("+a", "+}", "+b") * 4
    lines = diff(*blocks)
    review_comment = comment(lines, 5)
    assert find(review_comment, lines).first == 5
    assert find(review_comment, diff(*blocks, new=50)).first is None


def test_line_ends_make_no_difference_and_long_comments_are_cut() -> None:
    review_comment = comment(diff("+a\r"), 1)
    assert review_comment.lines == ("+a",)
    assert find(review_comment, diff("+a")).first == 1
    many = diff(*(f"+{number}" for number in range(MAX_LINES + 50)))
    assert len(comment(many, 1, MAX_LINES + 40).lines) == MAX_LINES


def menu_by_key(opened: Opened) -> dict[str, int]:
    """Open the context menu as the menu key does; returns the positions of its actions."""
    page = opened.window.page
    event = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(5, 5), page.mapToGlobal(QPoint(5, 5)))
    QApplication.sendEvent(page, event)
    menu = open_menu()
    return {action.text(): place for place, action in enumerate(menu.actions())}


def choose(opened: Opened, name: str) -> None:
    place = menu_by_key(opened)[name]
    menu = open_menu()
    menu.actions()[place].trigger()
    menu.close()


def questions(opened: Opened) -> list[str]:
    """The questions on the page."""
    page = opened.window.page
    segments = [page.rows.row(each.position).segments[each.number] for each in page.visible]
    return [each.text for each in segments if isinstance(each, QuietLine) and each.buttons]


async def until_said(opened: Opened, text: str) -> None:
    await opened.harness.until(lambda: opened.window.review.bar.notice.text() == text, f"the line {text!r}")
    await opened.harness.until(lambda: not opened.window.reader.is_reading, "the changes to be read")


async def test_one_hunk_is_discarded_by_keyboard_and_restored(opened: Opened) -> None:
    changed = LONG.replace("line 150\n", "line 150 has changed\n")
    path = opened.checkout.write("long", f"above\n{changed}")
    opened.press(Qt.Key.Key_F5)
    both = "long, modified, 2 lines added, 1 line removed"
    await opened.until_listed(FILE, both, NEW)
    opened.window.page.setFocus()
    opened.window._on_chosen(1)
    opened.press(Qt.Key.Key_Down, CONTROL)
    choose(opened, "Discard this change")
    await until_said(opened, "Discarded 1 changed line in long")
    assert path.read_text() == changed
    await opened.until_listed(FILE, LONG_FILE, NEW)
    press_button(opened, "Undo")
    await until_said(opened, "long is as it was before you discarded the change.")
    assert path.read_text() == f"above\n{changed}"
    await opened.until_listed(FILE, both, NEW)


async def test_of_two_changes_nearby_only_the_one_that_the_menu_marks_is_discarded(opened: Opened) -> None:
    """Both went, since they are in one hunk."""
    changed = LONG.replace("line 150\n", "line 150 has changed\n").replace("line 152\n", "new\nnew, too\n")
    path = opened.checkout.write("long", changed)
    opened.press(Qt.Key.Key_F5)
    await opened.harness.until(lambda: "new, too" in opened.shown, "the change")
    page = opened.window.page
    opened.window._on_chosen(1)
    page.setFocus()
    texts = [line.signed_text for line in page.lines("long")]
    whole = LineRange("long", texts.index("-line 152"), texts.index("+new, too"))
    page.marked = LineRange("long", whole.last, whole.last)
    place = menu_by_key(opened)["Discard this change"]
    menu = open_menu()
    pointed_out = []
    for action in (menu.actions()[place], menu.actions()[0]):
        menu.setActiveAction(action)
        pointed_out.append(page.pointed_out)
    assert pointed_out == [whole, None]
    menu.setActiveAction(menu.actions()[place])
    menu.actions()[place].trigger()
    menu.close()
    await until_said(opened, "Discarded 2 changed lines in long")
    assert path.read_text() == LONG.replace("line 150\n", "line 150 has changed\n")
    assert page.pointed_out is None


@pytest.mark.parametrize(("begin", "end"), [(" line 151", " line 151"), ("+line 150 has changed", "-line 152")])
async def test_unchanged_lines_and_several_changes_are_not_offered(opened: Opened, begin: str, end: str) -> None:
    changed = LONG.replace("line 150\n", "line 150 has changed\n").replace("line 152\n", "renewed\n")
    opened.checkout.write("long", changed)
    opened.press(Qt.Key.Key_F5)
    await opened.harness.until(lambda: "renewed" in opened.shown, "the change")
    page = opened.window.page
    opened.window._on_chosen(1)
    page.setFocus()
    texts = [line.signed_text for line in page.lines("long")]
    page.marked = LineRange("long", texts.index(begin), texts.index(end))
    names = menu_by_key(opened)
    assert "Discard this change" not in names
    assert "Discard changes of this file…" in names
    open_menu().close()


async def test_discarding_a_whole_file_is_asked_about_at_that_file(opened: Opened) -> None:
    window, page = opened.window, opened.window.page
    path = opened.checkout.path / "src/deep/new"
    opened.press(Qt.Key.Key_End)
    [place] = [
        control.area.center() + QPoint(round(page.column_left), round(each.top))
        for each in page.visible
        for control in each.laid.controls
        if page.rows.key(each.position) == "src/deep/new" and control.name == "Discard changes of this file…"
    ]
    QTest.mouseClick(page, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place.toPoint())
    assert questions(opened) == ["Delete this new file?"]
    assert page.hasFocus()
    assert page.control_name(page.focused) == "Cancel", "Enter discards nothing"
    opened.press(Qt.Key.Key_Escape)
    assert (questions(opened), window.isVisible(), path.exists()) == ([], True, True)
    page.ask_discard("src/deep/new")
    opened.press(Qt.Key.Key_Tab)
    opened.press(Qt.Key.Key_Return)
    await until_said(opened, "Deleted src/deep/new")
    assert (questions(opened), path.exists()) == ([], False)
    await opened.until_listed(FILE, LONG_FILE)
    opened.checkout.write("src/deep/new", "the agent's\n")
    press_button(opened, "Undo")
    await until_said(opened, "Nothing was undone in src/deep/new: the file has changed since.")
    assert path.read_text() == "the agent's\n"


async def test_a_file_that_changed_in_the_meantime_is_read_again_and_left_alone(opened: Opened) -> None:
    path = opened.checkout.write("file", "later work\n")
    page = opened.window.page
    page.ask_discard("file")
    assert questions(opened) == ["Discard all changes of this file?"]
    opened.press(Qt.Key.Key_Tab)
    opened.press(Qt.Key.Key_Return)
    await until_said(opened, "Nothing was discarded in file: the file has changed in the meantime.")
    assert path.read_text() == "later work\n"
    await opened.harness.until(lambda: "later work" in opened.shown, "the changes to be read again")


async def test_a_discard_is_finished_although_the_window_is_closed(
    opened: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    path, page = opened.checkout.path / "src/deep/new", opened.window.page
    page.ask_discard("src/deep/new")
    opened.press(Qt.Key.Key_Tab)
    opened.press(Qt.Key.Key_Return)
    opened.window.close()
    tasks = opened.harness.sessions.tasks
    await opened.harness.until(lambda: not path.exists(), "the discard")
    await tasks.wait_for_others(WAIT_S)
    assert caplog.records == []
