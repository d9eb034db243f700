"""The painted pixels of text, lines, box drawing characters and signs."""

from __future__ import annotations

import math
import unicodedata

import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QFontDatabase, QFontMetricsF, QImage, QPainter, QRegion

from gui.terminal.cell_metrics import CellMetrics
from gui.terminal.drawing.canvas import GridLayout
from gui.terminal.drawing.surface import Surface
from session_host.protocol.values import GridSize
from session_host.terminal import create
from tests.e2e.view.conftest import FONT, colors_in, rgb
from tests.support.themes import DARK_TERMINAL as DARK
from tests.support.themes import LIGHT_TERMINAL as LIGHT

BACKGROUND, TEXT = rgb(DARK.background), rgb(DARK.foreground)


def rendered(
    text: str, size: GridSize, *, ratio: float = 1.0, font_px: int = 13, line_height: float = 1.0
) -> tuple[QImage, CellMetrics]:
    """A screen that is painted at a scale, without the padding, and its cell metrics."""
    metrics = CellMetrics(FONT, font_px, ratio, line_height)
    surface = Surface(DARK, metrics)
    emulator = create(None, size)
    emulator.feed(b"\x1b[?25l" + text.encode())
    width, height = size.columns * metrics.width, size.rows * metrics.height
    padding = round(8 * ratio)
    surface.set_layout(GridLayout(width + 2 * padding, height + 2 * padding, padding, metrics.width, metrics.height))
    assert surface.apply_frame(emulator, emulator.frame()) is None
    image = QImage(width + 2 * padding, height + 2 * padding, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    surface.paint(painter, QRegion(image.rect()))
    painter.end()
    emulator.close()
    return image.copy(QRect(padding, padding, width, height)), metrics


SCALES = [
    (1.0, 9, 1.0),
    (1.0, 13, 1.0),
    (1.0, 16, 1.0),
    (1.25, 13, 1.0),
    (1.5, 11, 1.0),
    (2.0, 13, 1.0),
    (3.0, 13, 1.0),
    (1.0, 13, 1.1),
    (1.0, 13, 2.0),
    (1.25, 13, 1.35),
    (1.5, 11, 1.5),
    (1.5, 13, 1.2),
]
"""Display scale, font size in px, line height as a factor."""


@pytest.mark.parametrize(("ratio", "font_px", "line_height"), SCALES)
def test_boxes_have_no_gaps_at_any_size(qapp, ratio, font_px, line_height):
    screen = "┌────┬────┐\r\n│    │    │\r\n├────┼────┤\r\n└────┴────┘"
    image, metrics = rendered(screen, GridSize(20, 5), ratio=ratio, font_px=font_px, line_height=line_height)
    middle_x, middle_y = (metrics.width - metrics.line) // 2, (metrics.height - metrics.line) // 2

    def lit(x: int, y: int) -> bool:
        return image.pixel(x, y) & 0xFFFFFF == TEXT

    for column in (0, 5, 10):
        x = column * metrics.width + middle_x
        assert all(lit(x, y) for y in range(middle_y, 3 * metrics.height + middle_y)), f"gap in column {column}"
    for row in (0, 2, 3):
        y = row * metrics.height + middle_y
        assert all(lit(x, y) for x in range(middle_x, 10 * metrics.width + middle_x)), f"gap in row {row}"


@pytest.mark.parametrize(("ratio", "font_px", "line_height"), SCALES)
def test_rounded_corners_meet_the_straight_lines(qapp, ratio, font_px, line_height):
    image, metrics = rendered(
        "╭──╮\r\n│  │\r\n╰──╯", GridSize(20, 5), ratio=ratio, font_px=font_px, line_height=line_height
    )
    middle_x, middle_y = (metrics.width - metrics.line) // 2, (metrics.height - metrics.line) // 2
    joints = [
        (metrics.width - 1, middle_y),
        (metrics.width, middle_y),
        (middle_x, metrics.height - 1),
        (middle_x, metrics.height),
        (3 * metrics.width + middle_x, metrics.height - 1),
        (3 * metrics.width, middle_y),
        (metrics.width - 1, 2 * metrics.height + middle_y),
        (3 * metrics.width + middle_x, 2 * metrics.height),
    ]
    for x, y in joints:
        shade = image.pixel(x, y) & 0xFF
        assert shade > (TEXT & 0xFF) * 0.8, f"the corner does not reach ({x}, {y})"


@pytest.mark.parametrize(("ratio", "font_px", "line_height"), SCALES)
def test_blocks_tile_without_seams(qapp, ratio, font_px, line_height):
    image, _ = rendered(
        "████\r\n████\r\n▐█▌ \r\n▝▀▘ ", GridSize(20, 5), ratio=ratio, font_px=font_px, line_height=line_height
    )
    metrics = CellMetrics(FONT, font_px, ratio, line_height)
    assert colors_in(image.copy(0, 0, 4 * metrics.width, 2 * metrics.height)) == {TEXT}
    half = (metrics.width + 1) // 2
    solid = image.copy(half, 2 * metrics.height, metrics.width + metrics.width - 1, metrics.height)
    assert colors_in(solid) == {TEXT}, "the halves do not meet the full block"


def test_halves_of_a_cell_complete_each_other(qapp):
    for upper, lower in ("▀▄", "▌▐", "▘▟", "▚▞", "▝▙"):
        over, metrics = rendered(upper, GridSize(20, 5))
        under, _ = rendered(lower, GridSize(20, 5))
        for x in range(metrics.width):
            for y in range(metrics.height):
                one = over.pixel(x, y) & 0xFFFFFF == TEXT
                other = under.pixel(x, y) & 0xFFFFFF == TEXT
                assert one != other, f"{upper} and {lower} overlap or leave a gap at ({x}, {y})"


def test_heavy_double_and_mixed_lines_reach_their_neighbours(qapp):
    for upper, lower in ("┳┃", "╦║", "╥║", "╤│", "┯│", "╔║", "┏┃", "╒│", "╽┃"):
        image, metrics = rendered(f"{upper}\r\n{lower}", GridSize(20, 5))
        above = [image.pixel(x, metrics.height - 1) & 0xFFFFFF == TEXT for x in range(metrics.width)]
        below = [image.pixel(x, metrics.height) & 0xFFFFFF == TEXT for x in range(metrics.width)]
        assert any(above), f"{upper} does not reach down"
        assert above == below, f"{upper} and {lower} do not meet"


def test_triangles_of_status_lines_fill_their_edge(qapp):
    image, metrics = rendered("\ue0b0\ue0b2", GridSize(20, 5), font_px=16)
    inner = range(1, metrics.height - 1)
    assert all(image.pixel(0, y) & 0xFFFFFF == TEXT for y in inner)
    assert all(image.pixel(2 * metrics.width - 1, y) & 0xFFFFFF == TEXT for y in inner)


def test_braille_dots_stand_apart_and_inside(qapp):
    image, metrics = rendered("⣿⣿", GridSize(20, 5))
    columns = [any(image.pixel(x, y) & 0xFFFFFF == TEXT for y in range(metrics.height)) for x in range(metrics.width)]
    runs = "".join("x" if lit else "." for lit in columns).split(".")
    assert len([run for run in runs if run]) == 2, "two columns of dots"


def test_the_text_of_a_run_has_the_positions_of_single_cells(qapp):
    """The last letter of a run is in its own cell, also in long runs."""
    metrics = CellMetrics(FONT, 13, 1.0)
    assert all(metrics.exact)
    image, _ = rendered("l" * 59 + "M", GridSize(60, 5))
    alone, _ = rendered(" " * 59 + "M", GridSize(60, 5))
    last = QRect(59 * metrics.width, 0, metrics.width, metrics.height)
    assert image.copy(last) == alone.copy(last)


def test_a_wide_character_takes_two_cells_and_no_more(qapp):
    image, metrics = rendered("日|", GridSize(20, 5))
    width, height = metrics.width, metrics.height
    assert len(colors_in(image.copy(0, 0, width, height))) > 1
    assert len(colors_in(image.copy(width, 0, width, height))) > 1
    bar, _ = rendered("  |", GridSize(20, 5))
    assert image.copy(2 * width, 0, width, height) == bar.copy(2 * width, 0, width, height)


def test_an_emoji_is_in_colour_and_stays_in_its_cells(qapp):
    image, metrics = rendered("🚀 x", GridSize(20, 5), ratio=2.0)
    inside = colors_in(image.copy(0, 0, 2 * metrics.width, metrics.height))
    assert any(abs((color >> 16) - (color & 0xFF)) > 40 for color in inside), "no colour in it"
    assert colors_in(image.copy(2 * metrics.width, 0, metrics.width, metrics.height)) == {BACKGROUND}


def test_a_grapheme_cluster_is_one_picture(qapp):
    accent, metrics = rendered("e\u0301", GridSize(20, 5))
    plain, _ = rendered("e", GridSize(20, 5))
    cell = QRect(0, 0, metrics.width, metrics.height)
    assert accent.copy(cell) != plain.copy(cell)
    assert colors_in(accent.copy(metrics.width, 0, metrics.width, metrics.height)) == {BACKGROUND}


def lit_rows(image: QImage, column: int, metrics: CellMetrics, color: int = TEXT) -> list[int]:
    x = column * metrics.width + metrics.width // 2
    return [y for y in range(metrics.height) if image.pixel(x, y) & 0xFFFFFF == color]


def test_underlines_of_all_styles(qapp):
    screen = "".join(f"\x1b[4:{style}m    \x1b[0m " for style in (1, 2, 3, 4, 5)) + "\x1b[4:1;58;2;255;0;0m  \x1b[0m"
    image, metrics = rendered(screen, GridSize(40, 5), ratio=2.0)
    single, double = lit_rows(image, 0, metrics), lit_rows(image, 5, metrics)
    assert len(single) == metrics.line
    assert len(double) == 2 * metrics.line
    curl = image.copy(10 * metrics.width, 0, 4 * metrics.width, metrics.height)
    heights = {
        y for x in range(curl.width()) for y in range(curl.height()) if curl.pixel(x, y) & 0xFFFFFF != BACKGROUND
    }
    assert len(heights) > 2 * metrics.line, "a curl goes up and down"
    for begin in (15, 20):
        y = single[0]
        pixels = [image.pixel(begin * metrics.width + x, y) & 0xFFFFFF for x in range(4 * metrics.width)]
        assert set(pixels) == {TEXT, BACKGROUND}, "dots and dashes have gaps"
    assert lit_rows(image, 25, metrics, 0xFF0000), "an underline has its own colour"


def test_strike_overline_hidden_inverse_and_dim(qapp):
    image, metrics = rendered(
        "\x1b[9m  \x1b[0m\x1b[53m  \x1b[0m\x1b[8mMM\x1b[0m\x1b[7m  \x1b[0m\x1b[2mM\x1b[0m", GridSize(20, 5)
    )
    strike, overline = lit_rows(image, 0, metrics), lit_rows(image, 2, metrics)
    assert strike
    assert metrics.height * 0.3 < strike[0] < metrics.ascent
    assert overline[0] == 0
    width, height = metrics.width, metrics.height
    assert colors_in(image.copy(4 * width, 0, 2 * width, height)) == {BACKGROUND}
    assert colors_in(image.copy(6 * width, 0, 2 * width, height)) == {TEXT}
    dim = colors_in(image.copy(8 * width, 0, width, height))
    assert max(color & 0xFF for color in dim) < (TEXT & 0xFF) * 0.75


def test_256_and_true_colours(qapp):
    image, metrics = rendered("\x1b[48;5;196m \x1b[48;5;244m \x1b[48;2;1;2;3m \x1b[41m ", GridSize(20, 5))
    seen = [image.pixel(column * metrics.width, 0) & 0xFFFFFF for column in range(4)]
    assert seen == [0xFF0000, 0x808080, 0x010203, rgb(DARK.palette[1])]


def test_a_programs_own_colours(qapp):
    screen = "\x1b]11;#102030\x07\x1b]10;#ffeedd\x07\x1b]4;1;#00ff00\x07█\x1b[41m "
    image, metrics = rendered(screen, GridSize(20, 5))
    seen = [image.pixel(column * metrics.width, 0) & 0xFFFFFF for column in range(3)]
    assert seen == [0xFFEEDD, 0x00FF00, 0x102030]


def test_reverse_screen(qapp):
    image, metrics = rendered("\x1b[?5h█ ", GridSize(20, 5))
    assert [image.pixel(column * metrics.width, 0) & 0xFFFFFF for column in range(2)] == [BACKGROUND, TEXT]


def test_a_theme_change_repaints_everything(show_view):
    terminal = show_view()
    terminal.feed("hello")
    terminal.view.set_theme(LIGHT)
    terminal.settle()
    image = terminal.image()
    assert image.pixel(0, 0) & 0xFFFFFF == rgb(LIGHT.background)
    assert image.pixel(terminal.point(30, 5)) & 0xFFFFFF == rgb(LIGHT.background)
    assert BACKGROUND not in colors_in(terminal.cell_image(20, 5))


def test_no_character_of_the_drawn_ranges_is_empty_or_leaves_its_cell(qapp):
    codes = [*range(0x2500, 0x25A0), *range(0x2801, 0x2900), *range(0xE0A0, 0xE0A3), *range(0xE0B0, 0xE0C0)]
    codes += [*range(0x23BA, 0x23BE), *range(0x1FB00, 0x1FB93), *range(0x1FB94, 0x1FBB0), *range(0x1FBBD, 0x1FBC0)]
    codes += [*range(0x1FBCE, 0x1FBF0), *range(0x1CC1B, 0x1CC1F), *range(0x1CC21, 0x1CC40), *range(0x1CCD6, 0x1CCFA)]
    codes += [*range(0x1CD00, 0x1CDE6), 0x1CE00, 0x1CE01, 0x1CE0B, 0x1CE0C, *range(0x1CE16, 0x1CE1A)]
    codes += range(0x1CE51, 0x1CEB0)
    metrics = CellMetrics(FONT, 13, 1.0)
    for begin in range(0, len(codes), 40):
        part = codes[begin : begin + 40]
        image, _ = rendered(" " + " ".join(map(chr, part)), GridSize(90, 5))
        for place, code in enumerate(part):
            left = (1 + 2 * place) * metrics.width
            cell = colors_in(image.copy(left, 0, metrics.width, metrics.height))
            assert cell != {BACKGROUND}, f"U+{code:04X} is empty"
            after = colors_in(image.copy(left + metrics.width, 0, metrics.width, metrics.height))
            assert after == {BACKGROUND}, f"U+{code:04X} leaves its cell"


def test_signs_that_fonts_lack_are_drawn_and_look_different(qapp):
    signs = "⏴⏵⏶⏷⏸⏹⏺⎿"
    image, metrics = rendered(signs, GridSize(20, 5), ratio=2.0, font_px=13)
    pictures = []
    for column in range(len(signs)):
        cell = image.copy(QRect(column * metrics.width, 0, metrics.width, metrics.height))
        assert TEXT in colors_in(cell), f"{signs[column]} is empty"
        pictures.append(bytes(cell.constBits()))
    assert len(set(pictures)) == len(signs), "no two of them are one and the same box"


def test_an_emoji_that_is_newer_than_the_font_is_a_box(qapp):
    """A font of colour emoji draws nothing for those that it lacks."""
    image, metrics = rendered("\U0001fae9 \U0001fadf", GridSize(20, 5))
    for column in (0, 3):
        cell = image.copy(QRect(column * metrics.width, 0, 2 * metrics.width, metrics.height))
        assert colors_in(cell) != {BACKGROUND}
    assert colors_in(image.copy(QRect(2 * metrics.width, 0, metrics.width, metrics.height))) == {BACKGROUND}


@pytest.mark.parametrize(("ratio", "font_px", "line_height"), SCALES)
def test_sextants_fill_their_sixths_without_gaps(qapp, ratio, font_px, line_height):
    image, metrics = rendered(
        "\U0001fb13\U0001fb26", GridSize(20, 5), ratio=ratio, font_px=font_px, line_height=line_height
    )
    assert unicodedata.name("\U0001fb13") == "BLOCK SEXTANT-35"
    third = round(metrics.height / 3)
    middle = (metrics.width + 1) // 2
    lower_left = image.copy(0, third, middle, metrics.height - third)
    assert colors_in(lower_left) == {TEXT}
    assert TEXT not in colors_in(image.copy(middle, 0, metrics.width - middle, metrics.height))
    assert TEXT not in colors_in(image.copy(0, 0, middle, third))


@pytest.mark.parametrize(("code", "parts"), [(0x1CD00, "3"), (0x1CD01, "23"), (0x1CD8A, "2458"), (0x1CDE5, "2345678")])
def test_octants_fill_the_eighths_in_their_names(qapp, code, parts):
    image, metrics = rendered(chr(code), GridSize(20, 5), ratio=2.0)
    centres = [((2 * column + 1) / 4, (2 * row + 1) / 8) for row in range(4) for column in range(2)]
    lit = [image.pixel(round(x * metrics.width), round(y * metrics.height)) & 0xFFFFFF == TEXT for x, y in centres]
    assert "".join(str(number) for number, is_lit in enumerate(lit, 1) if is_lit) == parts


def test_scan_lines_are_at_different_heights_and_cross_their_cells(qapp):
    image, metrics = rendered("\u23ba\u23bb\u2500\u23bc\u23bd", GridSize(20, 5))
    width = metrics.width
    lines = [
        [
            y
            for y in range(metrics.height)
            if all(image.pixel(x, y) & 0xFFFFFF == TEXT for x in range(left, left + width))
        ]
        for left in range(0, 5 * width, width)
    ]
    tops = [line[0] for line in lines]
    assert tops == sorted(set(tops))
    assert (tops[0], lines[-1][-1]) == (0, metrics.height - 1)


def test_twelfth_circles_join_to_one_ring_without_gaps(qapp):
    rows = ("".join(map(chr, range(first, first + 4))) for first in range(0x1CC30, 0x1CC40, 4))
    image, metrics = rendered("\r\n".join(rows), GridSize(20, 5), ratio=2.0)
    width, height = 4 * metrics.width, 4 * metrics.height
    for degrees in range(360):
        x, y = (part(math.radians(degrees)) for part in (math.cos, math.sin))
        x, y = width / 2 + x * (width / 2 - metrics.line / 2), height / 2 + y * (height / 2 - metrics.line / 2)
        around = image.copy(int(x) - 1, int(y) - 1, 3, 3)
        assert colors_in(around) != {BACKGROUND}, f"a gap at {degrees} degrees"


def test_outlined_letters_are_hollow_and_differ(qapp):
    letters = "".join(map(chr, range(0x1CCD6, 0x1CCFA)))
    image, metrics = rendered(letters, GridSize(40, 2), ratio=2.0)
    cells = [image.copy(QRect(column * metrics.width, 0, metrics.width, metrics.height)) for column in range(36)]
    assert len({bytes(cell.constBits()) for cell in cells}) == 36, "no two are one and the same box"
    plain, _ = rendered("I", GridSize(20, 2), ratio=2.0)
    x, y = metrics.width // 2, metrics.ascent * 5 // 8
    assert (plain.pixel(x, y) & 0xFFFFFF == TEXT, cells[8].pixel(x, y) & 0xFFFFFF == TEXT) == (True, False)


def test_wedges_and_triangles_cover_the_areas_in_their_names(qapp):
    image, metrics = rendered("\U0001fb45\U0001fb6c\U0001fb8a", GridSize(20, 5), ratio=2.0)
    width, height = metrics.width, metrics.height

    def lit(column: int, x: float, y: float) -> bool:
        return image.pixel(column * width + round(x * (width - 1)), round(y * (height - 1))) & 0xFFFFFF == TEXT

    assert unicodedata.name("\U0001fb45") == "LOWER RIGHT BLOCK DIAGONAL LOWER LEFT TO UPPER CENTRE"
    assert lit(0, 1, 1)
    assert not lit(0, 0, 0)
    assert lit(1, 0, 0.5)  # the left quarter: a triangle from the left edge to the centre
    assert not lit(1, 1, 0.5)
    assert lit(2, 1, 0)
    assert not lit(2, 0, 0)


@pytest.mark.parametrize("shade", range(3))
def test_shades_are_patterns_that_continue_in_the_next_cell(qapp, shade):
    image, metrics = rendered(chr(0x2591 + shade) * 4, GridSize(20, 5), ratio=2.0)
    width, height = metrics.width, metrics.height
    cells = [image.copy(column * width, 0, width, height) for column in range(4)]
    assert colors_in(cells[0]) == {BACKGROUND, TEXT}
    assert len({bytes(cell.constBits()) for cell in cells}) == 1
    lit = sum(cells[0].pixel(x, y) & 0xFFFFFF == TEXT for x in range(width) for y in range(height))
    assert abs(lit / (width * height) - (shade + 1) / 4) < 0.08


def test_separators_of_status_lines_reach_their_edges(qapp):
    image, metrics = rendered("\ue0b4\ue0b6\ue0b8\ue0be", GridSize(20, 5), ratio=2.0)
    width, middle, bottom = metrics.width, metrics.height // 2, metrics.height - 1

    def lit(x: int, y: int) -> bool:
        return image.pixel(x, y) & 0xFFFFFF == TEXT

    inside = [(0, 1), (0, bottom - 1), (width - 2, middle), (2 * width - 1, middle), (width + 1, middle)]
    inside += [(2 * width, bottom), (4 * width - 1, 0)]
    outside = [(width - 1, 0), (width, 0), (3 * width - 1, 0), (3 * width, bottom)]
    assert [lit(*point) for point in inside] == [True] * len(inside)
    assert [lit(*point) for point in outside] == [False] * len(outside)


def test_a_pause_sign_asked_for_as_an_emoji_is_in_colour_over_two_cells(qapp):
    if not any("color emoji" in family.lower() for family in QFontDatabase.families()):
        pytest.skip("no font of colour emoji is installed")
    image, metrics = rendered("\u23f8\ufe0f|", GridSize(20, 5), ratio=2.0)
    cell = colors_in(image.copy(0, 0, 2 * metrics.width, metrics.height))
    colored = [c for c in cell if max(c >> 16, c >> 8 & 255, c & 255) - min(c >> 16, c >> 8 & 255, c & 255) > 60]
    assert colored


def test_a_long_arrow_uses_the_free_cell_after_it(qapp):
    width_of = QFontMetricsF(CellMetrics(FONT, 26, 1.0).shaped_fonts[0]).tightBoundingRect("\u27f9").width()
    free, metrics = rendered("x\u27f9 ", GridSize(20, 5), ratio=2.0)
    occupied, _ = rendered("x\u27f9xx", GridSize(20, 5), ratio=2.0)
    plain, _ = rendered("xx xx", GridSize(20, 5), ratio=2.0)
    behind = QRect(2 * metrics.width, 0, metrics.width, metrics.height)
    assert (colors_in(free.copy(behind)) != {BACKGROUND}) == (width_of > metrics.width)
    assert occupied.copy(behind) == plain.copy(QRect(0, 0, metrics.width, metrics.height))


LINES = ("4", "4:2", "4:3", "4:4", "4:5", "9", "53")
"""SGR parameters of underlines, strike-through and overline."""


@pytest.mark.parametrize("ratio", [1.0, 1.25, 1.5])
@pytest.mark.parametrize("line_height", [1.1, 1.35, 2.0])
def test_higher_rows_have_the_usual_text_and_lines_vertically_centred(qapp, ratio, line_height):
    text = "\r\n".join(f"\x1b[{line}mgÅy_|\x1b[0m x" for line in LINES)
    size = GridSize(20, len(LINES))
    low, low_metrics = rendered(text, size, ratio=ratio)
    high, metrics = rendered(text, size, ratio=ratio, line_height=line_height)
    assert (metrics.width, metrics.height) == (low_metrics.width, round(low_metrics.height * line_height))
    above, below = metrics.text_top, metrics.height - metrics.text_bottom
    assert 0 <= below - above <= 1
    for row in range(len(LINES)):
        top = row * metrics.height
        assert high.copy(0, top + above, high.width(), low_metrics.height) == low.copy(
            0, row * low_metrics.height, low.width(), low_metrics.height
        ), LINES[row]
        for rest in (high.copy(0, top, high.width(), above), high.copy(0, top + metrics.text_bottom, 9, below)):
            assert rest.isNull() or colors_in(rest) == {BACKGROUND}


def test_a_background_and_the_cursor_fill_higher_cells(qapp):
    image, metrics = rendered("\x1b[41mab\r\ncd", GridSize(20, 5), line_height=1.7)
    background = image.pixel(0, 0)
    edges = [image.copy(0, y, 2 * metrics.width, 1) for y in (0, metrics.height - 1, metrics.height)]
    assert all(colors_in(edge) == {background & 0xFFFFFF} for edge in edges)
