"""The card of a device that asks to be let in to the page: its words, what it may do, no and yes."""

from __future__ import annotations

from datetime import UTC, datetime

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QMouseEvent, QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QButtonGroup,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from gui.input.refused_keys import KEYS_AFTER_MS
from gui.screen_readers import announce
from gui.theme.controls import FlowLayout, fit_buttons, flow
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_M_PX, GAP_S_PX
from gui.timers import single_shot
from gui.window.widgets.parts import Hairline, button, label, show_text, stack
from gui.wording import common_texts, dates, phone_texts
from gui.wording.chat_texts import joined
from session_host.standing.ages import age
from session_host.system.clock import parse_time
from session_host.web.devices import MAX_NAME_CHARACTERS, Asking, Device, Rights

BESIDE_PX = 440
"""From this width on, buttons are beside a field, and the picture beside its words."""
_NAME_PX = 160
_ROW_PX = 36


class AskingCard(QWidget):
    """Shows one device that asks. In its first half second it takes neither a click nor a key.

    What comes up may lie under a pointer or a key that was meant for what was there before; the time begins again with
    each device, and with each key in it. No key lets a device in, but for Tab and the space bar on the button.

    Attributes:
        asking: the device that is shown.

    Signals:
        refused: the user refuses the device.
        let_in: the user lets it in; the device, what it may do, its name.
    """

    refused = Signal(object)
    let_in = Signal(object, object, str)

    no: QPushButton
    yes: QPushButton

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.asking: Asking | None = None
        self._guard = single_shot(self, KEYS_AFTER_MS)
        self._guard.timeout.connect(lambda: self._take_input(takes=True))
        self.title = label("", "title", wraps=True)
        self.where = label("", "secondary")
        self.hint = label("", "secondary", wraps=True)
        self.words = label("", "words"), label("", "words")
        for word in self.words:
            word.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.rights = {rights: QRadioButton(name()) for rights, (name, _what) in _MAY.items()}
        group = QButtonGroup(self)
        self.name = QLineEdit()
        self.name.setAccessibleName(common_texts.NAME())
        self.name.setMaxLength(MAX_NAME_CHARACTERS)
        self.name.setFixedWidth(_NAME_PX)
        self.no = button(phone_texts.REFUSE(), "", self.refuse)
        self.yes = button(phone_texts.LET_IN(), "primary", self._let_in)
        self.yes.setAutoDefault(False)
        self.yes.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.no.installEventFilter(self)
        may = label(phone_texts.MAY().upper(), "heading")
        may.setAccessibleName(phone_texts.MAY())
        choices = QVBoxLayout()
        choices.setSpacing(0)
        for rights, radio in self.rights.items():
            group.addButton(radio)
            choices.addWidget(_Choice(radio, _MAY[rights][1]()))
            choices.addWidget(Hairline(theme))
        name = label(common_texts.NAME(), "secondary")
        answers = QWidget()
        self._answers = FlowLayout(answers)
        for answer in (self.no, self.yes):
            answer.setAccessibleName(answer.text())
            self._answers.addWidget(answer)
        self._last = stack(QHBoxLayout(), flow(name, self.name), None, answers, gap=GAP_S_PX)
        stack(
            QVBoxLayout(self),
            stack(QHBoxLayout(), self.title, self.where, gap=GAP_M_PX, wide=self.title),
            self.hint,
            flow(*self.words),
            stack(QVBoxLayout(), may, choices, gap=0, margins=(0, GAP_S_PX, 0, GAP_S_PX)),
            self._last,
            gap=GAP_S_PX,
        )

    def show_asking(self, asking: Asking, lost: Device | None) -> None:
        """Show a device; ``lost`` is the paired device that it was, if it has lost its key."""
        if self.asking is not None and self.asking.id == asking.id:
            self.show_age()
            return
        self.asking = asking
        day = _day(lost.paired_at) if lost is not None else ""
        title = phone_texts.ASKS(name=asking.name)
        if asking.lost:
            known, unknown = phone_texts.LOST_KEY_ON, phone_texts.LOST_KEY
            title = known(device=asking.lost, day=day) if day else unknown(device=asking.lost)
        show_text(self.title, title)
        again = phone_texts.ASKS_AGAIN(name=asking.name) if asking.lost else ""
        show_text(self.hint, " ".join(filter(None, (again, phone_texts.SAME_WORDS()))))
        for word, text in zip(self.words, asking.words, strict=True):
            word.setText(text)
        self.rights[lost.rights if lost is not None else Rights.ANSWER].setChecked(True)
        self.name.setText(asking.lost or phone_texts.PHONE_NAME())
        self.show_age()
        spoken = phone_texts.SPOKEN(title=title, words=", ".join(asking.words))
        if asking.address:
            spoken = f"{spoken} {phone_texts.FROM(address=asking.address)}"
        self.setAccessibleName(spoken)
        self.no.setAccessibleDescription(spoken)
        self._begin_guard()
        self.take_focus()
        announce(self, spoken)

    def forget(self) -> None:
        """No device is shown any more."""
        self.asking = None

    def take_focus(self) -> None:
        """Give no the keyboard focus."""
        self.no.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_age(self) -> None:
        """Show where the device asks from, and since when."""
        if self.asking is not None:
            show_text(self.where, joined(self.asking.address, age(self.asking.at, datetime.now(UTC))))

    def refuse(self) -> None:
        """Refuse the device."""
        if self.asking is not None and not self._guard.isActive():
            self.refused.emit(self.asking)

    def _let_in(self) -> None:
        if self.asking is not None and not self._guard.isActive():
            rights = next(rights for rights, radio in self.rights.items() if radio.isChecked())
            self.let_in.emit(self.asking, rights, self.name.text().strip())

    def _begin_guard(self) -> None:
        self._take_input(takes=False)
        self._guard.start()

    def _take_input(self, *, takes: bool) -> None:
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents, not takes)
        self.yes.setEnabled(takes)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        is_wide = self.width() >= BESIDE_PX
        self._last.setDirection(QBoxLayout.Direction.LeftToRight if is_wide else QBoxLayout.Direction.TopToBottom)
        fit_buttons(self._answers, self.width(), is_narrow=False)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and self._guard.isActive():
            self._guard.start()
            return True
        return super().eventFilter(watched, event)


class _Choice(QWidget):
    """One of the rights, with what it allows; a click on its words chooses it, too."""

    def __init__(self, radio: QRadioButton, what: str) -> None:
        super().__init__()
        self._radio = radio
        radio.setAccessibleDescription(what)
        words = label(what, "secondary", wraps=True)
        stack(QHBoxLayout(self), radio, words, gap=GAP_M_PX, wide=words)
        self.setMinimumHeight(_ROW_PX)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self._radio.setChecked(True)


def _day(at: str) -> str:
    """The day of a time, "" if that is no time."""
    moment = parse_time(at)
    if moment is None:
        return ""
    return dates.day(moment.astimezone().date(), datetime.now().astimezone().date())


_MAY = {
    Rights.LOOK: (phone_texts.LOOK, phone_texts.WHAT_LOOK),
    Rights.ANSWER: (phone_texts.ANSWER, phone_texts.WHAT_ANSWER),
    Rights.EVERYTHING: (phone_texts.EVERYTHING, phone_texts.WHAT_EVERYTHING),
}
"""The name of each right, and what it allows."""
