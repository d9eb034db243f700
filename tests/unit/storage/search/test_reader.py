"""Lines of text from recorded bytes, as a user saw them, each once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_host.storage.journal import Entry
from session_host.storage.search.index import MAX_LINE_CHARACTERS
from session_host.storage.search.lines import IndexedLine
from session_host.storage.search.reader import (
    MAX_STEP_BYTES,
    MAX_STEP_LINES,
    REMEMBERED,
    LineTracker,
    Reader,
    SeenState,
    steps,
)
from session_host.terminal import available_engines
from session_host.terminal.base import EngineName
from tests.support.fuzzing import PIECES
from tests.support.journals import BEGAN_NS, SECOND_NS, output, resize

ENGINES = available_engines()


def read(*parts: bytes | tuple[float, bytes], engine: EngineName = "ghostty", columns: int = 40) -> list[IndexedLine]:
    """Read the lines of output; each part is 0.01 s after the previous one unless it has its own time in seconds."""
    reader = Reader(engine)
    try:
        for entry in recorded(parts, columns):
            reader.read_entry(entry)
        reader.settle()
        new, grown = reader.pop_lines()
    finally:
        reader.close()
    assert not grown
    return new


def recorded(parts: tuple[bytes | tuple[float, bytes], ...], columns: int = 40) -> list[Entry]:
    entries: list[Entry] = [resize(0, 1, columns, 10)]
    offset, at_s = 0, 0.0
    for part in parts:
        at_s, data = part if isinstance(part, tuple) else (at_s + 0.01, part)
        entries.append(output(offset, data, at_s))
        offset += len(data)
    return entries


def texts(*parts: bytes | tuple[float, bytes], engine: EngineName = "ghostty", columns: int = 40) -> list[str]:
    return [line.text for line in read(*parts, engine=engine, columns=columns)]


@pytest.mark.parametrize("engine", ENGINES)
class TestEveryEngine:
    def test_scrolled_lines_and_those_on_the_screen_are_read(self, engine: EngineName) -> None:
        data = b"".join(b"line %d\r\n" % number for number in range(100))
        assert texts(data, engine=engine) == [f"line {number}" for number in range(100)]

    def test_colours_and_titles_are_no_text(self, engine: EngineName) -> None:
        assert texts(b"\x1b]0;title\x07\x1b[1;31mred\x1b[0m and \x1b[4mnot\x1b[m", engine=engine) == ["red and not"]

    def test_a_wrapped_line_is_one_line(self, engine: EngineName) -> None:
        words = " ".join(f"word{number}" for number in range(200))
        assert texts(words.encode(), b"\r\n" * 20, engine=engine) == [words]

    def test_wide_characters_emoji_and_marks_are_read(self, engine: EngineName) -> None:
        line = "日本語 한국어 🙂🚀 e\u0301 größe"
        assert texts(line.encode() + b"\r\n", b"\n" * 20, engine=engine) == [line]

    def test_full_screen_programs_are_read(self, engine: EngineName) -> None:
        shown = texts(
            b"$ less\r\n",
            b"\x1b[?1049h\x1b[Hfirst page\x1b[10;1H:",
            (5.0, b"\x1b[2J\x1b[Hsecond page\x1b[10;1H:"),
            (9.0, b"\x1b[?1049l"),
            b"$ after\r\n",
            engine=engine,
        )
        assert shown == ["$ less", "first page", ":", "second page", "$ after"]


def test_lines_have_the_time_of_their_output() -> None:
    lines = read((0.0, b"early\r\n"), (60.0, b"late\r\n"), (120.0, b"\n" * 30))
    assert [(line.text, (line.time_ns - BEGAN_NS) / SECOND_NS) for line in lines] == [("early", 0.0), ("late", 60.0)]


def test_a_line_shown_for_a_second_is_read_before_it_is_overwritten() -> None:
    frames = [(number * 0.1, b"\x1b[2;1H\x1b[2Kstep %02d" % (number // 30)) for number in range(90)]
    assert texts(*frames) == ["step 00", "step 01", "step 02"]


def test_a_line_cleared_at_once_is_read() -> None:
    assert texts((0.0, b"$ "), (9.0, b"seen\r\n\x1b[H\x1b[2Jafter")) == ["$ seen", "after"]


def test_an_unfinished_line_that_is_cleared_is_not_joined_with_the_next() -> None:
    begun = b"x" * 500
    assert texts(begun, b"\x1b[H\x1b[2J\x1b[Hnext\r\n", b"\n" * 20) == ["x" * 500, "next"]


def test_a_history_cleared_by_the_program_is_read_again_from_its_start() -> None:
    # The first part ends within a character, so that its rows cannot be removed from the history.
    first = b"".join(b"before %d\r\n" % number for number in range(30)) + b"\xe6"
    second = b"\x1b[3J\x1b[H\x1b[2J" + b"".join(b"after %d\r\n" % number for number in range(60))
    shown = texts((0.0, first), (2.0, second))
    assert [line for line in shown if line.startswith("after")] == [f"after {number}" for number in range(60)]


def test_streamed_words_become_one_line() -> None:
    parts = [(number * 2.0, b"word%d " % number) for number in range(8)]
    assert texts(*parts, columns=100) == ["word0 word1 word2 word3 word4 word5 word6 word7"]


def test_a_flood_of_short_lines_is_read_completely() -> None:
    assert len(texts(b"y\r\n" * 20_000)) == 20_000


def test_an_endless_line_is_split() -> None:
    words = " ".join(f"{number:06}" for number in range(100_000))
    lines = read(words.encode(), b"\r\n" * 20)
    assert all(len(line.text) <= 3 * MAX_LINE_CHARACTERS for line in lines)
    assert all(any(f" {number:06} " in line.text for line in lines) for number in range(1, 99_999, 997))


def test_lost_output_ends_a_sequence() -> None:
    reader = Reader("ghostty")
    for entry in (resize(0, 1), output(0, b"one\r\n\x1b]0;tit"), output(1000, b"two\r\n")):
        reader.read_entry(entry)
    reader.settle()
    assert [line.text for line in reader.pop_lines()[0]] == ["one", "two"]
    reader.close()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("cut", [1, 64])
def test_reading_in_parts_equals_reading_at_once(engine: EngineName, cut: int) -> None:
    lines = [f"line {number}:" + "x" * (number % 90) for number in range(120)]
    data = "\r\n".join(lines).encode() + b"\r\n\x1b[?1049h\x1b[31mfull\x1b[m\x1b[?1049lafter\r\n"
    entries = recorded(tuple(data[start : start + cut] for start in range(0, len(data), cut)))
    found: dict[int, str] = {}
    kept, offset, resizes = b"", 0, -1
    for first in range(0, len(entries), 97):
        reader = Reader.restored(engine, offset, resizes, kept) if kept else Reader(engine)
        assert reader is not None
        for entry in entries[first : first + 97]:
            reader.read_entry(entry)
        reader.settle()
        new, grown = reader.pop_lines()
        found |= {line.number: line.text for line in [*new, *grown]}
        offset, resizes, kept = reader.offset, reader.resizes, reader.save_state()
        reader.close()
    assert [*found.values()] == [*lines, "full", "after"]


@pytest.mark.parametrize("kept", [b"", b"garbage", b"x\x9c\x03\x00\x00\x00\x00\x01"])
def test_a_damaged_state_is_refused(kept: bytes) -> None:
    assert Reader.restored("ghostty", 0, 0, kept) is None


PARTS = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.sampled_from(
            [
                b"\x1b[?1049h",
                b"\x1b[?1049l",
                b"\x1b[2J",
                b"\x1b[3J",
                b"\x1bc",
                b"\x1b[H",
                b"\r\n" * 30,
                b"\x1b[999S",
                b"\x1b[5L",
                b"\x1b]0;",
                b"\x1bP",
                b"\x1b\\",
                "日本語".encode(),
                b"a" * 90,
                b"\x1b[3;5r",
                b"\x1b[?7l",
            ]
        ),
        st.tuples(st.integers(20, 90), st.integers(5, 30)),
    ),
    max_size=25,
)


@pytest.mark.parametrize("engine", ENGINES)
@given(parts=PARTS, planted=st.integers(0, 24), slow=st.booleans())
def test_a_line_is_found_between_any_other_output(
    engine: EngineName, parts: list[bytes | tuple[int, int]], planted: int, slow: bool
) -> None:
    """The line is written after a reset of the terminal, with random output before and after it."""
    entries: list[Entry] = [resize(0, 1, 40, 10)]
    offset, at_s, resizes = 0, 0.0, 1
    for place, part in enumerate([*parts[:planted], b"\x18\x1b\\\x1bc\r\nthe needle\r\n", *parts[planted:]]):
        # A line that stays for two seconds counts as seen.
        at_s += 2.0 if slow or place in {planted, planted + 1} or place == len(parts) else 0.001
        if isinstance(part, tuple):
            resizes += 1
            entries.append(resize(offset, resizes, *part, at_s=at_s))
        elif part:
            entries.append(output(offset, part, at_s))
            offset += len(part)
    reader = Reader(engine)
    try:
        for entry in entries:
            reader.read_entry(entry)
        reader.settle()
        lines, _ = reader.pop_lines()
        again = Reader.restored(engine, reader.offset, reader.resizes, reader.save_state())
        assert again is not None
        again.close()
    finally:
        reader.close()
    assert any("the needle" in line.text for line in lines)


@given(PIECES)
def test_cutting_loses_nothing(data: bytes) -> None:
    assert b"".join(step for step, _ in steps(data, 80)) == data


def test_a_step_scrolls_few_rows() -> None:
    data = b"y\n" * 50_000 + b"x" * 2_000_000
    cut = [step for step, _ in steps(data, 20)]
    assert b"".join(cut) == data
    assert all(
        step.count(b"\n") <= MAX_STEP_LINES and len(step) <= min(MAX_STEP_BYTES, 20 * MAX_STEP_LINES) for step in cut
    )


def test_a_step_ends_before_the_screen_is_lost() -> None:
    data = b"one\x1b[2Jtwo\x1b[?1049hthree\x1b[?25;1049lfour\x1b[Hfive\x1b[H\x1b[Jsix\x1bcseven"
    assert [(step[-3:], lost) for step, lost in steps(data, 80) if lost] == [
        (b"one", True),
        (b"two", True),
        (b"ree", True),
        (b"ive", True),
        (b"six", True),
    ]


class Lines:
    """A fake of the index."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def add(self, text: str) -> int:
        self.texts.append(text)
        return len(self.texts)

    def grow(self, number: int, text: str) -> None:
        self.texts[number - 1] = text

    def tracker(self, state: SeenState | None = None) -> LineTracker:
        return LineTracker(state or SeenState(), self.add, self.grow)


def test_a_line_that_scrolls_off_is_recognised_from_the_screen() -> None:
    lines = Lines()
    tracker = lines.tracker()
    tracker.update_screen(["one", "", "two", "$ "])
    tracker.scroll_off(["one", "", "two"])
    tracker.scroll_off(["$ ls", "three"])
    tracker.update_screen(["four"])
    assert lines.texts == ["one", "two", "$ ls", "three", "four"]


def test_a_repeated_screen_is_recognised() -> None:
    lines = Lines()
    tracker = lines.tracker()
    for _ in range(3):
        tracker.update_screen(["menu", "a"])
        tracker.update_screen(["help", "b"])
    assert sorted(lines.texts) == ["a", "b", "help", "menu"]


def test_the_remembered_lines_are_bounded_and_can_be_saved() -> None:
    lines = Lines()
    tracker = lines.tracker()
    for number in range(3 * REMEMBERED):
        tracker.update_screen([f"{number:06}"])
    state = tracker.state()
    assert len(state.gone) == REMEMBERED
    lines.tracker(state).update_screen([f"{3 * REMEMBERED - 1:06}", f"{3 * REMEMBERED - 2:06}"])
    assert len(lines.texts) == 3 * REMEMBERED
