"""Images in a terminal, as pixels."""

from __future__ import annotations

import base64

import pytest
from PySide6.QtCore import QBuffer, QIODevice, QRect, QSize
from PySide6.QtGui import QImage, QPainter, QRegion

from gui.terminal.cell_metrics import CellMetrics
from gui.terminal.drawing.canvas import GridLayout
from gui.terminal.drawing.images import decode
from gui.terminal.drawing.surface import Surface
from session_host.protocol.values import CellSize, GridSize
from session_host.terminal import available_engines, create
from session_host.terminal.images.placeholders import MARKS, PLACEHOLDER
from session_host.terminal.images.values import Image, Source
from tests.e2e.view.conftest import FONT, WAIT_S, colors_in, rgb
from tests.support.images import BLUE, GREEN, RED, command, inline_file, shown, sixel
from tests.support.qt_waiting import process_events_until
from tests.support.themes import DARK_TERMINAL as DARK
from tests.support.themes import LIGHT_TERMINAL as LIGHT

pytestmark = pytest.mark.skipif("ghostty" not in available_engines(), reason="only this engine has images")

GIF_OF_BLUE = "R0lGODlhAQABAIAAAAAA/////yH5BAAAAAAALAAAAAABAAEAAAICRAEAOw=="
SIZE, PADDING = GridSize(20, 8), 8


def number(color):
    return int.from_bytes(color, "big")


class Screen:
    """A terminal that is painted into a picture, without a window."""

    def __init__(self, theme=DARK, ratio=1.0, cell=None):
        self.metrics = CellMetrics(FONT, 13, ratio)
        width, height = self.metrics.width, self.metrics.height
        self.emulator = create("ghostty", SIZE, cell=cell or CellSize(width, height))
        self.emulator.feed(b"\x1b[?25l")
        self.surface = Surface(theme, self.metrics)
        whole = SIZE.columns * width + 2 * PADDING, SIZE.rows * height + 2 * PADDING
        self.surface.set_layout(GridLayout(*whole, PADDING, width, height))
        self.image = QImage(*whole, QImage.Format.Format_RGB32)
        self.ready: list[bool] = []
        self.surface.images.pictures.ready.connect(lambda: self.ready.append(True))

    def show(self, output, pictures=0):
        """Feed output and paint it; with ``pictures``, wait until that many are decoded, and paint again."""
        self.emulator.feed(output)
        region = self.surface.apply_frame(self.emulator, self.emulator.frame())
        self.paint(region)
        if pictures:
            process_events_until(lambda: len(self.ready) >= pictures, WAIT_S, "the pictures")
            self.ready.clear()
            self.paint()
        return region

    def paint(self, region=None):
        painter = QPainter(self.image)
        self.surface.paint(painter, QRegion(self.image.rect()) if region is None else region)
        painter.end()

    def part(self, column, row, columns, rows):
        """The colours of the pixels in a rectangle of cells."""
        width, height = self.metrics.width, self.metrics.height
        area = QRect(PADDING + column * width, PADDING + row * height, columns * width, rows * height)
        return colors_in(self.image.copy(area))


@pytest.fixture
def screens(qapp):
    """Makes screens, and closes them at the end."""
    emulators = []

    def make(**options):
        emulators.append(Screen(**options))
        return emulators[-1]

    yield make
    for screen in emulators:
        screen.emulator.close()


@pytest.mark.parametrize("theme", [DARK, LIGHT])
@pytest.mark.parametrize("ratio", [1.0, 1.5])
def test_an_image_fills_its_cells_exactly(screens, theme, ratio):
    screen = screens(theme=theme, ratio=ratio)
    screen.show(b"\r\n  " + shown("c=6,r=3,C=1"), pictures=1)
    red, page = {number(RED)}, {rgb(theme.background)}
    assert screen.part(2, 1, 6, 3) == red
    assert [screen.part(*cells) for cells in ((0, 0, 20, 1), (0, 1, 2, 3), (8, 1, 12, 3), (0, 4, 20, 4))] == [page] * 4


def test_a_viewer_with_another_cell_size_shows_an_image_in_the_same_cells(screens):
    screen = screens(cell=CellSize(16, 32))
    screen.show(shown(), pictures=1)
    assert (screen.part(0, 0, 4, 2), screen.part(4, 0, 1, 2)) == ({number(RED)}, {rgb(DARK.background)})


def test_an_image_moves_with_the_text_and_the_text_below_it_comes_back(screens):
    screen = screens()
    screen.show(b"\xe2\x96\x88" * 20 + b"\r\n" + shown("c=6,r=3"), pictures=1)
    screen.show(b"\r\n" * 7)
    assert screen.part(0, 0, 6, 1) == {number(RED)}
    assert screen.part(0, 1, 20, 6) == {rgb(DARK.background)}
    screen.show(b"\r\n" * 3)
    assert screen.part(0, 0, 20, 8) == {rgb(DARK.background)}
    screen.emulator.scroll(-9)
    screen.show(b"")
    assert screen.part(0, 1, 6, 3) == {number(RED)}


def test_text_is_above_an_image_with_a_negative_index_and_below_others(screens):
    screen = screens()
    screen.show(b"\xe2\x96\x88" * 10 + b"\r" + shown("c=4,r=2,z=-1,C=1"), pictures=1)
    assert (screen.part(0, 0, 4, 1), screen.part(0, 1, 4, 1)) == ({rgb(DARK.foreground)}, {number(RED)})
    screen.show(b"\x1b[5C" + shown("c=4,r=1,C=1", GREEN), pictures=1)
    assert screen.part(5, 0, 4, 1) == {number(GREEN)}
    screen.show(shown("c=2,r=1,z=1,C=1", BLUE), pictures=1)
    assert (screen.part(5, 0, 2, 1), screen.part(7, 0, 2, 1)) == ({number(BLUE)}, {number(GREEN)})


def test_only_the_changed_rows_are_painted_again_while_an_image_stays(screens):
    screen = screens()
    screen.show(shown("c=6,r=3") + b"\r\n", pictures=1)
    region = screen.show(b"x")
    assert region is not None
    assert region.boundingRect().height() == screen.metrics.height
    assert screen.show(command("a=d")) == QRegion(PADDING, PADDING, 6 * screen.metrics.width, 3 * screen.metrics.height)
    assert screen.part(0, 0, 20, 3) == {rgb(DARK.background)}


@pytest.mark.parametrize("form", ["PNG", "JPG", "GIF"])
def test_an_image_file_is_shown_by_the_protocol_of_iterm2(screens, form):
    data = base64.b64decode(GIF_OF_BLUE)
    if form != "GIF":
        picture, buffer = QImage(64, 64, QImage.Format.Format_RGB32), QBuffer()
        picture.fill(number(BLUE))
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        assert picture.save(buffer, form, 100)
        data = bytes(buffer.data().data())
    screen = screens()
    screen.show(b" " + inline_file(data, "width=4;height=2;preserveAspectRatio=0"), pictures=1)
    (color,) = screen.part(1, 0, 4, 2)
    assert max(abs((color >> shift & 0xFF) - BLUE[2 - shift // 8]) for shift in (0, 8, 16)) < 4
    assert screen.part(5, 0, 4, 2) == {rgb(DARK.background)}


def test_a_sixel_image_fills_its_pixels_and_text_replaces_it(screens):
    screen = screens()
    width, height = screen.metrics.width, screen.metrics.height
    screen.show(b" " + sixel(4 * width, 2 * height), pictures=1)
    assert screen.part(1, 0, 4, 2) == {number(RED)}
    assert screen.part(5, 0, 4, 2) == screen.part(0, 0, 1, 2) == {rgb(DARK.background)}
    screen.show("\x1b[2;2H\x1b[38;2;0;0;255m█".encode())
    assert (screen.part(1, 1, 1, 1), screen.part(2, 1, 3, 1)) == ({number(BLUE)}, {number(RED)})
    screen.show(b"\x1b[H\x1b[J")
    assert screen.part(0, 0, 9, 2) == {rgb(DARK.background)}


def test_text_is_shown_through_the_transparent_pixels_of_a_sixel_image(screens):
    screen = screens()
    width, height = screen.metrics.width, screen.metrics.height
    text = "\x1b[38;2;0;0;255m█ab\x1b[m\x1b[H".encode()
    screen.show(text)
    before = [screen.part(column, 0, 1, 1) for column in range(1, 3)]
    band = b"#1!%d?!%d~-" % (3 * width, width)
    data = b'0;1q"1;1;%d;%d#1;2;100;0;0' % (4 * width, height) + band * (height // 6 + 1)
    screen.show(b"\x1bP" + data + b"\x1b\\", pictures=1)
    assert (screen.part(0, 0, 1, 1), screen.part(3, 0, 1, 1)) == ({number(BLUE)}, {number(RED)})
    assert [screen.part(column, 0, 1, 1) for column in range(1, 3)] == before, "the letters look as before"
    screen.show("\x1b[1;4H█".encode())
    assert number(RED) not in screen.part(3, 0, 1, 1)


def test_an_image_covers_its_placeholders_and_these_are_blank_without_it(screens):
    screen = screens()
    text = f"{PLACEHOLDER}{MARKS[0]}{PLACEHOLDER}{PLACEHOLDER}".encode()
    screen.show(b"\x1b[38;5;7m" + text)
    assert screen.part(0, 0, 4, 1) == {rgb(DARK.background)}
    screen.show(shown("i=7,U=1,c=3,r=1"), pictures=1)
    assert colors_in(screen.image.copy(PADDING + screen.metrics.width, PADDING, 4, 4)) == {number(RED)}
    screen.show(b"\x1b[2K")
    assert screen.part(0, 0, 4, 1) == {rgb(DARK.background)}


@pytest.mark.parametrize("form", ["png", "rgb", "rgba"])
@pytest.mark.parametrize("is_compressed", [False, True])
def test_damaged_data_shows_nothing(qapp, form, is_compressed):
    image = Image(1, 0, form, 8, 8, b"\x89PNG\r\n\x1a\n damaged", is_compressed, 16)
    assert decode(image, Source(0, 0, 8, 8), QSize(8, 8)) is None
