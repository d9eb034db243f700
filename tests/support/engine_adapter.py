"""The engines behind JSON lines, for public conformance suites.

``python -m tests.support.engine_adapter --engine ghostty|pyte`` reads one request per line from standard input, and
writes one answer per line to standard output. It uses the same classes as the product.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
from typing import Any, BinaryIO

from session_host.errors import OutliveError
from session_host.protocol.values import CellSize, GridSize
from session_host.terminal import available_engines, create, engine_build
from session_host.terminal.base import Emulator, EngineName
from session_host.terminal.rows import DEFAULT_COLOR, RGB, Attribute, Color, Row, Run, Style, Underline

_CELL = CellSize(8, 16)
_FEATURES = ["text", "cursor", "scrollback", "cells", "replies", "modes"]
_ATTRIBUTES = (
    (Attribute.BOLD, "bold"),
    (Attribute.DIM, "dim"),
    (Attribute.ITALIC, "italic"),
    (Attribute.BLINK, "blink"),
    (Attribute.INVERSE, "inverse"),
    (Attribute.HIDDEN, "hidden"),
    (Attribute.STRIKE, "strike"),
)
_UNDERLINES = tuple(Underline)
_MODES = {
    "app_cursor": "application_cursor",
    "app_keypad": "application_keypad",
    "bracketed_paste": "bracketed_paste",
    "alt_screen": "alternate_screen",
    "mouse": "mouse",
}
_MOUSE_ENCODINGS = ("default", "utf8", "sgr")


class Adapter:
    """Serves the requests on one emulator at a time."""

    def __init__(self, engine: EngineName) -> None:
        self._engine = engine
        self._emulator: Emulator = create(engine, GridSize(80, 24), cell=_CELL)

    def serve(self, requests: BinaryIO, answers: BinaryIO) -> None:
        """Answer requests until they end, or one says quit."""
        for line in requests:
            if not line.strip():
                continue
            try:
                request = json.loads(line)
                answer = self.answer(request)
            except (ValueError, KeyError, TypeError, OutliveError) as error:
                request, answer = {}, {"ok": False, "error": f"{type(error).__name__}: {error}"}
            answers.write(json.dumps(answer).encode() + b"\n")
            answers.flush()
            if request.get("op") == "quit":
                return

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Answer one request."""
        match request["op"]:
            case "info":
                return {
                    "ok": True,
                    "engine": self._engine,
                    "version": engine_build(self._engine),
                    "features": _FEATURES,
                }
            case "new":
                self._emulator.close()
                size = GridSize(int(request["cols"]), int(request["rows"]))
                lines = int(request.get("scrollback", 1000))
                self._emulator = create(self._engine, size, cell=_CELL, scrollback_lines=lines)
                return {"ok": True, **self._replies(always=False)}
            case "feed":
                self._emulator.feed(base64.b64decode(request["b64"]))
                self._emulator.take_events()
                return {"ok": True, **self._replies(always=False)}
            case "resize":
                self._emulator.resize(GridSize(int(request["cols"]), int(request["rows"])), _CELL)
                return {"ok": True, **self._replies(always=False)}
            case "dump":
                cells, scrollback = bool(request.get("cells")), bool(request.get("scrollback"))
                return {"ok": True, **self._dump(cells=cells, scrollback=scrollback), **self._replies(always=True)}
            case "quit":
                self._emulator.close()
                return {"ok": True}
            case unknown:
                return {"ok": False, "error": f"unknown op {unknown!r}"}

    def _replies(self, *, always: bool) -> dict[str, Any]:
        replies = self._emulator.take_replies()
        return {"replies_b64": base64.b64encode(replies).decode()} if replies or always else {}

    def _dump(self, *, cells: bool, scrollback: bool) -> dict[str, Any]:
        emulator = self._emulator
        rows = emulator.rows()
        cursor, modes = emulator.cursor, emulator.modes
        answer: dict[str, Any] = {
            "rows": [row.text() for row in rows],
            "cursor": [cursor.column, cursor.row],
            "title": emulator.title,
            "modes": {name: getattr(modes, ours) for name, ours in _MODES.items()},
        }
        answer["modes"]["cursor_visible"] = cursor.visible
        if modes.mouse_encoding in _MOUSE_ENCODINGS:
            answer["modes"]["mouse_enc"] = modes.mouse_encoding
        if cells:
            answer["cells"] = [_row_cells(row) for row in rows]
        if scrollback:
            answer["scrollback"] = [row.text() for row in emulator.history(0, emulator.scrollback_rows)]
        return answer


def _row_cells(row: Row) -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = []
    for run in row.runs:
        look = _cell_style(run.style)
        for x, text, width in _characters(run):
            cell: dict[str, Any] = {"x": x, **look}
            if text.strip(" "):
                cell["t"] = text
            if width == 2:
                cell["w"] = 2
            if len(cell) > 1:
                cells.append(cell)
    return cells


def _characters(run: Run) -> list[tuple[int, str, int]]:
    if run.cluster:
        return [(run.column, run.text, run.cells)]
    return [(run.column + index, character, 1) for index, character in enumerate(run.text)]


def _cell_style(style: Style) -> dict[str, Any]:
    look: dict[str, Any] = {}
    if style.foreground != DEFAULT_COLOR:
        look["fg"] = _color(style.foreground)
    if style.background != DEFAULT_COLOR:
        look["bg"] = _color(style.background)
    if style.underline:
        look["ul"] = _UNDERLINES.index(style.underline)
    attributes = [name for bit, name in _ATTRIBUTES if style.attributes & bit]
    if attributes:
        look["attrs"] = attributes
    if style.link:
        look["link"] = style.link
    return look


def _color(color: Color) -> int | str:
    return color if color < RGB else f"#{color & 0xFFFFFF:06x}"


def main() -> None:
    """Serve on standard input and output."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.engine_adapter", description=main.__doc__)
    parser.add_argument("--engine", choices=available_engines(), required=True)
    Adapter(parser.parse_args().engine).serve(sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    main()
