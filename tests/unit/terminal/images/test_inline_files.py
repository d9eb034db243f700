"""Images by iTerm2's protocol (OSC 1337): position and size."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest

from session_host.protocol.values import CellSize, GridSize
from session_host.terminal import available_engines, create, from_replay, restore
from session_host.terminal.base import Emulator
from session_host.terminal.ghostty import sequences
from session_host.terminal.ghostty.sequences import INLINE_FILE
from session_host.terminal.images import transmission
from session_host.terminal.images.transmission import FileSize, size_in_header
from tests.programs.shown_image import png
from tests.support.images import RED, inline_file

pytestmark = pytest.mark.skipif("ghostty" not in available_engines(), reason="only this engine has images")

SIZE, CELL = GridSize(40, 10), CellSize(8, 16)
PICTURE = png(RED)
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0\xff\xc4\0\x04ab\xff\xc2\0\x0b\x08\0\x20\0\x50\1\1\x11\0\xff\xd9"
GIF = b"GIF89a\x50\0\x20\0\0\0\0;"


@pytest.fixture
def terminal() -> Iterator[Emulator]:
    """A terminal of 40 × 10 cells of 8 × 16 pixels."""
    emulator = create("ghostty", SIZE, cell=CELL, scrollback_lines=100)
    yield emulator
    emulator.close()


def places(emulator: Emulator) -> list[tuple[float, ...]]:
    """Column, row, columns and rows of the shown images."""
    emulator.damage_all()
    return [(one.column, one.row, one.columns, one.rows) for one in emulator.frame().images]


@pytest.mark.parametrize("end", [b"\a", b"\x1b\\"])
def test_an_image_is_shown_at_the_cursor_which_moves_to_the_end_of_its_last_row(terminal: Emulator, end: bytes):
    terminal.feed(b"above\r\n  " + inline_file(PICTURE, "name=eA==;size=99", end) + b"|")
    assert places(terminal) == [(2, 1, 8, 4)]
    assert [row.text() for row in terminal.rows()][:5] == ["above", "", "", "", "          |"]
    assert terminal.take_replies() == b""


@pytest.mark.parametrize(
    ("arguments", "size"),
    [
        ("width=10", (10, 5)),
        ("height=2", (4, 2)),
        ("width=10;height=2", (4, 2)),
        ("width=32px", (4, 2)),
        ("width=50%;height=auto", (20, 10)),
        ("width=10;height=2;preserveAspectRatio=0", (10, 2)),
        ("width=60", (40, 20)),
        ("width=60;height=2;preserveAspectRatio=0", (60, 2)),
        ("width=junk", (8, 4)),
    ],
)
def test_an_image_has_the_requested_size(terminal: Emulator, arguments: str, size: tuple[int, int]):
    terminal.feed(inline_file(PICTURE, f"doNotMoveCursor=1;{arguments}"))
    assert places(terminal) == [(0, 0, *size)]
    assert (terminal.cursor.column, terminal.cursor.row) == (0, 0)


def test_a_large_image_is_as_wide_as_the_screen(terminal: Emulator):
    terminal.feed(inline_file(png(RED, 640)))
    assert [place[2:] for place in places(terminal)] == [(40, 20)]


def test_a_file_in_parts_and_cut_anywhere_is_shown(terminal: Emulator):
    text = base64.b64encode(PICTURE)
    parts = b"".join(b"\x1b]1337;FilePart=%s\a" % text[start : start + 40] for start in range(0, len(text), 40))
    output = (
        b"\x1b]1337;MultipartFile=inline=1;width=4\a"
        + parts
        + b"\x1b]1337;FileEnd\a"
        + inline_file(PICTURE, "height=1")
    )
    for byte in output[:-5]:
        terminal.feed(bytes([byte]))
    for other in (restore("ghostty", terminal.snapshot()), from_replay("ghostty", terminal.replay(), SIZE)):
        other.feed(output[-5:])
        assert places(other) == [(0, 0, 4, 2), (4, 1, 2, 1)]
        assert [row.text() for row in other.rows()] == [""] * SIZE.rows
        other.close()


@pytest.mark.parametrize("sequence", [b"File=:%s", b"File=inline=0:%s", b"FilePart=%s", b"FileEnd", b"Other=1"])
def test_invalid_sequences_show_no_image(terminal: Emulator, sequence: bytes):
    data = base64.b64encode(PICTURE)
    terminal.feed(b"\x1b]1337;" + (sequence % data if b"%" in sequence else sequence) + b"\x1b\\x")
    assert places(terminal) == []
    assert terminal.rows()[0].text() == "x"


def test_a_photo_of_several_megabytes_is_shown(terminal: Emulator):
    output = inline_file(JPEG + bytes(4_000_000)) + b"|"
    for start in range(0, len(output), 65535):
        terminal.feed(output[start : start + 65535])
    assert places(terminal) == [(0, 0, 10, 2)]
    assert [row.text() for row in terminal.rows()[:2]] == ["", "          |"]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (JPEG + bytes(1000), "the image is too large"),
        (JPEG.replace(b"\x08\0\x20", b"\x08\x7f\x20"), "an image of 80x32544 pixels is not supported"),
        (b"II*\0, a TIFF file", "not a PNG, JPEG or GIF file"),
    ],
)
def test_a_line_says_why_an_image_is_not_shown(
    terminal: Emulator, data: bytes, problem: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(transmission, "MAX_IMAGE_BYTES", 1000)
    terminal.resize(GridSize(90, 10), CELL)
    terminal.feed(b"a" + inline_file(data) + b"b")
    assert terminal.rows()[0].text() == f"a[image not shown: {problem}]b"
    assert places(terminal) == []


def test_a_copy_made_within_a_file_that_is_too_long_reports_it_too(terminal: Emulator, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sequences._LIMITS, INLINE_FILE, 100)
    output = inline_file(PICTURE * 2)
    for byte in output[:-9]:
        terminal.feed(bytes([byte]))
    copy = restore("ghostty", terminal.snapshot())
    replayed = from_replay("ghostty", terminal.replay(), SIZE)
    for same in (terminal, copy, replayed):
        same.feed(output[-9:])
        assert same.is_ground()
    assert terminal.rows() == copy.rows()
    assert copy.rows()[0].text() == "[image not shown: the image is too large"
    copy.close()
    replayed.close()


@pytest.mark.parametrize(("data", "form"), [(JPEG, "jpeg"), (GIF, "gif")])
def test_the_image_size_is_read_from_the_header_of_other_formats(terminal: Emulator, data: bytes, form: str):
    assert size_in_header(data) == FileSize(form, 80, 32)  # type: ignore[arg-type]
    assert all(size_in_header(data[:end]) is None or end > 8 for end in range(len(data)))
    terminal.feed(inline_file(data))
    copy = from_replay("ghostty", terminal.replay(), SIZE)
    assert places(copy) == places(terminal) == [(0, 0, 10, 2)]
    copy.close()
