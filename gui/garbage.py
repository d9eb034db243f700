"""Frees closed pages and windows, and collects the rest of the garbage between Qt's events, in Qt's thread.

By default, Python collects in any thread that creates objects, at any point of its work. It may destroy Qt objects
there: raw fonts, images, accessible interfaces. Qt crashes if its own thread uses the same fonts then.

Only a page that nothing else holds is freed. So signals of what lives longer get bound methods and no lambda, a cached
function gets no ``self``, rows enter a list by its model's own method (PySide keeps others for ever), and a task asks
after each wait whether its widget is still there.
"""

from __future__ import annotations

import gc
from functools import cache, partial
from typing import Any

from PySide6.QtCore import QAbstractEventDispatcher, QObject, QTimer
from PySide6.QtWidgets import QWidget


def collect_due() -> None:
    """Collect garbage if Python would: the oldest generation with too many new objects."""
    counts, thresholds = gc.get_count(), gc.get_threshold()
    if counts[0] > thresholds[0]:
        oldest = max(each for each in range(3) if not each or 0 < thresholds[each] < counts[each])
        gc.collect(oldest)


def start_collecting() -> None:
    """From now on, collect only when Qt's event queue is empty, and skip the objects that exist now.

    They live as long as the window, and a scan of them would delay a key by 30 ms.
    """
    gc.disable()
    gc.freeze()
    _connect()


@cache
def _connect() -> None:
    QAbstractEventDispatcher.instance().aboutToBlock.connect(collect_due)


def delete(owner: QWidget, *parts: QObject) -> None:
    """Delete a page or window soon, and free the Python objects that it and these parts own.

    The parts of a widget hold the widget, which holds its parts. Such cycles would keep replicas, pictures and glyphs
    until garbage is collected. So each deleted widget lets its parts go, and so does each of ``parts``. Another part
    that is no widget keeps its attributes, because it may still work in a task.
    """
    attributes = [vars(each) for each in (owner, *parts, *owner.findChildren(QWidget))]
    owner.destroyed.connect(partial(QTimer.singleShot, 0, partial(_clear, attributes)))
    owner.deleteLater()


def _clear(attributes: list[dict[str, Any]]) -> None:
    """Clear these dictionaries, once Qt has deleted the widgets that they belong to."""
    for each in attributes:
        each.clear()
