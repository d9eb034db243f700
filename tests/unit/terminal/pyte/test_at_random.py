"""Random programs: cutting, copying or replaying their bytes makes no difference to the screen."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from session_host.protocol.values import CellSize, GridSize
from session_host.terminal.pyte.emulator import PyteEmulator

SIZE = GridSize(17, 6)

_counts = st.sampled_from(["", "0", "1", "2", "3", "7", "20"])
_texts = st.sampled_from(
    [
        "a", "hello ", "0123456789ABCDEFGHIJ", "世", "你好世界", "e\u0301", "o\u0302\u0301", "⚠\ufe0f", "❤\ufe0f",
        "👨\u200d👩\u200d👧", "🇩🇪", "👍🏽", "─│┌", "\u200b", "한글", " ", "é", "q\u0303",
    ]
)  # fmt: skip
_controls = st.sampled_from(["\r", "\n", "\r\n", "\b", "\t", "\x0e", "\x0f", "\x07", "\x7f", "\0"])
_escapes = st.sampled_from(
    [
        "\x1b7", "\x1b8", "\x1bD", "\x1bM", "\x1bE", "\x1bH", "\x1b(0", "\x1b(B", "\x1b)0", "\x1b#8", "\x1b=", "\x1b>",
        "\x1b[?1049h", "\x1b[?1049l", "\x1b[?47h", "\x1b[?47l", "\x1b[?1047h", "\x1b[?6h", "\x1b[?6l", "\x1b[4h",
        "\x1b[4l",
        "\x1b[?7l", "\x1b[?7h", "\x1b[?25l", "\x1b[?1h", "\x1b[?2004h", "\x1b[?1002h", "\x1b[?1006h", "\x1b[?2026h",
        "\x1b[m", "\x1b[1;31m", "\x1b[44m", "\x1b[4:3;58:5:9m", "\x1b[38;2;1;2;3m", "\x1b[7m", "\x1b[48;5;200m",
        "\x1b]8;;http://x.org/\x1b\\", "\x1b]8;;\x07", "\x1b]2;title\x07", "\x1b]4;3;#102030\x1b\\", "\x1b]10;red\x07",
        "\x1b[2;5r", "\x1b[1;3r", "\x1b[r", "\x1b[?69h\x1b[3;9s", "\x1b[?69l", "\x1b[>5u", "\x1b[<u", "\x1b[=3;2u",
        "\x1b[3g", "\x1b[5 q", "\x1b[1\"q", "\x1b[0\"q", "\x1b[?J", "\x1b[!p", "\x1b[>4;2m", "\x1b[22J", "\x1b[20h",
        "\x1bPx\x1b\\", "\x1b_ignored\x1b\\", "\x1b[s", "\x1b[u", "\x1b[?2027l", "\x1b[?2027h", "\x1b[3J",
    ]
)  # fmt: skip
_counted = st.builds(lambda count, final: f"\x1b[{count}{final}", _counts, st.sampled_from("ABCDEFGHIJKLMPSTXZ@abde`f"))
_positions = st.builds(lambda row, column: f"\x1b[{row};{column}H", st.integers(1, 8), st.integers(1, 20))
_tokens = st.one_of(_texts, _texts, _controls, _escapes, _counted, _positions)
programs = st.lists(_tokens, min_size=1, max_size=40).map(lambda tokens: "".join(tokens).encode())
fuzz = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def emulator() -> PyteEmulator:
    return PyteEmulator(SIZE, scrollback_lines=50)


def state(terminal: PyteEmulator) -> Any:
    """Everything that a viewer sees."""
    return (
        terminal.history(0, 1000), terminal.rows(), terminal.cursor, terminal.modes, terminal.title,
        terminal.frame()._replace(rows={}, full=True),
    )  # fmt: skip


@fuzz
@given(programs)
def test_byte_by_byte_gives_the_same_screen(program: bytes) -> None:
    whole, single = emulator(), emulator()
    whole.feed(program)
    for offset in range(len(program)):
        single.feed(program[offset : offset + 1])
    assert state(single) == state(whole)
    assert single.take_replies() == whole.take_replies()
    assert single.take_events() == whole.take_events()
    assert single.snapshot() == whole.snapshot()


@fuzz
@given(programs, st.data())
def test_a_snapshot_at_any_byte_makes_no_difference_later(program: bytes, data: st.DataObject) -> None:
    offset = data.draw(st.integers(0, len(program)))
    original = emulator()
    original.feed(program[:offset])
    copy = PyteEmulator.restore(original.snapshot())
    assert state(copy) == state(original)
    for terminal in (original, copy):
        terminal.feed(program[offset:])
    assert state(copy) == state(original)
    assert copy.snapshot() == original.snapshot()


@fuzz
@given(programs, st.data())
def test_a_replay_at_any_byte_rebuilds_the_screen(program: bytes, data: st.DataObject) -> None:
    offset = data.draw(st.integers(0, len(program)))
    original, copy = emulator(), emulator()
    original.feed(program[:offset])
    copy.feed(original.replay())
    assert state(copy) == state(original)


@fuzz
@given(st.binary(max_size=400), st.integers(1, 30), st.integers(1, 12))
def test_no_bytes_raise_an_error(garbage: bytes, columns: int, rows: int) -> None:
    terminal = PyteEmulator(GridSize(columns, rows), scrollback_lines=5)
    terminal.feed(garbage)
    terminal.resize(GridSize(rows, columns), CellSize())
    terminal.feed(garbage)
    assert len(terminal.rows()) == columns
    terminal.frame()
    terminal.replay()


@fuzz
@given(programs, st.lists(st.tuples(st.integers(1, 30), st.integers(1, 12)), max_size=4))
def test_resizes_keep_the_grid_consistent(program: bytes, sizes: list[tuple[int, int]]) -> None:
    terminal = emulator()
    terminal.feed(program)
    for columns, rows in sizes:
        terminal.resize(GridSize(columns, rows), CellSize())
        shown = terminal.rows()
        assert len(shown) == rows
        assert all(run.column + run.cells <= columns for row in shown for run in row.runs)
        assert 0 <= terminal.cursor.column < columns
        assert 0 <= terminal.cursor.row < rows
        terminal.feed(program)


@fuzz
@given(st.lists(st.text("abc 世é", max_size=30), max_size=12), st.integers(3, 40))
def test_text_survives_any_width(lines: list[str], columns: int) -> None:
    lines = [line.rstrip() for line in lines]
    terminal = PyteEmulator(GridSize(20, 5), scrollback_lines=500)
    terminal.feed("\r\n".join(lines).encode())

    def logical() -> list[str]:
        found, parts = [], []
        for row in [*terminal.history(0, 1000), *terminal.rows()]:
            parts.append(row.text())
            if not row.wrapped:
                found.append("".join(parts).replace(" ", ""))
                parts.clear()
        while found and not found[-1]:
            found.pop()
        return found

    before = logical()
    terminal.resize(GridSize(columns, 5), CellSize())
    assert logical() == before
    terminal.resize(GridSize(20, 5), CellSize())
    assert logical() == before


@fuzz
@given(programs, programs)
def test_partial_frames_add_up_to_the_screen(first: bytes, second: bytes) -> None:
    terminal = emulator()
    painted = {}
    for program in (first, second, first):
        terminal.feed(program)
        frame = terminal.frame()
        if frame.full:
            assert sorted(frame.rows) == list(range(SIZE.rows))
        painted.update(frame.rows)
        assert [painted[row] for row in range(SIZE.rows)] == terminal.rows()


_places = st.tuples(st.integers(-2, 30), st.integers(-2, 12))
_looks = st.one_of(
    st.tuples(st.just("select"), _places, _places, st.sampled_from(["cell", "word", "line"]), st.booleans()),
    st.tuples(st.just("extend"), _places),
    st.tuples(st.just("scroll"), st.integers(-60, 60)),
    st.tuples(st.just("resize"), st.integers(1, 30), st.integers(1, 12)),
    st.tuples(st.just("all")),
    st.tuples(st.just("feed"), programs),
)


@fuzz
@given(programs, st.lists(_looks, max_size=12))
def test_scrolling_and_selecting_never_raise_an_error(program: bytes, looks: list[Any]) -> None:
    terminal = emulator()
    terminal.feed(program)
    painted = terminal.frame().rows
    for look in looks:
        match look:
            case ("select", anchor, head, unit, rectangle):
                terminal.select(anchor, head, unit, rectangle=rectangle)
            case ("extend", head):
                terminal.extend_selection(head)
            case ("scroll", rows):
                terminal.scroll(rows)
            case ("resize", columns, rows):
                terminal.resize(GridSize(columns, rows), CellSize())
            case ("all",):
                terminal.select_all()
            case ("feed", more):
                terminal.feed(more)
        terminal.selected_text()
        frame = terminal.frame()
        painted = dict(frame.rows) if frame.full else painted | frame.rows
        terminal.damage_all()
        assert painted == terminal.frame().rows
        assert 0 <= frame.scroll_offset <= frame.scrollback_rows
