"""Imports the atlas, and numpy with it, once a program changes much of a screen again and again.

numpy takes 0.1 s of a window's start and 15 MB. Until then, rows are read one by one, and each run of text is drawn by
Qt. A flood needs all processors, and most are over in a second: so the import waits for a pause, but not for long.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar

from session_host.terminal import use_numpy

if TYPE_CHECKING:
    from .glyph_atlas import GlyphAtlas

MANY_FRAMES = 10
"""The atlas is needed after this number of frames with much change, each within a second of the one before."""

QUIET_S = 0.25
LONGEST_WAIT_S = 2.0
"""The import waits until no such frame has come for QUIET_S, or for LONGEST_WAIT_S."""

_PAUSE_S = 1.0


class AtlasImport:
    """The class of an atlas, and the need for it.

    Attributes:
        found: the class; None until it is imported.
        start: starts the import, once ``is_time``; set by the window's process.
    """

    found: ClassVar[type[GlyphAtlas] | None] = None
    start: ClassVar[Callable[[], None] | None] = None
    _frames: ClassVar[int] = 0
    _counted_s: ClassVar[float] = 0.0
    _needed_s: ClassVar[float] = 0.0
    _terminal: ClassVar[int] = 0

    @classmethod
    def count_frame(cls, terminal: object) -> None:
        """Count a frame in which a program has changed much; the atlas is needed after some of one terminal."""
        now_s = time.monotonic()
        is_next = id(terminal) == cls._terminal and now_s - cls._counted_s < _PAUSE_S
        cls._frames = cls._frames + 1 if is_next else 1
        cls._terminal, cls._counted_s = id(terminal), now_s
        if cls._frames >= MANY_FRAMES and cls.start is not None:
            start, cls.start, cls._needed_s = cls.start, None, now_s
            start()

    @classmethod
    def is_time(cls) -> bool:
        """Whether the import should wait no longer for a pause."""
        now_s = time.monotonic()
        return now_s - cls._counted_s >= QUIET_S or now_s - cls._needed_s >= LONGEST_WAIT_S

    @classmethod
    def run(cls) -> None:
        """Import the class, and let rows be read with numpy; in any thread. This takes some 50 ms."""
        with _on_one_processor():
            from .glyph_atlas import GlyphAtlas

        use_numpy()
        cls.found = GlyphAtlas


@contextmanager
def _on_one_processor() -> Iterator[None]:
    """Keep this thread on one processor.

    numpy's library for linear algebra starts a thread for each further processor that its first caller may use. They
    would wait for work in a loop for 50 ms, just when a program's output needs the processors. Nothing here uses that
    library.
    """
    processors = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(processors)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, processors)
