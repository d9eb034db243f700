"""One action with its keys, which records a new key when it is clicked; and the question about a conflicting key."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QKeyCombination, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QFontMetrics, QKeyEvent, QKeySequence, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from gui.theme.painting import paint_frame
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_M_PX, GAP_S_PX, SECONDARY_PX, font
from gui.window.settings.keymap import ActionKeys
from gui.window.widgets.accessibility import announce
from gui.window.widgets.parts import Area, button, label, set_kind
from gui.wording import common_texts, settings_texts

ROW_PX = 34
_CHIP_PX = 22
_MODIFIERS = {
    Qt.Key.Key_Shift, Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_AltGr, Qt.Key.Key_Meta, Qt.Key.Key_Super_L,
    Qt.Key.Key_Super_R, Qt.Key.Key_CapsLock, Qt.Key.Key_NumLock,
}  # fmt: skip


def native(key: str) -> str:
    """A key as the user reads it."""
    return QKeySequence(key, QKeySequence.SequenceFormat.PortableText).toString(QKeySequence.SequenceFormat.NativeText)


def pressed_key(event: QKeyEvent) -> str:
    """The pressed key in Qt's portable form; "" for a modifier alone."""
    key = Qt.Key(event.key())
    if key in _MODIFIERS or key == Qt.Key.Key_unknown:
        return ""
    modifiers = event.modifiers() & ~(Qt.KeyboardModifier.KeypadModifier | Qt.KeyboardModifier.GroupSwitchModifier)
    if key == Qt.Key.Key_Backtab:
        key, modifiers = Qt.Key.Key_Tab, modifiers | Qt.KeyboardModifier.ShiftModifier
    return QKeySequence(QKeyCombination(modifiers, key)).toString(QKeySequence.SequenceFormat.PortableText)


class KeyRow(QAbstractButton):
    """An action's row.

    Signals:
        waiting_changed: the row started (True) or stopped waiting for a key.
        key_pressed: the user pressed a key for the action; True: in addition to the present keys.
        cleared, reset_requested: the user removes all keys, or restores the default keys.
        edit_requested: the user edits the key's action.
    """

    waiting_changed = Signal(bool)
    key_pressed = Signal(str, bool)
    cleared = Signal()
    reset_requested = Signal()
    edit_requested = Signal()

    def __init__(self, theme: Theme, action: ActionKeys) -> None:
        super().__init__()
        self._theme = theme
        self.action = action
        self.keys: list[str] = []
        self.is_changed = False
        self._waiting = self._adds_key = False
        self.setFixedHeight(ROW_PX)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)  # The title is elided.
        self.setText(action.title)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.clicked.connect(lambda _checked: self.wait())
        theme.changed.connect(self.update)

    def show_keys(self, keys: list[str], *, is_changed: bool) -> None:
        """Show these keys."""
        self.keys, self.is_changed = keys, is_changed
        keys_text = ", ".join(map(native, keys)) or settings_texts.NO_KEY()
        name_of = settings_texts.CHANGED_KEY_ROW if is_changed else settings_texts.KEY_ROW
        self.setAccessibleName(name_of(title=self.action.title, keys=keys_text))
        self.update()

    def wait(self, *, adds: bool = False) -> None:
        """Wait for a key; ``adds``: it is added to the present keys instead of replacing them."""
        self._waiting, self._adds_key = True, adds
        self.setFocus(Qt.FocusReason.OtherFocusReason)
        announce(self, settings_texts.PRESS_A_KEY())
        self.waiting_changed.emit(True)
        self.update()

    def stop_waiting(self) -> None:
        """Stop waiting for a key."""
        if self._waiting:
            self._waiting = False
            self.waiting_changed.emit(False)
            self.update()

    # ------------------------------------------------------------ events

    def event(self, event: QEvent) -> bool:
        if self._waiting and isinstance(event, QKeyEvent):
            if event.type() == QEvent.Type.ShortcutOverride:
                event.accept()
                return True
            if event.type() == QEvent.Type.KeyPress:  # Tab arrives only here.
                self._accept_key(event)
                return True
        return super().event(event)

    def _accept_key(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and not event.modifiers():
            self.stop_waiting()
            return
        key = pressed_key(event)
        if key:
            adds = self._adds_key
            self.stop_waiting()
            self.key_pressed.emit(key, adds)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Return | Qt.Key.Key_Enter | Qt.Key.Key_Space:
                self.wait()
            case Qt.Key.Key_Insert:
                self.wait(adds=True)
            case Qt.Key.Key_Delete:
                self.cleared.emit()
            case Qt.Key.Key_Backspace:
                self.reset_requested.emit()
            case Qt.Key.Key_F2:
                self.edit_requested.emit()
            case _:
                event.ignore()  # The page has keys, too; QAbstractButton would move the focus by arrow keys.

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.stop_waiting()
        super().focusOutEvent(event)

    def sizeHint(self) -> QSize:
        return QSize(320, ROW_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(0, 1, 0, -1)
        if self.hasFocus() or self.underMouse():
            paint_frame(painter, area, tokens.color("accent") if self.hasFocus() else None, tokens.color("hover"))
        if self.is_changed:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(tokens.color("accent"))
            painter.drawRoundedRect(QRectF(1, area.center().y() - 7, 3, 14), 1.5, 1.5)
        middle = Qt.AlignmentFlag.AlignVCenter
        text = area.adjusted(GAP_M_PX, 0, -GAP_S_PX, 0)
        right = text.right()
        small = font(SECONDARY_PX)
        metrics = QFontMetrics(small)
        painter.setFont(small)
        if self._waiting or not self.keys:
            shown = settings_texts.PRESS_A_KEY() if self._waiting else settings_texts.NO_KEY()
            painter.setPen(tokens.color("accent" if self._waiting else "secondary"))
            painter.drawText(text, Qt.AlignmentFlag.AlignRight | middle, shown)
            right -= metrics.horizontalAdvance(shown) + GAP_S_PX
        else:
            for key in reversed(self.keys):
                shown = native(key)
                width = metrics.horizontalAdvance(shown) + 14
                chip = QRectF(right - width, area.center().y() - _CHIP_PX / 2, width, _CHIP_PX)
                paint_frame(painter, chip, tokens.color("border"), tokens.color("raised"), radius_px=4)
                painter.setPen(tokens.color("text"))
                painter.drawText(chip, Qt.AlignmentFlag.AlignCenter, shown)
                right -= width + 4
        usual = font()
        painter.setFont(usual)
        painter.setPen(tokens.color("text"))
        text.setRight(right - GAP_S_PX)
        title = QFontMetrics(usual).elidedText(self.action.title, Qt.TextElideMode.ElideRight, int(text.width()))
        painter.drawText(text, Qt.AlignmentFlag.AlignLeft | middle, title)
        painter.end()


class KeyQuestion(Area):
    """Shows below a row why a key conflicts, and lets the user decide."""

    def __init__(self) -> None:
        super().__init__("card")
        self._use: Callable[[], object] = lambda: None
        self.words = label("")
        self.words.setWordWrap(True)
        self.cancel = button(common_texts.CANCEL(), "", self._on_cancel)
        self.accept = button("", "primary", self._on_accept)
        row = QHBoxLayout()
        row.setSpacing(GAP_S_PX)
        row.addStretch(1)
        row.addWidget(self.cancel)
        row.addWidget(self.accept)
        column = QVBoxLayout(self)
        column.setContentsMargins(GAP_M_PX, GAP_S_PX, GAP_M_PX, GAP_S_PX)
        column.setSpacing(GAP_S_PX)
        column.addWidget(self.words)
        column.addLayout(row)
        self._back_to: QWidget | None = None
        self.hide()

    def ask(
        self, row: QWidget, words: str, button_text: str, use: Callable[[], object] | None, *, discards: bool = False
    ) -> None:
        """Show the question; without ``use`` it is only a remark. If it discards something, Enter cancels."""
        self._use = use or (lambda: None)
        self._back_to = row
        self.words.setText(words)
        announce(self.words, words)
        self.accept.setText(button_text)
        set_kind(self.accept, "danger" if discards else "primary")
        for each in (self.accept, self.cancel):
            each.setVisible(use is not None)
        self.setAccessibleName(words)
        self.show()
        answer = self.cancel if discards else self.accept
        (answer if use is not None else row).setFocus(Qt.FocusReason.OtherFocusReason)

    def dismiss(self) -> None:
        """Hide the question."""
        self.hide()

    def _leave(self) -> None:
        self.dismiss()
        if self._back_to is not None:
            self._back_to.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_accept(self) -> None:
        self._use()
        self._leave()

    def _on_cancel(self) -> None:
        self._leave()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._leave()
        else:
            super().keyPressEvent(event)
