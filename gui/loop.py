"""asyncio inside Qt's event loop. The only module that knows qasync."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import qasync
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
    loop = qasync.QEventLoop(app)
    with loop:
        task = loop.create_task(main)
        task.add_done_callback(lambda _done: loop.stop())
        while not task.done():
            loop.run_forever()
            if not task.done():
                on_quit()
        return task.result()  # type: ignore[no-any-return] # qasync has no types
