"""Figures that a text describes: diagrams and formulas, each drawn by a process that is ended if it takes too long.

The process is ``figure_program``. It gets the text, the size and the colours, and nothing of the window. Its PNG is
decoded as any other image. A text may make a library work for ever, or take all memory: what cannot be drawn within
bounds stays text. Diagrams are drawn by Mermaid's own code (mermaidx), formulas by Matplotlib, an extra of 190 MB.
Rejected: merm (a layout of its own; Qt's SVG loses its labels), ziamath (exponential in nested fractions), a browser.
"""

from __future__ import annotations

import json
import os
import sys
from collections import OrderedDict
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final, NamedTuple

from PySide6.QtCore import QCoreApplication, QObject, QProcess, QProcessEnvironment, Signal

from gui.timers import single_shot
from session_host.paths import ensure_private, state_dir
from session_host.protocol.values import Image

FORMULA: Final = "math"
_KINDS: Final = {"mermaid": "mermaid", FORMULA: FORMULA, "latex": FORMULA, "tex": FORMULA}
"""The kind of figure, by the language of the block of code."""
_MODULES: Final = {"mermaid": "mermaidx", FORMULA: "matplotlib"}
"""What draws each kind."""
MAX_CHARACTERS, MAX_LINES = 10_000, 200
"""A longer text is shown as it is."""
_UNCHANGED_MS: Final = 300
"""A text that an agent writes is drawn once it has not grown for so long."""
_WITHIN_MS: Final = 120_000
"""The process ends after some seconds of processor time by itself, which are minutes on a busy machine, and after this
in any case.
"""
_KEPT: Final = 64


class Figure(NamedTuple):
    """What is drawn.

    Attributes:
        kind: see ``kind_of``.
        text: the source.
        size_px: the size of its text.
        colors: names of ``figure_program``, and colours as ``#rrggbb``.
    """

    kind: str
    text: str
    size_px: int
    colors: tuple[tuple[str, str], ...]


def kind_of(language: str, text: str) -> str:
    """The kind of figure that a block of code describes; "" for none, and for one that is too long to draw."""
    is_short = len(text) <= MAX_CHARACTERS and text.count("\n") < MAX_LINES
    return _KINDS.get(language.lower(), "") if is_short else ""


@cache
def _is_installed(kind: str) -> bool:
    return find_spec(_MODULES[kind]) is not None


class Figures(QObject):
    """The figures of this process. Those that were asked for last are drawn first, one at a time.

    Signals:
        drawn(): a figure is known, or that there is none.
    """

    drawn = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._known: OrderedDict[Figure, Image | None] = OrderedDict()
        """Those that were asked for last come last; None for one that cannot be drawn."""
        self._wanted: dict[Figure, None] = {}
        self._at_work: Figure | None = None
        self._process: QProcess | None = None
        self._unchanged = single_shot(self, _UNCHANGED_MS)
        self._unchanged.timeout.connect(self._work)
        self._overdue = single_shot(self, _WITHIN_MS)
        self._overdue.timeout.connect(self._end)
        if (app := QCoreApplication.instance()) is not None:
            app.aboutToQuit.connect(self._end)

    def get(self, figure: Figure) -> Image | None:
        """The image of a figure, ``figure_program.SCALE`` times as large; None if there is none, or not yet."""
        if figure in self._known:
            self._known.move_to_end(figure)
            return self._known[figure]
        if _is_installed(figure.kind) and figure != self._at_work and figure not in self._wanted:
            self._wanted[figure] = None
            self._unchanged.start()
        return None

    def is_refused(self, figure: Figure) -> bool:
        """Whether a figure cannot be drawn: what draws it is missing, or its text is wrong."""
        return not _is_installed(figure.kind) or (figure in self._known and self._known[figure] is None)

    def _work(self) -> None:
        if self._at_work is not None or not self._wanted:
            return
        figure, _ = self._wanted.popitem()
        self._at_work = figure
        self._process = process = QProcess(self)
        try:
            directory = state_dir() / "figures"
            ensure_private(directory)
        except OSError:
            self._finish(None)
            return
        process.setProcessEnvironment(_environment(directory))
        process.setWorkingDirectory(str(directory))
        process.finished.connect(self._on_finished)
        process.errorOccurred.connect(self._on_error)
        self._overdue.start()
        process.start(sys.executable, ["-I", str(Path(__file__).with_name("figure_program.py"))])
        asked = {
            "kind": figure.kind,
            "text": figure.text,
            "size_px": figure.size_px,
            "colors": dict(figure.colors),
        }
        process.write(json.dumps(asked).encode())
        process.closeWriteChannel()

    def _on_finished(self, code: int, status: QProcess.ExitStatus) -> None:
        assert self._process is not None
        written = self._process.readAllStandardOutput().data()
        is_fine = code == 0 and status is QProcess.ExitStatus.NormalExit and bool(written)
        self._finish(Image("image/png", bytes(written)) if is_fine else None)

    def _on_error(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart:  # Any other ends the process, and is told by its end.
            self._finish(None)

    def _finish(self, image: Image | None) -> None:
        assert self._at_work is not None
        assert self._process is not None
        self._overdue.stop()
        self._known[self._at_work] = image
        if len(self._known) > _KEPT:
            self._known.popitem(last=False)
        self._process.deleteLater()
        self._at_work = self._process = None
        self._wanted.clear()  # Those that are still shown are asked for again.
        self.drawn.emit()

    def _end(self) -> None:
        """End the process that takes too long, or longer than the window."""
        if self._process is not None:
            self._process.kill()


def _environment(directory: Path) -> QProcessEnvironment:
    """The program's environment: nothing of the user's."""
    environment = QProcessEnvironment()
    for name, value in {
        "PATH": os.defpath,
        "HOME": str(directory),
        "MPLCONFIGDIR": str(directory),
        "OPENBLAS_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "1",  # Another arena for the library's thread reserves 128 MB of what the program may have.
    }.items():
        environment.insert(name, value)
    return environment


@lru_cache(maxsize=1)
def figures() -> Figures:
    """The figures of this process."""
    return Figures()
