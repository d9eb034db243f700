"""The prompts that wait, at the top of the prompt box: what goes next, and what the user can do about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from gui.chat.content.segments import Action
from gui.input.refused_keys import refused_keys
from gui.theme.icons import Glyph, paint_glyph
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_S_PX, SECONDARY_PX, font
from gui.theme.tooltips import set_tooltip
from gui.wording import chat_texts
from session_host.protocol.facts import LaterPrompt
from session_host.protocol.untrusted_text import one_line
from session_host.structured.items import Item

_SHOWN = 3
_ROW_PX = 28
_MIN_TEXT_PX = 120
"""Buttons that leave less room for a row's text are hidden; keys do the same."""
_LATER_PX = 36
_GLYPH_PX = 16
_ORDER = (
    *("send_held", "discard_held", "later_now", "send_now", "later_tomorrow", "edit_later", "withdraw"),
    *("drop_later", "drop", "drop_comments", "show_comments"),
)
"""The actions, the most needed first."""
_LINE_CHARACTERS = 500


class QueuedPrompts(QWidget):
    """The queue; hidden while it is empty.

    Attributes:
        rows: the prompts that are shown, the next one first.
        left(): the line that had the keyboard is gone, and none took it.
    """

    left = Signal()

    def __init__(self, theme: Theme, run: Callable[[Action], object]) -> None:
        """Make an empty queue; ``run`` does what the user chooses."""
        super().__init__()
        self._theme, self._run_action = theme, run
        self._acted: set[str] = set()
        """The prompts that the user has acted on here."""
        self.rows: list[QueueRow] = []
        self._shown: tuple[object, ...] = ()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self.hide()

    def show_queue(
        self,
        prompts: list[Item],
        later: LaterPrompt | None = None,
        *,
        can_interrupt: bool,
        is_low: bool,
        can_act: bool = True,
    ) -> None:
        """Show prompts that wait, the next one first; in a low box, only that one.

        Above them is the one that is to be sent at a time. In a chat that has ended, the user ``can_act`` on none.
        """
        held = sum(prompt.status == "held" for prompt in prompts)
        shown = prompts[: 1 if is_low else _SHOWN]
        facts = ((each.id, each.text, each.status) for each in shown)
        state = (*facts, len(prompts), held, can_interrupt, later, can_act)
        if state == self._shown:
            return
        self._shown = state
        focused = next((row for row in self.rows if row.has_keyboard), None)
        kind = focused.action_of(self.focusWidget()) if focused is not None else ""
        for row in self.rows:
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()
        self.rows = []
        if later is not None:
            self._add_later(later)
        if held:
            self._add(
                chat_texts.PROMPTS_WAIT(n=held),
                "",
                [
                    (chat_texts.SEND(), "", Action("send_held")),
                    (chat_texts.DISCARD(), "", Action("discard_held")),
                ]
                if can_act
                else [],
                tone="needs_you" if can_act else "secondary",
            )
        for number, prompt in enumerate(shown):
            is_next = not number and not held
            self._add_prompt(prompt, is_next=is_next, can_interrupt=can_interrupt, can_act=can_act)
        if (more := len(prompts) - len(shown)) > 0:
            self._add("", chat_texts.MORE_PROMPTS(n=more), [])
        self.setVisible(bool(self.rows))
        if focused is not None:
            self._give_keyboard_back(focused.prompt, kind)
        self._acted &= {each.id for each in prompts}

    def _give_keyboard_back(self, prompt: str, kind: str) -> None:
        """Give the keyboard to a prompt's button; if the prompt has gone by itself, Enter must not act on the next."""
        own = [row for row in self.rows if row.prompt == prompt]
        if not own and prompt not in self._acted:
            refused_keys.begin()
        if not any(row.take_keyboard(kind) for row in (*own, *self.rows)):
            self.left.emit()

    def _run(self, action: Action) -> None:
        self._acted.add(action.item)
        self._run_action(action)

    def _add_prompt(self, prompt: Item, *, is_next: bool, can_interrupt: bool, can_act: bool) -> None:
        text = one_line(prompt.text[:_LINE_CHARACTERS]).strip() or chat_texts.PROMPT_WITHOUT_TEXT()
        buttons = [(chat_texts.EDIT_QUEUED(), chat_texts.PUT_BACK(), Action("withdraw", prompt.id))]
        if can_interrupt and prompt.status == "queued":
            buttons.append((chat_texts.SEND_NOW(), chat_texts.SEND_NOW_STOPS(), Action("send_now", prompt.id)))
        buttons.append((chat_texts.REMOVE_QUEUED(), "", Action("drop", prompt.id)))
        self._add(chat_texts.NEXT() if is_next else "", text, buttons if can_act else [], prompt=prompt.id)

    def _add_later(self, prompt: LaterPrompt) -> None:
        """Add the prompt that is to be sent at a time, or that was not sent."""
        lead, text = chat_texts.later_line(prompt)
        asks = prompt.stage == "late"
        now = (chat_texts.SEND() if asks else chat_texts.SEND_NOW(), "", Action("later_now"))
        buttons = [now, (chat_texts.REMOVE_QUEUED(), "", Action("drop_later"))]
        if prompt.waits:
            buttons.insert(0, (chat_texts.EDIT_QUEUED(), "", Action("edit_later")))
        elif prompt.stage == "sending":
            buttons = []
        elif asks:
            tomorrow = (chat_texts.tomorrow_at_nine(), "", Action("later_tomorrow"))
            buttons = [now, tomorrow, (chat_texts.DISCARD(), "", Action("drop_later"))]
        glyph, tone = (Glyph.WARNING, "needs_you") if asks else (Glyph.CLOCK, "secondary")
        self._add(lead, text, buttons, tone="text" if prompt.waits else "secondary", mark=(glyph, tone))
        set_tooltip(self.rows[-1], "\n".join(filter(None, (prompt.text, one_line(prompt.why)))))

    def _add(
        self,
        lead: str,
        text: str,
        buttons: list[tuple[str, str, Action]],
        *,
        tone: str = "secondary",
        prompt: str = "",
        mark: tuple[Glyph, str] | None = None,
    ) -> None:
        row = QueueRow(self._theme, Said(lead, text, tone, mark), buttons, self._run, prompt)
        self.rows.append(row)
        self._column.addWidget(row)


class Said(NamedTuple):
    """What a row says.

    Attributes:
        lead: what is before the text.
        text: the text; "" for none.
        tone: the colour of the lead.
        mark: the icon before both, and its colour; None for none.
    """

    lead: str
    text: str
    tone: str
    mark: tuple[Glyph, str] | None = None


class QueueRow(QWidget):
    """One prompt of the queue.

    Attributes:
        text: what it shows.
        prompt: the id of the prompt; "" for another line.
        buttons: its buttons, by the kinds of their actions.
    """

    def __init__(
        self,
        theme: Theme,
        said: Said,
        buttons: list[tuple[str, str, Action]],
        run: Callable[[Action], object],
        prompt: str,
    ) -> None:
        super().__init__()
        self._theme, self.prompt = theme, prompt
        self._lead, self.text, self._tone, self._mark = lead, text, _tone, mark = said
        self._height_px = _ROW_PX if mark is None else _LATER_PX
        self.setFixedHeight(self._height_px)
        self.setAccessibleName(chat_texts.joined(lead, text))
        self.setMinimumWidth(1)
        self.buttons: dict[str, QPushButton] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addStretch(1)
        for name, tip, action in buttons:
            made = self.buttons[action.kind] = QPushButton(name)
            made.setProperty("kind", "quiet")
            made.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
            made.setAccessibleName(chat_texts.SPOKEN(kind=name, text=text) if text else name)
            set_tooltip(made, tip)
            made.clicked.connect(lambda _checked, action=action: run(action))
            row.addWidget(made)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show the buttons that fit."""
        super().resizeEvent(event)
        room = self.width() - (_MIN_TEXT_PX if self.text else 0)
        for kind in sorted(self.buttons, key=_ORDER.index):
            room -= self.buttons[kind].sizeHint().width()
            self.buttons[kind].setVisible(room >= 0)

    @property
    def has_keyboard(self) -> bool:
        """Whether one of its buttons has the keyboard focus."""
        return any(button.hasFocus() for button in self.buttons.values())

    def action_of(self, widget: QWidget | None) -> str:
        """The kind of a button's action, "" if it is none of the row's."""
        return next((kind for kind, button in self.buttons.items() if button is widget), "")

    def take_keyboard(self, kind: str) -> bool:
        """Give the button for an action the keyboard focus; returns whether there is one."""
        if (found := self.buttons.get(kind)) is not None:
            found.setFocus(Qt.FocusReason.OtherFocusReason)
        return found is not None

    def minimumSizeHint(self) -> QSize:
        return QSize(1, self._height_px)

    def paintEvent(self, _event: QPaintEvent) -> None:
        tokens, x = self._theme.tokens, 4
        first = min((button.x() for button in self.buttons.values() if not button.isHidden()), default=self.width())
        painter = QPainter(self)
        if self._mark is not None:
            area = QRectF(x, (self.height() - _GLYPH_PX) / 2, _GLYPH_PX, _GLYPH_PX)
            paint_glyph(painter, self._mark[0], area, tokens.color(self._mark[1]))
            x += _GLYPH_PX + GAP_S_PX
        painter.setFont(font(SECONDARY_PX, bold=self._mark is None))
        metrics = painter.fontMetrics()
        if self._lead:
            painter.setPen(tokens.color(self._tone))
            lead = metrics.elidedText(self._lead, Qt.TextElideMode.ElideRight, first - x)
            painter.drawText(QRect(x, 0, first - x, self.height()), Qt.AlignmentFlag.AlignVCenter, lead)
            x += metrics.horizontalAdvance(lead) + GAP_S_PX
        painter.setFont(font(SECONDARY_PX))
        painter.setPen(tokens.color("text" if self.buttons else "secondary"))
        room = max(first - GAP_S_PX - x, 0)
        text = painter.fontMetrics().elidedText(self.text, Qt.TextElideMode.ElideRight, room)
        painter.drawText(QRect(x, 0, room, self.height()), Qt.AlignmentFlag.AlignVCenter, text)
        painter.end()
