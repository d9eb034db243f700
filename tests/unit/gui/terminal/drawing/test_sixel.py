"""Sixel data decoded to images."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import QImage

from gui.terminal.drawing.images import decode_sixel
from session_host.terminal.images.sixel import raster_of

CLEAR, BLACK, RED, GREEN, BLUE = 0, 0xFF000000, 0xFFFF0000, 0xFF00FF00, 0xFF0000FF
MANY = b"".join(b"#%d;2;%d;%d;50#%d@$" % (number, number // 100, number % 100, number) for number in range(300))
COLORS = b"#1;2;100;0;0#2;2;0;100;0#3;2;0;0;100"


def pixels(data: bytes) -> list[list[int]]:
    """The colours of the image's pixels, row by row."""
    picture = decode_sixel(data)
    assert picture is not None
    shown = picture.convertToFormat(QImage.Format.Format_ARGB32)
    return [[shown.pixel(x, y) for x in range(shown.width())] for y in range(shown.height())]


@pytest.mark.parametrize("more_colors", [b"", MANY])
def test_pixels_are_decoded(more_colors: bytes):
    """With few colours and with more than 256, which other code decodes."""
    data = b'0;1q"1;1;4;8' + more_colors + COLORS + b"#1!4~$#2AB$#3!2?@-#1!3@#2A@@@@@"
    rows = pixels(data)
    assert rows[0] == [RED, GREEN, BLUE, RED]
    assert rows[1] == [GREEN, GREEN, RED, RED]
    assert rows[2:6] == [[RED] * 4] * 4
    assert rows[6] == [RED, RED, RED, CLEAR]
    assert rows[7] == [CLEAR, CLEAR, CLEAR, GREEN]


def test_a_redefined_register_changes_only_what_follows():
    assert pixels(b'q"1;1;3;1#1;2;100;0;0@#1;2;0;0;100@#1@') == [[RED, BLUE, BLUE]]


def test_unset_pixels_have_the_first_registers_colour_or_none():
    assert pixels(b'q"1;1;2;1#0;2;0;100;0#1;2;100;0;0@') == [[RED, GREEN]]
    assert pixels(b'0;0;0q"1;1;2;1#1;2;100;0;0@') == [[RED, BLACK]]
    assert pixels(b'0;1;0q"1;1;2;1#1;2;100;0;0@') == [[RED, CLEAR]]


def test_hues_begin_at_blue():
    assert pixels(b'q"1;1;3;1#1;1;0;50;100@#2;1;120;50;100@#3;1;240;50;100@') == [[BLUE, RED, GREEN]]


def test_up_to_256_colours_take_one_byte_per_pixel_and_more_take_four():
    many = b"".join(b"#%d;2;%d;%d;50@" % (number, number % 100, number // 100) for number in range(257))
    few = decode_sixel(b'q"1;1;300;1' + many[: many.index(b"#256")])
    more = decode_sixel(b'q"1;1;300;1' + many)
    assert few is not None
    assert more is not None
    assert (few.format(), more.format()) == (QImage.Format.Format_Indexed8, QImage.Format.Format_ARGB32)


PIECES = [b"q", b'"1;1;9;9', b"!", b"#", b"$", b"-", b";", b"!99999999~", b"#1;1;999;999;999", b"#1;2;999"]
OUTPUT = st.one_of(
    st.sampled_from(PIECES), st.binary(max_size=4), st.text("?@AB~#!0123456789;$-", max_size=8).map(str.encode)
)


@given(st.lists(OUTPUT, max_size=40).map(b"".join))
def test_garbage_gives_an_image_or_nothing(data: bytes):
    raster = raster_of(data)
    if raster is None or raster.columns * raster.rows < 100_000:
        decode_sixel(data)
