"""Fallback fonts, features and weights of the terminal's font, and letters with marks, compared by pixels."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from PySide6.QtGui import QFont, QFontDatabase, QFontMetricsF, QImage, QRawFont

from gui.terminal.cell_metrics import CellMetrics, features_of
from gui.terminal.drawing.canvas import Canvas
from gui.terminal.drawing.colors import Colors
from gui.terminal.drawing.row_painter import RowPainter
from gui.terminal.glyphs.glyphs import Glyphs, _loose_marks
from gui.theme.terminal import TerminalFont
from session_host.protocol.values import GridSize
from session_host.terminal import create
from tests.support.canvases import picture_of
from tests.support.themes import DARK_TERMINAL as DARK

PLAIN, OTHER, WIDE = "DejaVu Sans Mono", "Fira Code", "DejaVu Sans"
SIZE = GridSize(24, 4)
ICON = "\uee03"
"""A part of a progress bar, in the private use area: of these fonts, only Fira Code has it."""


def painted(text: str, font: TerminalFont, *, ratio: float = 1.0) -> Canvas:
    metrics = CellMetrics(font, 14, ratio)
    canvas = Canvas(RowPainter(metrics, Glyphs(metrics), Colors(DARK)))
    emulator = create(None, SIZE)
    emulator.feed(b"\x1b[?25l\x1b[?2027h" + text.encode())
    canvas.apply(emulator.frame())
    emulator.close()
    return canvas


def cells(canvas: Canvas, first: int, end: int) -> QImage:
    metrics = canvas.painter.metrics
    return picture_of(canvas).copy(first * metrics.width, 0, (end - first) * metrics.width, metrics.height)


def ink(image: QImage) -> list[tuple[int, int]]:
    """The pixels in another colour than the background's."""
    background = DARK.background.rgb()
    return [(x, y) for x in range(image.width()) for y in range(image.height()) if image.pixel(x, y) != background]


def lacking(family: str, *having: str) -> Iterator[str]:
    """Symbols that ``family`` lacks and all other fonts have."""
    lacks, *have = [QRawFont.fromFont(QFont(name)) for name in (family, *having)]
    for code in range(0x2190, 0x2B00):
        if not lacks.supportsCharacter(code) and all(each.supportsCharacter(code) for each in have):
            yield chr(code)


def test_fallback_fonts_are_asked_in_order_before_any_other(qapp):
    assert {PLAIN, OTHER, WIDE} <= set(QFontDatabase.families()), "a package of the tests is missing"
    of_icon = cells(painted(ICON, TerminalFont(OTHER)), 0, 1)
    assert ink(of_icon)
    assert cells(painted(ICON, TerminalFont(PLAIN)), 0, 1) != of_icon
    for names in ((OTHER,), (OTHER.lower(),), ("no such font", OTHER), (WIDE, OTHER)):
        metrics = CellMetrics(TerminalFont(PLAIN, fallbacks=names), 14, 1.0)
        assert metrics.family == PLAIN
        assert metrics.has_glyph(ICON, 0)
        assert ink(cells(painted(ICON, TerminalFont(PLAIN, fallbacks=names)), 0, 1)), names
    symbol = next(lacking(PLAIN, WIDE, OTHER))
    first, second = (painted(symbol, TerminalFont(PLAIN, fallbacks=names)) for names in ((WIDE, OTHER), (OTHER, WIDE)))
    assert picture_of(first) != picture_of(second)
    # Characters of the font itself do not change.
    text = "abc 0O || -> │─ é"
    fallback = TerminalFont(PLAIN, fallbacks=(OTHER,))
    assert picture_of(painted(text, fallback)) == picture_of(painted(text, TerminalFont(PLAIN)))


@pytest.mark.parametrize("ratio", [1.0, 1.5])
def test_symbols_of_a_fallback_font_stay_in_their_cell_or_use_a_blank_next_one(qapp, ratio):
    font = TerminalFont(OTHER, fallbacks=(WIDE,))
    neighbours = cells(painted("xx xx", font, ratio=ratio), 3, 4)
    wide = 0
    for symbol in list(lacking(OTHER, WIDE))[:150:5]:
        occupied, free = (painted(f"x{symbol}{behind}", font, ratio=ratio) for behind in ("xx", "  "))
        assert cells(occupied, 2, 3) == neighbours, f"U+{ord(symbol):04X} covers its neighbour"
        assert not ink(cells(free, 3, 24))
        wide += bool(ink(cells(free, 2, 3)))
    assert wide, "none is wider than a cell"


@pytest.mark.parametrize("family", [PLAIN, OTHER])
@pytest.mark.parametrize("symbol", "⟶⟷↔⇔⌫")
def test_a_symbol_of_the_font_itself_does_not_cover_its_neighbours(qapp, family, symbol):
    font = TerminalFont(family)
    around = painted(f"xx{symbol}xx", font, ratio=2.0)
    plain = painted("xx xx", font, ratio=2.0)
    little = around.painter.metrics.width // 10 + 1
    changed = {x for x, y in set(ink(picture_of(around))) ^ set(ink(picture_of(plain)))}
    width = around.painter.metrics.width
    assert changed
    assert min(changed) >= 2 * width - little
    assert max(changed) < 3 * width + little


@pytest.mark.parametrize("family", [PLAIN, OTHER])
@pytest.mark.parametrize("mark", ["\u0332", "\u0338", "\u0334"])
def test_a_letter_with_a_mark_keeps_its_size(qapp, family, mark):
    """Also if the font has the mark as a character of its own width, or lacks it."""
    marked, bare = (cells(painted(f"a{text}b", TerminalFont(family)), 0, 1) for text in (mark, ""))
    assert set(ink(bare)) < set(ink(marked))


def test_marks_that_no_font_has_do_not_hide_the_letter(qapp):
    fonts = [QRawFont.fromFont(QFont(name)) for name in QFontDatabase.families()]
    missing = next(
        mark
        for mark in filter(unicodedata.combining, map(chr, range(0x0363, sys.maxunicode)))
        if not any(font.supportsCharacter(ord(mark)) for font in fonts)
    )
    font = TerminalFont(PLAIN)
    assert set(ink(cells(painted("a", font), 0, 1))) <= set(ink(cells(painted(f"a{missing}\u0332", font), 0, 1)))


@pytest.mark.parametrize(
    ("text", "loose"), [("न्दी", ""), ("ক্ষ", ""), ("கீ", ""), ("น้ำ", ""), ("ខ្មែ", ""), ("e\u0301", "\u0301")]
)
def test_vowel_signs_and_viramas_stay_with_their_letters(text, loose):
    """Also in a font in which each of them has a width."""
    measured = SimpleNamespace(horizontalAdvance=lambda text: 10.0 * len(text), inFontUcs4=lambda _code: True)
    assert _loose_marks(text, cast("QFontMetricsF", measured)) == loose


def test_features_change_glyphs_and_can_disable_ligatures(qapp):
    text = "0O r & a -> b != c"
    plain, changed = TerminalFont(OTHER), TerminalFont(OTHER, features=("zero", "ss03"))
    assert picture_of(painted(text, changed)) != picture_of(painted(text, plain))
    assert picture_of(painted("abc", changed)) == picture_of(painted("abc", plain))
    assert CellMetrics(changed, 14, 1.0).ligatures is not None
    off = TerminalFont(OTHER, features=("-calt",))
    assert picture_of(painted(text, off)) == picture_of(painted(text, TerminalFont(OTHER, "never")))
    unknown = TerminalFont(OTHER, features=("zzzz", "not a feature", "ß"))
    assert picture_of(painted(text, unknown)) == picture_of(painted(text, plain))


def test_features_are_written_as_in_kitty():
    written = ["zero", "+ss01", "-calt", "cv02=3", "x", "zero!"]
    assert features_of(written) == {"zero": 1, "ss01": 1, "calt": 0, "cv02": 3}


def test_text_has_the_weight_that_is_set_and_bold_text_is_bolder(qapp):
    def weights(font: TerminalFont) -> list[Any]:
        return [(raw.styleName(), raw.weight()) for raw in CellMetrics(font, 14, 1.0)._raw[:2]]

    assert weights(TerminalFont(OTHER)) == [("Regular", 400), ("Bold", 700)]
    assert weights(TerminalFont(OTHER, weight="light"))[0] == ("Light", 300)
    assert weights(TerminalFont(OTHER, weight="medium"))[0] == ("Medium", 500)
    assert weights(TerminalFont(OTHER, weight="semi_bold"))[1][1] == 800
    assert all(CellMetrics(TerminalFont(PLAIN, weight="medium"), 14, 1.0).exact), "a font without it still fits"


def letters(text: str) -> list[list[tuple[int, int]]]:
    """The ink of each cell of a text, without marks of the style."""
    canvas = painted(text, TerminalFont(PLAIN))
    return [ink(cells(canvas, column, column + 1)) for column in range(SIZE.columns)]


def read(text: str, characters: str) -> str:
    """The characters that the cells of a text look most like."""
    known = {one: set(letters(one)[0]) for one in characters}

    def likeness(one: str, seen: set[tuple[int, int]]) -> float:
        return len(known[one] & seen) / max(len(known[one] | seen), 1)

    seen = [set(pixels) for pixels in letters(text)]
    return "".join(
        max(characters, key=lambda one: likeness(one, pixels)) if pixels else " " for pixels in seen
    ).rstrip()


@pytest.mark.parametrize(
    ("logical", "visual"),
    [
        ("אב 12 ab", "12 בא ab"),
        ("a אב, גד! b", "a דג ,בא! b"),
        ("(אב)", "(בא)"),
        ("אב  גד", "בא  דג"),
        ("אב │ גד", "בא │ דג"),
        ("א (ב) ג", "ג (ב) א"),
        ("א\x1b[31mב", "אב"),
    ],
)
def test_hebrew_is_in_visual_order_and_other_text_stays(qapp, logical, visual):
    """Columns of a table stay, too; each colour is reordered by itself."""
    assert read(logical, "אבגד12ab,!()│") == visual


@pytest.mark.parametrize("text", [" \u05b0", " \u05b0A", "א\u05b0.\u05b0ב"])
def test_a_hebrew_mark_on_another_scripts_character_is_painted(qapp, text):
    assert letters(text)


def test_arabic_letters_are_joined(qapp):
    joined, alone = letters("بب"), letters("ب")[0]
    assert joined[0] != alone
    assert joined[1] != alone
    width = CellMetrics(TerminalFont(PLAIN), 14, 1.0).width
    assert any(x == width - 1 for x, _ in joined[0]), "no gap in the middle"
    assert any(x == 0 for x, _ in joined[1])
