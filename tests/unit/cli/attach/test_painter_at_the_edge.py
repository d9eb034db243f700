"""Characters at the right edge, in terminals that do not wrap automatically."""

from __future__ import annotations

import pytest

from session_host.cli.attach.painter import Painter
from session_host.protocol.values import GridSize
from session_host.terminal import available_engines, create

SIZE = GridSize(40, 10)


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("e\u0301", 1),
        ("\u0915\u094d", 1),
        ("x\u0302\u0301", 1),
        ("\u0915\u093f", 2),
        ("⚠️", 2),
        ("👨‍👩‍👧", 2),
        ("🇩🇪", 2),
        ("👍🏽", 2),
    ],
)
@pytest.mark.parametrize("blanks", [0, 1])
def test_a_cluster_at_the_right_edge_stays_whole(text: str, cells: int, blanks: int) -> None:
    """Without automatic wrap, tmux and Ghostty put marks and joined emoji into a column beside it."""
    inner, painter = create(None, SIZE), Painter(SIZE)
    inner.feed(b"z" * 40)
    shown = painter.enter() + painter.paint(inner.frame(), inner.modes)
    inner.feed(f"\r\x1b[K{'-' * (39 - cells - blanks)}y{text}\r\nnext".encode())
    shown += painter.paint(inner.frame(), inner.modes)
    for engine in available_engines():
        outer = create(engine, SIZE)
        outer.feed(shown)
        assert [row.text() for row in outer.rows()[:2]] == [row.text() for row in inner.rows()[:2]]
        outer.close()
    inner.close()
