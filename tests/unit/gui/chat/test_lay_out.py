"""How segments are laid out: line breaks, right-to-left texts, the font of code, images."""

from __future__ import annotations

import re
import struct
import threading
import zlib
from dataclasses import replace

import pytest
from PySide6.QtCore import QBuffer, QPointF, QSize
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QTextLayout
from PySide6.QtWidgets import QApplication

from gui.chat import pictures
from gui.chat.content.markdown import MarkdownText
from gui.chat.content.segments import (
    Action,
    Button,
    Code,
    DiffHead,
    Face,
    FoldLine,
    Paragraph,
    Picture,
    Run,
    Table,
    TurnLine,
    code_segments,
    utf16_slice,
)
from gui.chat.drawing.code import CodeLook, lay_out_diff_head
from gui.chat.drawing.lay_out import lay_out, lay_out_paragraph
from gui.chat.drawing.segment_layout import SegmentLayout, baseline_in, reads_from_right
from gui.chat.drawing.style import MARGIN_PX, Style, Widths
from gui.chat.pictures import Pictures, decode
from gui.theme.terminal import TerminalFont
from gui.theme.theme import Theme
from session_host.protocol.values import Image
from tests.support.qt_waiting import process_events_until
from tests.support.themes import OWN


def lines_of(layout: QTextLayout) -> list[str]:
    lines = [layout.lineAt(number) for number in range(layout.lineCount())]
    return [utf16_slice(layout.text(), line.textStart(), line.textStart() + line.textLength()) for line in lines]


@pytest.mark.parametrize("words", ["The answer was cut; ", "🎉 The answer was cut; "])
def test_a_command_stays_with_its_slash(qapp: QApplication, words: str) -> None:
    style = Style(Theme(qapp, OWN, "dark"), 13)
    text = f"{words}/continue to continue, /retry to ask again, or read docs/guide/x.md"
    for width_px in range(90, 600):
        [box] = lay_out_paragraph(Paragraph(text), width_px, style).boxes
        lines = lines_of(box.layout)
        assert "".join(lines) == text
        assert not [line for line in lines[:-1] if line.endswith(" /")], (width_px, lines)


TABLE = """| function | what it does | cost | file |
|---|---|---:|---|
| `lay_out_table` | Lays out rows of a **table**, of any width | 5,000.0 | `gui/chat/drawing.py` |
| illustrations | short words | -12,345,678.90 | 2026-11-27 |
"""


def tables_of(text: str) -> list[Table]:
    return [each for each in MarkdownText().segments(text) if isinstance(each, Table)]


@pytest.mark.parametrize("size_px", [13, 26])
def test_a_table_breaks_no_word_and_no_number_and_is_wider_than_a_narrow_pane(qapp: QApplication, size_px: int) -> None:
    style = Style(Theme(qapp, OWN, "dark"), size_px)
    [table] = tables_of(TABLE)
    words = {"", *re.split(r"[\s/]", table.text)}
    widths = list(range(60, 1600, 20))
    overflows = []
    for width_px in widths:
        laid = lay_out(table, Widths(width_px, width_px), style, columns=False)
        shown = {piece for box in laid.boxes for line in lines_of(box.layout) for piece in re.split(r"[\s/]", line)}
        overflows.append(laid.overflow is not None)
        if not overflows[-1]:
            assert max(box.x + box.width for box in laid.boxes) <= width_px
        if width_px >= 16 * size_px:
            assert shown <= words, width_px
    assert overflows == sorted(overflows, reverse=True), "it is scrolled only where it does not fit"
    assert (overflows[0], overflows[-1]) == (True, False)


def test_columns_are_24_px_apart_and_a_table_is_as_wide_as_it_needs(style: Style) -> None:
    [table] = tables_of("| a | b |\n|---|---:|\n| word | 31 s |\n| `TooManyRequests` | 1 |\n")
    laid = lay_out(table, Widths(640, 880), style, columns=False)
    first = [each for each in laid.boxes if each.x == 0]
    second_x = min(each.x for each in laid.boxes if each.x > 0)
    widest_px = max(each.layout.lineAt(0).naturalTextWidth() for each in first)
    assert second_x - widest_px == pytest.approx(24, abs=2)
    assert max(each.x + each.width for each in laid.boxes) < 400, "not stretched"
    assert laid.overflow is None
    [long] = tables_of(f"| a | b |\n|---|---|\n| {'word ' * 60}| {'word ' * 60}|\n")
    laid = lay_out(long, Widths(640, 880), style, columns=False)
    assert max(each.x + each.width for each in laid.boxes) <= 641
    assert laid.overflow is None, "no bar that scrolls nothing"


def test_a_cell_is_broken_at_blanks_alone(style: Style) -> None:
    [table] = tables_of("| a | b |\n|---|---|\n| a long-hyphenated-word of x | some/path/of.py and more words here |\n")
    words = set(table.text.split())
    for width_px in range(330, 640, 10):
        laid = lay_out(table, Widths(width_px, width_px), style, columns=False)
        shown = {word for box in laid.boxes for line in lines_of(box.layout) for word in line.split()}
        assert shown <= words, width_px


def baselines(laid: SegmentLayout) -> set[float]:
    """Where the letters of first lines stand."""
    return {box.y + line.y() + line.ascent() for box in laid.boxes for line in [box.layout.lineAt(0)]}


@pytest.mark.parametrize("size_px", [13, 14, 15, 24])
def test_letters_of_one_line_stand_on_one_line(qapp: QApplication, size_px: int) -> None:
    style = Style(Theme(qapp, OWN, "dark"), size_px)
    [table] = tables_of("| plain | `code` | **bold** |\n|---|---|---|\n| plain | `code` | **bold** and `code` |\n")
    laid = lay_out(table, Widths(640, 640), style, columns=False)
    assert len(baselines(laid)) == 2, "one for each row"
    assert all(each == int(each) for each in baselines(laid)), "on whole pixels"
    line = FoldLine("Ran make check", object_at=4, detail="31 s")
    laid = lay_out(line, Widths(640, 640), style, columns=False)
    assert baselines(laid) == {baseline_in(laid.height, style.metrics(style.small_px))}, "that of the time at its end"


@pytest.mark.parametrize("wraps", [True, False])
def test_the_language_of_code_covers_no_letter_of_it(style: Style, wraps: bool) -> None:
    for length in range(10, 130, 3):
        [code] = code_segments("x" * length, Code(language="python", title="python", copies=True))
        look = CodeLook(wraps=wraps)
        laid = lay_out(code, Widths(640, 640), style, columns=False, code=look)
        [box] = laid.boxes
        end = box.x + box.layout.lineAt(0).naturalTextRect().right()
        label = bool(laid.resting)
        label_left = 640 - style.metrics(style.size_px - 3).horizontalAdvance("python") - 12
        assert end <= label_left or not label, length
        assert label or length > 60


def test_a_word_that_is_wider_than_the_pane_is_broken(style: Style) -> None:
    [table] = tables_of(f"| a | b |\n|---|---|\n| {'x' * 500} | y |\n")
    laid = lay_out(table, Widths(300, 300), style, columns=False)
    assert laid.overflow is not None
    assert 300 < laid.overflow.content_px < 2 * 300


def test_all_parts_of_a_long_table_have_the_same_columns(style: Style) -> None:
    rows = "".join(f"| {number} {'word ' * 20}| {'long' * (5 if number == 90 else 1)} |\n" for number in range(100))
    parts = tables_of(f"| a | b |\n|---|---|\n{rows}")
    assert len(parts) > 2
    laid = [lay_out(part, Widths(300, 300), style, columns=False) for part in parts]
    assert len({tuple(sorted({box.x for box in each.boxes})) for each in laid}) == 1
    assert "long" * 5 in {line for each in laid for box in each.boxes for line in lines_of(box.layout)}


HEBREW = "שלום, קובץ api.py"
WIDTH_PX = 400


@pytest.fixture
def style(qapp: QApplication) -> Style:
    return Style(Theme(qapp, OWN, "dark"), 13)


def text_edges(laid: SegmentLayout) -> tuple[float, float]:
    """The left and right edge of the first line's text."""
    [box] = laid.boxes
    line = box.layout.lineAt(0)
    return box.x + line.naturalTextRect().left(), box.x + line.naturalTextRect().right()


def inked_columns(laid: SegmentLayout) -> set[int]:
    """The columns of pixels that a paragraph's list marker or quotation bars cover."""
    picture = QImage(WIDTH_PX, round(laid.height), QImage.Format.Format_RGB32)
    picture.fill(QColor("black"))
    painter = QPainter(picture)
    for paint in (*laid.under, *laid.over):
        paint(painter)
    painter.end()
    background = QColor("black").rgb()
    return {x for x in range(WIDTH_PX) for y in range(picture.height()) if picture.pixel(x, y) != background}


@pytest.mark.parametrize(
    ("text", "expected"),
    [("abc", False), ("", False), ("12 – …", False), (HEBREW, True), ("«12» سلام", True), ("api.py שלום", False)],
)
def test_the_first_letter_decides_the_direction_of_a_paragraph(text: str, expected: bool) -> None:
    assert reads_from_right(text) is expected


def test_a_right_to_left_paragraph_begins_at_the_right_edge(style: Style) -> None:
    laid = lay_out_paragraph(Paragraph(HEBREW), WIDTH_PX, style)
    left, right = text_edges(laid)
    assert right == pytest.approx(WIDTH_PX, abs=1)
    assert left > WIDTH_PX / 2
    assert laid.offset_at(QPointF(right - 1, 12)) == 0, "a click there is before the first letter"


def test_the_name_of_a_changed_file_ends_with_its_suffix(style: Style) -> None:
    laid = lay_out_diff_head(DiffHead("קובץ חדש.py"), WIDTH_PX, style, columns=False)
    line = laid.boxes[0].layout.lineAt(0)
    assert line.xToCursor(line.naturalTextRect().right()) == len("קובץ חדש.py")


def test_a_list_and_a_quotation_are_indented_from_the_right(style: Style) -> None:
    for fields in ({"indent": 1, "marker": "•"}, {"quotes": 1}):
        mirrored = lay_out_paragraph(Paragraph(HEBREW, **fields), WIDTH_PX, style)
        usual = lay_out_paragraph(Paragraph("Hello", **fields), WIDTH_PX, style)
        assert WIDTH_PX - text_edges(mirrored)[1] == pytest.approx(text_edges(usual)[0], abs=1)
        assert max(inked_columns(usual)) < text_edges(usual)[0]
        assert min(inked_columns(mirrored)) > text_edges(mirrored)[1]


def test_a_long_number_of_a_list_stays_on_the_page(style: Style) -> None:
    usual, *longer = (
        lay_out_paragraph(Paragraph(text, indent=1, marker=marker), WIDTH_PX, style)
        for text, marker in (("Hello", "1."), ("Hello", "19999."), (HEBREW, "19999."))
    )
    for laid in longer:
        left, right = text_edges(laid)
        beside = left if laid is longer[0] else WIDTH_PX - right
        number_px = style.metrics().horizontalAdvance("19999.")
        assert beside - number_px >= -MARGIN_PX
        assert beside > text_edges(usual)[0]


PROMPT = "Make the retry loop bounded, and keep what its callers see. " * 4


@pytest.mark.parametrize("text", [PROMPT, "שלום עולם, זה טקסט ארוך. " * 12], ids=["from left", "from right"])
def test_a_prompts_time_takes_room_on_its_first_line_only_and_no_line_breaks_anew_under_the_pointer(
    style: Style, text: str
) -> None:
    width_px = 600
    words = ("Edit", "Fork…", "Restore…", "Copy")
    buttons = tuple(Button(each, Action("copy_prompt", "i")) for each in words)
    plain, timed, offered = (
        lay_out_paragraph(Paragraph(text, time=time, buttons=shown), width_px, style)
        for time, shown in (("", ()), ("16:07", ()), ("16:07", buttons))
    )
    boxes = [each.boxes[0] for each in (plain, timed, offered)]
    lines = [[box.layout.lineAt(number) for number in range(box.layout.lineCount())] for box in boxes]
    assert lines_of(boxes[1].layout) == lines_of(boxes[2].layout), "the buttons lie over the text"
    assert len(lines[1]) > 2
    rest_px = [[line.width() for line in of[1:]] for of in lines]
    assert set(rest_px[1]) == {width_px}, "all of the measure"
    time_px = style.metrics(style.tiny_px).horizontalAdvance("16:07")
    assert time_px < width_px - lines[1][0].width() < time_px + 24
    is_mirrored = reads_from_right(text)
    edges = [each.naturalTextRect().right() if is_mirrored else each.naturalTextRect().left() for each in lines[1]]
    assert max(edges) - min(edges) <= 1, "all lines begin at the same edge"
    area = offered.covered
    assert all(area.contains(control.area) for control in offered.controls)
    assert (area.left() if is_mirrored else width_px - area.right()) == pytest.approx(0, abs=1)
    assert area.bottom() <= boxes[2].y + style.line_px, "only the first line is covered"
    assert offered.height == timed.height


def test_what_failed_is_told_in_a_narrow_pane_sooner_than_commands_and_before_buttons_have_room(style: Style) -> None:
    offers = tuple(Button(name, Action("offer", "p", name)) for name in ("Changes", "Restore…"))
    line = TurnLine(item="p", files=3, added=40, removed=12, commands=4, failed=1, steps=9, duration_ms=9000)
    seen = []
    for width_px in (640, 400, 330, 240):
        laid = lay_out(replace(line, buttons=offers), Widths(width_px, width_px), style, columns=False)
        [failed] = [each for each in laid.controls if each.action.kind == "failures"]
        assert failed.area.right() <= width_px
        seen.append({each.action.kind for each in laid.controls} - {"failures", "fold_turn"})
    assert seen == [{"offer"}, {"more"}, {"more"}, {"more"}]


def test_a_long_question_leaves_room_for_its_answer(style: Style) -> None:
    runs = (
        Run("Answered ", Face.SECONDARY),
        Run("Which of all the columns of this table holds the currency of an invoice?"),
        Run(" · ", Face.SECONDARY),
        Run("amount_currency"),
    )
    line = FoldLine("".join(run.text for run in runs), runs=runs, detail="16:12")
    for width_px in (640, 400, 330):
        [box] = lay_out(line, Widths(width_px, width_px), style, columns=False).boxes
        assert box.layout.text().endswith(" · amount_currency"), width_px
        assert box.layout.lineAt(0).naturalTextWidth() <= width_px


FAMILY = "Fira Code"


def glyphs(text: str, font: QFont) -> list[int]:
    layout = QTextLayout(text, font)
    layout.beginLayout()
    layout.createLine()
    layout.endLayout()
    return [glyph for run in layout.glyphRuns() for glyph in run.glyphIndexes()]


def test_code_has_the_ligatures_features_and_weight_that_are_set(theme: Theme) -> None:
    def code(font: TerminalFont, face: Face = Face.PLAIN) -> QFont:
        return Style(theme, 14, font).font(mono=True, face=face)

    plain = code(TerminalFont(FAMILY))
    apart = glyphs("-", plain) + glyphs(">", plain)
    assert glyphs("->", plain) != apart
    assert glyphs("->", code(TerminalFont(FAMILY, "never"))) == apart
    assert glyphs("->", code(TerminalFont(FAMILY, features=("-calt",)))) == apart
    assert glyphs("0", code(TerminalFont(FAMILY, features=("zero",)))) != glyphs("0", plain)
    assert code(TerminalFont(FAMILY, weight="medium")).weight() == QFont.Weight.Medium
    assert code(TerminalFont(FAMILY, weight="medium"), Face.BOLD).weight() > QFont.Weight.Medium


WAIT_S = 60.0
MOST = QSize(400, 300)


def png(width: int, height: int) -> bytes:
    """A grey PNG with identical rows."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress(b"\0" * ((width + 1) * height)) if width * height < 10_000_000 else b""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_a_large_image_is_made_smaller(qapp: QApplication) -> None:
    image = decode(Image("image/png", png(1200, 300)), MOST)
    assert image is not None
    assert (image.width(), image.height()) == (400, 100)


@pytest.mark.parametrize(
    "image",
    [
        Image("image/png", png(60_000, 60_000)),
        Image("image/png", b"no image"),
        Image("image/svg+xml", b'<svg xmlns="http://www.w3.org/2000/svg"><image href="http://example.org/x"/></svg>'),
        Image("text/html", b"<img src='http://example.org/x'>"),
    ],
    ids=["too many pixels", "damaged", "svg", "html"],
)
def test_damaged_and_dangerous_images_are_not_decoded(qapp: QApplication, image: Image) -> None:
    assert decode(image, MOST) is None


@pytest.mark.parametrize("is_whole", [True, False])
def test_a_picture_has_its_place_before_it_is_decoded_and_a_broken_one_its_name(style: Style, is_whole: bool) -> None:
    white, encoded = QImage(1200, 300, QImage.Format.Format_RGB32), QBuffer()
    white.fill(QColor("white"))
    encoded.open(QBuffer.OpenModeFlag.WriteOnly)
    white.save(encoded, "PNG")  # type: ignore[call-overload]  # the type hints name bytes
    data = bytes(encoded.data().data())
    image = Image("image/png", data if is_whole else data[: len(data) // 2])

    def laid() -> SegmentLayout:
        return lay_out(Picture("a picture", image=image), Widths(WIDTH_PX, WIDTH_PX), style, columns=False)

    decoded: list[Image] = []
    keep = decoded.append
    pictures.pictures().decoded.connect(keep)
    before = laid()
    assert (before.height, len(before.controls)) == (WIDTH_PX / 4 + 12, 1), "its place is known"
    inked_columns(before)  # Only what is painted is decoded.
    process_events_until(lambda: image in decoded, WAIT_S, "the picture to be decoded")
    pictures.pictures().decoded.disconnect(keep)
    after = laid()
    if is_whole:
        assert (after.height, len(after.controls)) == (before.height, 1)
        assert len(inked_columns(after)) == WIDTH_PX
    else:
        assert ([box.layout.text() for box in after.boxes], after.controls) == (["a picture"], [])


def test_one_picture_at_a_time_is_decoded_and_those_out_of_view_are_not(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    """60 flat pictures took 5 GB, and the window stood still for 10 seconds."""
    at_once: list[int] = []
    release, decoding = threading.Semaphore(0), set[Image]()

    def slowly(image: Image, _most: QSize) -> QImage:
        decoding.add(image)
        at_once.append(len(decoding))
        release.acquire()
        decoding.remove(image)
        return QImage(1000, 500, QImage.Format.Format_RGB32)

    monkeypatch.setattr(pictures, "decode", slowly)
    monkeypatch.setattr(pictures, "_KEPT_BYTES", 3 * 1000 * 500 * 4)
    kept = Pictures()
    images = [Image("image/png", bytes([number])) for number in range(60)]
    decoded: list[Image] = []
    awaited: list[int] = []
    kept.decoded.connect(decoded.append)

    def paint(shown: list[Image]) -> None:
        """Paint a page with these, and again after each that is decoded, until all are shown."""
        while [image for image in shown if kept.get(image) is None]:
            awaited.append(len(decoded) + 1)
            release.release()
            process_events_until(lambda: len(decoded) >= awaited[-1], WAIT_S, "a picture to be decoded")

    for image in images:  # The user scrolls past all of them: only the first was begun.
        kept.get(image)
    paint(images[-5:])
    assert set(decoded) == {images[0], *images[-5:]}
    assert set(at_once) == {1}
    assert all(kept.get(image) is not None for image in images[-5:]), "those in view stay, however large they are"
    paint(images[:2])
    paint(images[2:4])
    assert sum(kept._known.get(image) is not None for image in images) <= 5


def test_an_image_of_too_many_bytes_is_not_decoded(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MAX_IMAGE_BYTES", 10)
    assert decode(Image("image/png", png(4, 4)), MOST) is None
