"""asyncio inside Qt's event loop. The only module that knows qasync."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import qasync
from PySide6.QtCore import QObject, QSocketNotifier
from PySide6.QtWidgets import QApplication

T = TypeVar("T")


def run(app: QApplication, main: Coroutine[Any, Any, T], on_quit: Callable[[], None]) -> T:
    """Run ``main`` on Qt's loop as asyncio's, until it returns.

    Args:
        app: the application, not yet running.
        main: the coroutine to run.
        on_quit: called when Qt wants to quit the application (such as when the desktop's session ends) before ``main``
            has returned; it makes ``main`` return.
    """
    loop = DirectLoop(app)
    with loop:
        task = loop.create_task(main)
        task.add_done_callback(lambda _done: loop.stop())
        while not task.done():
            loop.run_forever()
            if not task.done():
                on_quit()
        return task.result()  # type: ignore[no-any-return] # qasync has no types


class DirectLoop(qasync.QEventLoop):
    """qasync's loop, in which Qt calls the reader or writer of a descriptor at once.

    qasync's own notifier disables itself and starts a timer. Its callback then waits for the next iteration of Qt's
    loop, which takes a tenth of the time from a key to its echo.
    """

    def __init__(self, app: QApplication) -> None:
        self._parent = QObject()
        """The notifiers' parent: one can be removed while it calls."""
        super().__init__(app)

    def close(self) -> None:
        """Close the loop; see asyncio."""
        if not self.is_closed():
            for notifiers in (self._read_notifiers, self._write_notifiers):
                for descriptor in list(notifiers):
                    _forget(notifiers, descriptor)
        super().close()

    def _add_reader(self, descriptor: Any, callback: Callable[..., object], *arguments: Any) -> None:
        self._watch(QSocketNotifier.Type.Read, self._read_notifiers, descriptor, callback, arguments)

    def _remove_reader(self, descriptor: Any) -> bool:
        return not self.is_closed() and _forget(self._read_notifiers, descriptor)

    def _add_writer(self, descriptor: Any, callback: Callable[..., object], *arguments: Any) -> None:
        self._watch(QSocketNotifier.Type.Write, self._write_notifiers, descriptor, callback, arguments)

    def _remove_writer(self, descriptor: Any) -> bool:
        return not self.is_closed() and _forget(self._write_notifiers, descriptor)

    def _watch(
        self,
        kind: QSocketNotifier.Type,
        notifiers: dict[Any, QSocketNotifier],
        descriptor: Any,
        callback: Callable[..., object],
        arguments: tuple[Any, ...],
    ) -> None:
        self._check_closed()
        _forget(notifiers, descriptor)
        number = descriptor if isinstance(descriptor, int) else descriptor.fileno()
        notifier = notifiers[descriptor] = QSocketNotifier(number, kind, self._parent)

        def call() -> None:
            try:
                callback(*arguments)
            except Exception as error:  # noqa: BLE001 - as asyncio reports those of callbacks
                self.call_exception_handler({"message": f"Exception in {callback!r}", "exception": error})

        notifier.activated.connect(call)


def _forget(notifiers: dict[Any, QSocketNotifier], descriptor: Any) -> bool:
    notifier = notifiers.pop(descriptor, None)
    if notifier is None:
        return False
    notifier.setEnabled(False)
    notifier.activated.disconnect()
    notifier.deleteLater()
    return True
