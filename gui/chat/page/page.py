"""The page of a transcript: scrolled, pointed at, controlled by keys, with the widgets of requests."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Protocol

from PySide6.QtCore import QEvent, QPoint, QPointF, QSize, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QContextMenuEvent,
    QEnterEvent,
    QFocusEvent,
    QGuiApplication,
    QHelpEvent,
    QHideEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from gui.chat.content.segments import Code, DiffHead, FoldLine, StatusLine, TurnLine, utf16_length
from gui.chat.drawing.code import ASKED_BESIDE_PX
from gui.input.held_keys import is_repeat
from gui.input.keys import is_text
from gui.screen_readers import announce
from gui.terminal.drawing.frame_pacing import FramePacer
from gui.theme.menu import Menu
from gui.theme.theme import Theme
from gui.theme.tokens import COPIED_MS
from gui.theme.tooltips import show_tooltip
from gui.timers import single_shot
from gui.wording import chat_texts, page_texts
from session_host.paths import short_directory
from session_host.protocol.messages import AnswerRequest
from session_host.protocol.values import Image
from session_host.structured.items import REJECTIONS, AgentRequest, Item, Put, RequestOpened, StateChanged
from session_host.structured.shortening import cut
from session_host.structured.transcript import Transcript

from . import positions
from .accessible_rows import AccessibleRows, lines_in_view, spoken_row
from .context_menu import ContextMenu
from .diff_lines import hunk_of_segment
from .live import Live, LiveTimer
from .painting import PaintedPage
from .pointing import Pointer
from .positions import PlacedSegment, ScrollPosition
from .requests.card import CardLook, RequestCard
from .requests.cards import AT_EDGE_PX, RequestCards
from .rows import TAIL, Row
from .scrolling import Scroller
from .selection import Point
from .tab_stops import TabStops

_KEYS_OF_ENDS = {Qt.Key.Key_Home, Qt.Key.Key_End}
"""The keys that do the same with Ctrl, as in browsers."""
_ASIDE: dict[int, int] = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
"""The keys that scroll a wide table."""
_OF_MENUS = Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier


class Boxes(Protocol):
    """Widgets over areas of the page, beside those of requests."""

    def height(self, box: str) -> float | None:
        """The height of the area of a box, by its id; None if there is no such box."""

    def place(self, shown: dict[str, PlacedSegment]) -> None:
        """Place the boxes over these areas, and hide the others."""


class TranscriptPage(PaintedPage):
    """The transcript of a chat.

    Attributes:
        requests: the widgets of open requests.
        scroller: scrolls the page.
        pointer: the mouse.
        context_menu: the menu of a right click.
        boxes: the boxes in which comments are written; None for none.

    Signals (and those of PaintedPage):
        action_triggered(Action): the user activated a control that the page does not handle: "withdraw", "again",
            "link", "file", "image".
        hunk_action_triggered(str, PointedHunk): the user takes a hunk back ("take_back"), undoes that ("bring_back"),
            or comments on a line of it ("comment").
        zoom_requested(int): the user makes the text larger, or smaller if the steps are negative.
        typed(str): the user typed a text while the page had the keyboard focus; it belongs into the prompt.
        interrupt_requested(): the user pressed Ctrl+C with nothing selected.
        place_changed(): the page was scrolled, or an item is shown in another way.
    """

    boxes: Boxes | None = None
    action_triggered = Signal(object)
    hunk_action_triggered = Signal(str, object)
    zoom_requested = Signal(int)
    typed = Signal(str)
    interrupt_requested = Signal()
    place_changed = Signal()

    def __init__(
        self,
        theme: Theme,
        directory: str = "",
        parent: QWidget | None = None,
        *,
        answer: Callable[[AnswerRequest], object] = lambda *_: None,
        short_directory: Callable[[str], str] = short_directory,
    ) -> None:
        """Make an empty page; ``answer`` gets the answers to its requests, ``short_directory`` shortens their paths."""
        super().__init__(theme, directory, parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(chat_texts.MESSAGES())
        self.setMinimumSize(24, 24)
        self.requests = RequestCards(self, answer, short_directory, self._arrange, self._scroll_to_part)
        self.scroller = Scroller(self, self.requests, self._card_height, self._place_cards)
        self.pointer = Pointer(self, self.scroller, self.run_action, self.action_triggered.emit)
        self.context_menu = ContextMenu(
            self,
            self.pointer,
            copy=self.copy,
            copy_markdown=partial(self.copy, markdown=True),
            select_all=self.select_all,
            run_action=self.action_triggered.emit,
            run_on_hunk=self.hunk_action_triggered.emit,
        )
        self._tab_stops = TabStops(self, self.scroller, self._tell_focus)
        self._pacer = FramePacer(self.scroller.show_frame, lambda: False, self)
        self._accessible = AccessibleRows(self, self.spoken, self._press_focused)
        self._live_timer = LiveTimer(self._update_live, self)
        self.scroller.framed.connect(self._live_timer.tick)
        self.scroller.arranged.connect(self.requests.check_seen)
        self._copied_timer = single_shot(self, COPIED_MS)
        self._copied_timer.timeout.connect(lambda: self._show_copied(None))
        self.scroller.scrolled.connect(self.place_changed)
        scroll_by = self.scroller.scroll_by
        keys: dict[int, Callable[[], object]] = {
            Qt.Key.Key_Up: lambda: scroll_by(-self.style_.line_px * 2),
            Qt.Key.Key_Down: lambda: scroll_by(self.style_.line_px * 2),
            Qt.Key.Key_PageUp: lambda: self.scroll_pages(-1),
            Qt.Key.Key_PageDown: lambda: self.scroll_pages(1),
            Qt.Key.Key_Home: self.scroller.scroll_to_start,
            Qt.Key.Key_End: self.scroller.scroll_to_end,
        }
        self._keys = {key: partial(self._tell_scroll, scroll) for key, scroll in keys.items()}

    # ------------------------------------------------------------ content

    def set_transcript(self, transcript: Transcript) -> None:
        """Show a transcript, at the previous scroll position if that exists in it."""
        self.requests.clear()
        self.scroller.keep_position()
        self.show_rows(transcript)
        self.rows.live.start(transcript)
        self.scroller.restore_position()
        if self.isVisible():
            self.scroller.show_frame()

    def changed(self) -> None:
        """Show changes of the transcript with the next frame; until then, the page is as of the last one."""
        if self.isVisible():
            self._pacer.request()

    def _update_live(self) -> Live:
        """Show what the agent does now, and for how long."""
        live, previous = self.rows.live, self.rows.live.line
        live.update(self.transcript, moves=not self.theme.has_reduced_motion)
        if live.line != previous:
            self.rows.refresh(TAIL)
            self.scroller.arrange()
        elif self.transcript.open_requests:
            self.update()  # The age of a question.
        return live

    def show_picture(self, source: str, image: Image) -> None:
        """Draw a picture where messages name it by this source."""
        self.rows.show_picture(source, image)
        self._show_changed()

    def show_ways(self) -> None:
        """Show what the user can do about prompts and changes as it is now."""
        self.rows.refresh_ways()
        self._show_changed()

    def show_continues(self, *, continues: bool) -> None:
        """Show whether a prompt is to be sent once the limit is reset that ended the last turn."""
        self.rows.set_continues(continues=continues)
        self._show_changed()

    def show_taker(self, words: str) -> None:
        """Show who took over the task; "" for nobody."""
        self.rows.set_taker(words)
        self._show_changed()

    def _show_changed(self) -> None:
        """Place the rows, of which some show something else now."""
        if self.isVisible():
            self.scroller.arrange()

    def spoken(self, row: Row) -> str:
        """A row's text for screen readers, "" for none."""
        return spoken_row(self.rows, row)

    def _tell_scroll(self, scroll: Callable[[], object]) -> None:
        """Scroll by a key, and tell screen readers the lines that came into view; at an end, that it is one."""
        if not QAccessible.isActive():
            scroll()
            return
        height, end = float(self.height()), self.scroller.is_following_end
        before = lines_in_view(self.rows, self.visible, height)
        scroll()
        after = lines_in_view(self.rows, self.visible, height)
        came = [text for line, text in after.items() if line not in before and text]
        if not came and before.keys() == after.keys():
            came = [chat_texts.MESSAGES_END() if end else chat_texts.MESSAGES_BEGIN()]
        if came:
            announce(self, "\n".join(came))

    def _tell_focus(self) -> None:
        """Tell screen readers which control has the keyboard focus now."""
        target = self.focused
        row = self.rows.row(position) if target and (position := self.rows.position(target[0])) is not None else None
        item = cut(self.spoken(row)) if row is not None else ""
        self._accessible.focus(self.area_of(target), self.control_name(target), item)

    def _press_focused(self) -> None:
        if self.focused is not None:
            self.run_action(self.focused)

    def sizeHint(self) -> QSize:
        return QSize(760, 480)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit_width()
        if self.isVisible():
            self.scroller.arrange()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.fit_width()
        self.scroller.show_frame()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._pacer.cancel()
        self._live_timer.stop()
        self.pointer.leave()

    def paintEvent(self, event: QPaintEvent) -> None:
        begin_s = time.monotonic()
        super().paintEvent(event)
        self._pacer.note_cost(time.monotonic() - begin_s)

    def scroll_pages(self, pages: int) -> None:
        """Scroll down, or up with negative pages; a part of the previous page stays visible."""
        self.scroller.scroll_by(pages * self.height() * 0.9)

    # ------------------------------------------------------------ requests

    def _arrange(self) -> None:
        self.scroller.arrange()

    def _card_height(self, card: str, _width: int) -> float:
        """The height of the widget over a ``Card``, by the id that this has."""
        box_px = self.boxes.height(card) if self.boxes is not None else None
        return self.requests.height(card) if box_px is None else box_px

    def _place_cards(self) -> None:
        self._accessible.show(self.rows, self.visible, self.column_left)
        self.requests.place()
        if self.boxes is not None:
            self.boxes.place(self.visible_cards())

    def answer_by_key(self, kind: str) -> None:
        """Answer the oldest open request; if a key cannot answer it now, show it."""
        if not self.transcript.open_requests:
            return
        first = self.transcript.open_requests[0].id
        if not self.requests.answer_by_key(kind):
            card = self.requests.shown_card(first)
            self.show_request(first, takes_focus=False)
            if card is not None and (button := card.button_of(kind)) is not None:
                self._scroll_to_part(button)
                if kind not in REJECTIONS:
                    card.show_hint()

    def _scroll_to_part(self, part: QWidget) -> None:
        """Scroll until a part of a request is on the page; of a part that is higher, its beginning."""
        top = part.mapTo(self, QPoint()).y()
        below_px = top + part.height() + min(2 * AT_EDGE_PX, self.height() - part.height()) - self.height()
        above_px = top - self.covered_px
        self.scroller.scroll_by(min(max(below_px, 0), above_px) if above_px > 0 else above_px)

    def show_request(self, request_id: str, *, takes_focus: bool = True) -> None:
        """Show an open request, and give it the keyboard focus."""
        if (place := self.rows.place_of(request_id)) is None:
            return
        card = self.requests.card(request_id)
        key, asked = self.rows.key(place[0]), place[1]
        if not self.requests.is_shown(request_id):
            self.scroller.scroll_to(key, asked.head)
        if card is not None and not card.isVisible():
            self.scroller.scroll_to(key, asked.card)
        elif card is not None and not self.requests.is_shown(request_id):
            self._scroll_to_part(card)
        if card is not None and takes_focus:
            card.take_focus()

    def withdraw(self, request_id: str) -> None:
        """Ask at an open request whether to withdraw it; if it asks that already, do so."""
        card = self.requests.card(request_id)
        if card is not None and card.is_withdrawing and card.isVisible():
            if card.takes_keys:
                card.withdrawn.emit()
            else:
                card.show_withdrawing()
        elif card is not None:
            card.ask_to_withdraw()
            self.show_request(request_id, takes_focus=False)

    # ------------------------------------------------------------ controls

    def run_action(self, target: tuple[str, int, int]) -> None:
        """Run the action of a control."""
        control = self.control_of(target)
        if control is None:
            return
        action = control.action
        match action.kind:
            case "fold":
                self.rows.toggle_fold(action.item)
            case "fold_turn":
                self.rows.toggle_turn(action.item)
            case "failures":
                self._open_failures(action.item)
                return
            case "show_all":
                self.rows.set_mode(action.item, self.rows.mode(action.item)._replace(unfolded=True, whole=True))
            case "wrap" | "numbers" | "source":
                self.rows.toggle_code(target[0], target[1], action.kind)
            case "columns":
                self.rows.toggle_columns(action.item)
            case "copy":
                QGuiApplication.clipboard().setText(self._block_text(target))
                self._show_copied(target)
                return
            case "more":
                self._show_buttons(target)
                return
            case "take_back" | "bring_back" | "comment":
                if (hunk := hunk_of_segment(self, target[0], target[1])) is not None:
                    self.hunk_action_triggered.emit(action.kind, hunk)
                return
            case _:
                self.action_triggered.emit(action)
                if action.kind == "copy_answer":
                    self._show_copied(target)
                return
        self.scroller.set_following(False)
        self.scroller.arrange()
        self.place_changed.emit()

    def _open_failures(self, prompt: str) -> None:
        """Show the steps of a turn, by its prompt, at the first one that failed."""
        first = self.rows.open_failures(prompt)
        self.scroller.set_following(False)
        self.scroller.arrange()
        if first:
            self.scroller.scroll_to(first, 0)
        self.place_changed.emit()

    def _show_buttons(self, target: tuple[str, int, int]) -> None:
        """Open a menu with the buttons for which a turn's line has no room."""
        position, area = self.rows.position(target[0]), self.area_of(target)
        segment = self.rows.row(position).segments[target[1]] if position is not None else None
        if area is None or not isinstance(segment, TurnLine):
            return
        menu = Menu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for button in segment.buttons:
            menu.addAction(button.name, partial(self.action_triggered.emit, button.action))
        menu.popup(self.mapToGlobal(area.bottomLeft().toPoint()))

    def _show_copied(self, target: tuple[str, int, int] | None) -> None:
        """Mark a control for a moment as having copied; None ends that."""
        self.copied = target
        if target is not None:
            self._copied_timer.start()
        self.update()

    def _block_text(self, target: tuple[str, int, int]) -> str:
        """The text of the whole block of code, or the patch of the file, that begins at a segment."""
        position = self.rows.position(target[0])
        assert position is not None
        head = self.rows.row(position).segments[target[1]]
        if isinstance(head, FoldLine) and head.head is not None:
            head = head.head
        if isinstance(head, DiffHead):
            return head.patch
        lines: list[str] = []
        for segment in self.rows.row(position).segments[target[1] :]:
            if not isinstance(segment, Code):
                break
            lines.append(segment.text)
            if segment.last:
                break
        return "\n".join(lines)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Move the focus through the controls on the page, then to the next widget."""
        if self.hasFocus() and self._tab_stops.step(forward=forward):
            return True
        return bool(super().focusNextPrevChild(forward))

    def _scroll_aside(self, steps: int) -> bool:
        """Scroll a wide table on the page sideways, the one with the focus or the first; False if there is none."""
        wide = [placed for placed in self.visible if placed.laid.overflow is not None]
        if not wide:
            return False
        focused = self.focused[:2] if self.focused is not None else None
        has_focus = (placed for placed in wide if (self.rows.key(placed.position), placed.number) == focused)
        placed = next(has_focus, wide[0])
        now_px = self.rows.aside_of(placed.position, placed.number)
        if self.rows.scroll_aside(placed.position, placed.number, now_px + steps * self.style_.line_px * 2):
            self.update()
        return True

    # ------------------------------------------------------------ keyboard

    def keyPressEvent(self, event: QKeyEvent) -> None:
        control = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        scroll = self._keys.get(event.key())
        if event.modifiers() & _OF_MENUS or (control and event.key() not in _KEYS_OF_ENDS):
            scroll = None
        if not self.hasFocus():  # A request's widget did not use the key.
            if scroll is not None:
                scroll()
            else:
                event.ignore()
        elif event.matches(QKeySequence.StandardKey.Copy) or (control and event.key() == Qt.Key.Key_C):
            if self.selection.is_empty(self.rows):
                self.interrupt_requested.emit()
            else:
                self.copy()
        elif event.matches(QKeySequence.StandardKey.SelectAll):
            self.select_all()
        elif event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space} and self.focused is not None:
            if not is_repeat(event):  # A button that asks once more is not answered by the same press.
                self.run_action(self.focused)
        elif scroll is not None:
            scroll()
        elif event.key() in _ASIDE and not event.modifiers() and self._scroll_aside(_ASIDE[event.key()]):
            pass
        elif event.key() == Qt.Key.Key_Escape and not self.selection.is_empty(self.rows):
            self.selection.clear()
            self.update()
        elif (
            event.text()
            and is_text(event.text())
            and not control
            and not event.modifiers() & Qt.KeyboardModifier.AltModifier
        ):
            self.typed.emit(event.text())
        else:
            event.ignore()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._tab_stops.look_up()
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    # ------------------------------------------------------------ mouse

    def acts_on_press(self, point: QPointF, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier) -> bool:
        """Whether a press at a point begins a click on a control, a link or the name of a file."""
        return self.pointer.acts_on_press(point, button, modifiers)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.pointer.press(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.pointer.move(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.pointer.release(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.pointer.wheel(event)
        elif event.angleDelta().y():
            self.zoom_requested.emit(1 if event.angleDelta().y() > 0 else -1)
        event.accept()

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self.pointer.enter(event)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.pointer.leave()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            point = QPointF(event.pos())
            control = self.hovered or self.pointer.control_at(point)
            show_tooltip(event, self.pointer.link_at(point) or self.tip_of(control), self)
            return True
        return bool(super().event(event))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Show the menu for the pointer; by a key, that for the control with the keyboard focus."""
        point, place = QPointF(event.pos()), event.globalPos()
        is_by_key = event.reason() is QContextMenuEvent.Reason.Keyboard
        if is_by_key and (area := self.area_of(self.focused)) is not None:
            point, place = area.center(), self.mapToGlobal(area.bottomLeft().toPoint())
        self.context_menu.build(point).popup(place)
        event.accept()

    # ------------------------------------------------------------ selection

    def copy(self, *, markdown: bool = False) -> None:
        """Put the selected text on the clipboard, as plain text or as markdown."""
        if text := self.selection.text(self.rows, markdown=markdown):
            QGuiApplication.clipboard().setText(text)

    def select_all(self) -> None:
        """Select the whole transcript, without the agent's status below it."""
        position, number = positions.first_of(self.rows)
        last, last_number = positions.last_of(self.rows)
        segment = self.rows.row(last).segments[last_number]
        end = 0 if isinstance(segment, StatusLine) else utf16_length(segment.text)
        self.selection.select(Point(self.rows.key(position), number, 0), Point(self.rows.key(last), last_number, end))
        self.update()


class DocumentPage(TranscriptPage):
    """A text of the product itself, shown as messages of a chat: its items do not grow, and it begins at the top."""

    grows = False

    def show_items(self, items: Iterable[Item], name: str, scroll_position: ScrollPosition | None = None) -> None:
        """Show these items under a name for screen readers, from a position on; None is the beginning."""
        transcript = Transcript()
        transcript.apply(StateChanged("idle"))  # Its end says nothing of an agent.
        for item in items:
            transcript.apply(Put(item))
        self.selection.clear()
        self.set_transcript(transcript)
        self.setAccessibleName(name)
        self.scroller.bar.setAccessibleName(page_texts.SCROLLBAR_OF(title=name))
        self.scroller.go_to(scroll_position)


class RequestPage(TranscriptPage):
    """One open request as its chat's page shows it, without the chat's transcript."""

    grows = is_measured = False
    ground = "raised"
    gutter_px = ASKED_BESIDE_PX
    _request = ""
    """The request's id."""

    def show_alone(self, request: AgentRequest, look: CardLook, more: int = 0) -> None:
        """Show a request, with a widget of this look; ``more`` others are open behind it."""
        transcript = Transcript()
        transcript.apply(StateChanged("requires_action"), request.at_ms)
        transcript.apply(RequestOpened(request), request.at_ms)
        self.requests.look = look
        self.rows.asker = chat_texts.joined(look.asker, chat_texts.MORE_QUESTIONS(count=more) if more else "")
        self._request = request.id
        self.set_transcript(transcript)

    def tinted_between(self, position: int, head: int) -> tuple[float, float]:
        return 0.0, float(self.width())  # The card beside the row is the ground.

    @property
    def card(self) -> RequestCard | None:
        """The request's widget; None before the page is arranged."""
        return self.requests.shown_card(self._request)

    @property
    def whole_px(self) -> int:
        """The height of the whole request at the page's width."""
        return round(sum(self.rows.heights))
