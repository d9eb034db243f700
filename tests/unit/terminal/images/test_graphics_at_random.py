"""Images among random output: cutting the output or copying the terminal at any position makes no difference."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_host.protocol.values import CellSize, GridSize
from session_host.terminal import available_engines, create, restore
from session_host.terminal.base import Emulator
from tests.programs.shown_image import png
from tests.support.emulators import fragments, visible_state
from tests.support.images import RED, command, inline_file, shown, sixel

pytestmark = pytest.mark.skipif("ghostty" not in available_engines(), reason="only this engine has images")

SIZE, CELL = GridSize(30, 8), CellSize(8, 16)
COMMANDS = [
    shown("i=1"),
    shown(),
    shown("i=2,c=3,r=2,C=1"),
    shown("i=3,z=-1,X=3,c=40"),
    shown("i=4,r=30"),
    command("a=T,f=24,s=1,v=2,i=5,m=1", b"abc"),
    command("m=1", b"d"),
    command("m=0", b"ef"),
    command("a=p,i=1"),
    command("a=p,i=2,p=7"),
    command("a=q,i=9,s=1,v=1,f=24", b"abc"),
    command("a=d"),
    command("a=d,d=I,i=1"),
    command("a=d,d=c"),
    command("a=d,d=y,y=2"),
    command("=,;"),
    b"\x1b_Ga=T;\x18",
    b"\x1b[2J",
    shown("i=6,U=1,c=5,r=3"),
    command("a=p,i=1,U=1"),
    sixel(20, 20),
    sixel(20, 20, b"\x1b["),
    sixel(9, 70, b"\x18"),
    b"\x1bP1;",
    b"\x1b[J",
    b"\x1b[1J",
    sixel(50, 40, parameters=b"0;1"),
    inline_file(png(RED), "width=3"),
    inline_file(png(RED), end=b"\x1b\\"),
    "\x1b[38;5;6m\U0010eeee\u0305\U0010eeee\U0010eeee\u030d\u0305\x1b[m".encode(),
    b"\x1b[3J",
    b"\x1b[?1049h",
    b"\x1b[?1049l",
    b"\x1bc",
    b"\r\n" * 5,
]
OUTPUTS = st.lists(st.one_of(fragments(), st.sampled_from(COMMANDS), st.sampled_from(COMMANDS)), max_size=25)


def everything(emulator: Emulator) -> Any:
    """Everything visible, with the images by their ids; consumes the damage."""
    images = [(one.image.id, one.image.data, *one[1:]) for one in emulator.frame().images]
    return visible_state(emulator), images


@given(output=OUTPUTS.map(b"".join), cuts=st.lists(st.integers(1, 60), max_size=60))
def test_cutting_the_output_makes_no_difference(output: bytes, cuts: list[int]) -> None:
    whole, cut = (create("ghostty", SIZE, cell=CELL, scrollback_lines=50) for _ in range(2))
    whole.feed(output)
    start = 0
    for length in (*cuts, len(output)):
        cut.feed(output[start : start + length])
        start += length
    assert everything(cut) == everything(whole)
    assert cut.take_replies() == whole.take_replies()
    for emulator in (whole, cut):
        emulator.close()


@given(before=OUTPUTS.map(b"".join), after=OUTPUTS.map(b"".join), scrolled=st.integers(0, 30))
def test_a_copy_continues_in_the_same_way(before: bytes, after: bytes, scrolled: int) -> None:
    original = create("ghostty", SIZE, cell=CELL, scrollback_lines=50)
    original.feed(before)
    original.take_replies(), original.take_events()
    copy = restore("ghostty", original.snapshot())
    for emulator in (original, copy):
        emulator.feed(after)
        emulator.scroll(-scrolled)
    assert everything(copy) == everything(original)
    assert copy.take_replies() == original.take_replies()
    for emulator in (original, copy):
        emulator.close()
