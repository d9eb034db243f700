"""An error in an override of a Qt method is reported, and does not end the process."""

from __future__ import annotations

import subprocess
import sys

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QSize, Signal
from PySide6.QtWidgets import QWidget

PROGRAM = """
import sys
from gui.qt_overrides import guard_overrides
guard_overrides()
from PySide6.QtCore import QCoreApplication, QEvent, Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QWidget

def ours():
    raise ValueError("ours")

ERRORS = [lambda: [][0], lambda: len(1), lambda: 1 / 0, lambda: {}["key"], lambda: None.missing, ours]
pressed, timed = iter(ERRORS), iter(ERRORS)

class Failing(QWidget):
    def keyPressEvent(self, event):
        next(pressed)()
    def timerEvent(self, event):
        self.killTimer(event.timerId())
        next(timed)()

reports = 0

def report(kind, error, trace):
    global reports
    reports += 1
    print("reported", kind.__name__, error, flush=True)
    if reports == 2 * len(ERRORS):
        application.exit(7)
    elif reports % 2 == 0:
        begin()

sys.excepthook = report
application = QApplication([])
widget = Failing()
widget.show()

def begin():  # the next error in both overrides
    key = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_A, Qt.KeyboardModifier.NoModifier)
    QTimer.singleShot(0, lambda: QCoreApplication.postEvent(widget, key))
    widget.startTimer(0)

begin()
sys.exit(application.exec())
"""


def test_an_error_of_any_kind_is_reported_and_the_program_goes_on() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env={"QT_QPA_PLATFORM": "offscreen", "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 7, done.stderr
    assert (
        done.stdout.splitlines()[::2]
        == done.stdout.splitlines()[1::2]
        == [
            "reported IndexError list index out of range",
            "reported TypeError object of type 'int' has no len()",
            "reported ZeroDivisionError division by zero",
            "reported KeyError 'key'",
            "reported AttributeError 'NoneType' object has no attribute 'missing'",
            "reported ValueError ours",
        ]
    )


class Filter(QObject):
    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() == QEvent.Type.User:
            raise ValueError("of the filter")
        return False


class Filtered(QWidget):
    calls = 0

    def event(self, event: QEvent) -> bool:
        self.calls += event.type() == QEvent.Type.User
        return bool(super().event(event))


class Sized(QWidget):
    def sizeHint(self) -> QSize:  # noqa: N802
        raise ValueError("of the size")

    def heightForWidth(self, _width: int) -> int:  # noqa: N802
        raise ValueError("of the height")


def test_an_error_leaves_the_overrides_that_qt_calls_next_alone(qapp: object, monkeypatch: pytest.MonkeyPatch) -> None:
    reported: list[BaseException] = []
    monkeypatch.setattr(sys, "excepthook", lambda _kind, error, _trace: reported.append(error))
    method = vars(Filtered)["event"]
    kept = [method] * 10  # PySide may release references that it does not own.
    references = sys.getrefcount(method)
    failing, filtered = Filter(), Filtered()
    filtered.installEventFilter(failing)
    for _ in range(3):
        QCoreApplication.sendEvent(filtered, QEvent(QEvent.Type.User))
    assert [str(error) for error in reported] == ["of the filter"] * 3
    assert filtered.calls == 3
    assert sys.getrefcount(method) == references
    del kept
    for each in (failing, filtered):
        each.deleteLater()


def test_qt_gets_a_neutral_value_from_an_override_that_failed(qapp: object, monkeypatch: pytest.MonkeyPatch) -> None:
    reported: list[BaseException] = []
    monkeypatch.setattr(sys, "excepthook", lambda _kind, error, _trace: reported.append(error))
    sized = Sized()
    assert (sized.sizeHint(), sized.heightForWidth(10), len(reported)) == (QSize(), 0, 2)
    sized.adjustSize()
    sized.deleteLater()


class Sender(QObject):
    sent = Signal(int)


class Receiver(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []

    def repaint(self) -> None:  # type: ignore[override]
        """Repaint."""
        self.calls.append("repaint")

    def setDisabled(self, disabled: int) -> None:  # noqa: N802 - Qt's name
        self.calls.append(f"disabled {disabled}")

    def raise_(self, *numbers: int) -> None:
        self.calls.append(f"raise {numbers}")


def test_an_override_as_a_slot_gets_as_many_arguments_as_it_takes(qapp: object) -> None:
    sender, receiver = Sender(), Receiver()
    for slot in (receiver.repaint, receiver.setDisabled, receiver.raise_):
        sender.sent.connect(slot)
    sender.sent.emit(3)
    assert receiver.calls == ["repaint", "disabled 3", "raise (3,)"]
    assert Receiver.repaint.__doc__ == "Repaint."
    receiver.deleteLater()
    sender.deleteLater()
