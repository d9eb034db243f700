"""Saved states: snapshots of one engine, and replays that any engine reads."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from session_host.errors import OutliveError
from session_host.protocol.values import CellSize, GridSize
from session_host.terminal import available_engines, create, engine_build, from_replay, restore
from session_host.terminal.base import DefaultColors, Emulator, EngineName
from session_host.terminal.encode import encode_key
from tests.support.emulators import key, outputs, texts, visible_state

from .conftest import Maker

RANDOM = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
SIZE = GridSize(30, 8)

BEYOND_PORTABLE = b"\x1b[>5u\x1b]10;#010203\x07\x1b]4;7;#040506\x07\x1b]12;#070809\x07"
"""A keyboard's protocol and colours, which the portable engine lacks."""

STATE = (
    b"\x1b]2;title\x07\x1b[3;6r\x1b[4;4H\x1b7\x1b[3g\x1b[1;5H\x1bH"
    b"\x1b[?1h\x1b[?2004h\x1b[?1002h\x1b[?1006h\x1b)0\x0e"
    b"\x1b[1;4:3;38;5;99m\x1b]8;;http://a.example/\x1b\\\x1b[4 q"
    b"\x1b[7;9Hxq"
)
FUTURE = (
    b"lqk\r\n\tafter a tab\x1b8saved\x1b[?1049h\x1b[2Jfull\x1b[?1049l\x1b[<uback"
    b"\x1b[5;1H\n\n\nscrolled\x0fplain\x1b[0m\x1b]8;;\x1b\\."
)


def restored_copy(emulator: Emulator, make: Maker) -> Emulator:
    return make.keep(restore(emulator.engine, emulator.snapshot()))


def test_a_snapshot_keeps_everything(make: Maker) -> None:
    emulator = make(30, 8, output=b"1\r\n" * 30 + BEYOND_PORTABLE + STATE, cell=CellSize(9, 19), scrollback_lines=777)
    other = restored_copy(emulator, make)
    assert other.engine == emulator.engine
    assert other.build == emulator.build == engine_build(emulator.engine)
    assert (other.size, other.cell, other.scrollback_limit) == (SIZE, CellSize(9, 19), 777)
    assert other.title == "title"
    assert visible_state(other) == visible_state(emulator)
    assert other.frame()._replace(rows={}) == emulator.frame()._replace(rows={})
    for one in (emulator, other):
        one.feed(FUTURE)
    assert visible_state(other) == visible_state(emulator)


def test_a_restored_terminal_replies_as_before(make: Maker) -> None:
    colors = DefaultColors(foreground=0x112233, background=0x445566, cursor=0x778899, dark=False)
    colors = colors._replace(palette=tuple(range(0x100000, 0x100010)))
    queries = b"\x1b]4;1;?\x07\x1b[c\x1b[>q\x1b[14t\x1b[18t\x1b]10;?\x07\x1b]11;?\x07\x1b[?996n\x1b[?u\x1b[?2027$p"
    emulator = make(30, 8, colors=colors, cell=CellSize(9, 19))
    other = restored_copy(emulator, make)
    emulator.feed(queries)
    other.feed(queries)
    replies = emulator.take_replies()
    assert b"1111/2222/3333" in replies
    assert b"1010/0000/0101" in replies
    assert b"\x1b[?997;2n" in replies
    assert b"\x1b[4;152;270t" in replies
    assert other.take_replies() == replies


def test_taking_a_snapshot_changes_nothing(make: Maker) -> None:
    emulator = make(30, 8, output=b"one\r\n" * 20 + STATE + b"\x1b[3")
    emulator.frame()
    before = visible_state(emulator)
    emulator.snapshot()
    emulator.replay()
    assert visible_state(emulator) == before
    assert emulator.frame().rows == {}
    emulator.feed(b"5mX")
    assert emulator.take_replies() == b""
    assert emulator.rows()[6].text().endswith("X")


def test_a_snapshot_keeps_both_screens(make: Maker) -> None:
    emulator = make(30, 8, output=b"1\r\n" * 20 + b"shell\x1b[?1049h\x1b[Hfull screen")
    for other in (restored_copy(emulator, make), make.keep(from_replay(emulator.engine, emulator.replay(), SIZE))):
        assert visible_state(other) == visible_state(emulator)
        other.feed(b"\x1b[?1049l")
        assert other.scrollback_rows == 13
        assert [row.text() for row in other.rows()][-2:] == ["1", "shell"]
        assert other.cursor[:2] == (5, 7)


@given(output=outputs(), future=outputs(15), data=st.data())
@RANDOM
def test_a_snapshot_at_any_offset_has_the_same_present_and_future(
    engine: EngineName, output: bytes, future: bytes, data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(output)))
    emulator = create(engine, SIZE)
    emulator.feed(output[:cut])
    other = restore(engine, emulator.snapshot())
    assert visible_state(other) == visible_state(emulator)
    emulator.take_replies()
    emulator.take_events()
    for one in (emulator, other):
        one.feed(output[cut:])
        one.feed(future)
    assert visible_state(other) == visible_state(emulator)
    assert other.take_replies() == emulator.take_replies()
    assert other.take_events() == emulator.take_events()
    emulator.close()
    other.close()


@pytest.mark.parametrize(
    "whole",
    [
        "\x1b[1;31mred",
        "\x1b]2;a title\x07",
        "\x1b]2;a title\x1b\\",
        "漢👨\u200d👩\u200d👧",
        "\x1b]8;;http://a.example/\x1b\\link",
        "\x1b[?1049halt",
        "\x1bP$qm\x1b\\after",
        "\x1b]52;c;aGVsbG8=\x07after",
        "\x1b]99;i=1:d=0;Title\x1b\\\x1b]99;i=1:p=body;Body\x1b\\",
        "\x1b(0qqq",
        "\x1b_payload\x1b\\after",
    ],
)
def test_a_snapshot_in_the_middle_of_a_sequence(make: Maker, whole: str) -> None:
    data = whole.encode()
    expected = make(30, 8, output=b"before " + data)
    events = expected.take_events()
    replies = expected.take_replies()
    for cut in range(len(data) + 1):
        emulator = make(30, 8, output=b"before " + data[:cut])
        other = restored_copy(emulator, make)
        other.feed(data[cut:])
        assert visible_state(other) == visible_state(expected), cut
        assert [*emulator.take_events(), *other.take_events()] == events, cut
        assert emulator.take_replies() + other.take_replies() == replies, cut


@pytest.mark.parametrize("form", ["snapshot", "replay"])
def test_the_state_can_be_saved_during_a_sequence_without_end(make: Maker, form: str) -> None:
    emulator = make(30, 8, output=b"before\x1b]52;c;" + b"QUJD" * 600_000)
    if form == "snapshot":
        other = restored_copy(emulator, make)
    else:
        other = make.keep(from_replay(emulator.engine, emulator.replay(), SIZE))
    for one in (emulator, other):
        one.feed(b"QUJD" * 10 + b"\x07after")
    assert visible_state(other) == visible_state(emulator)
    assert other.rows()[0].text() == "beforeafter"


def test_damaged_bytes_are_refused_with_one_line(engine: EngineName, make: Maker) -> None:
    good = make(30, 8, output="text").snapshot()
    for bad in (b"", b"nonsense", good[: len(good) // 2], good[:-20]):
        with pytest.raises(OutliveError) as caught:
            restore(engine, bad)
        assert "\n" not in str(caught.value)


def test_a_snapshot_has_the_complete_history(make: Maker) -> None:
    emulator = make(60, 24, output="".join(f"line {n}\r\n" for n in range(3_100)), scrollback_lines=3_000)
    other = restored_copy(emulator, make)
    assert other.scrollback_rows == 3_000
    assert other.history(0, 3_000) == emulator.history(0, 3_000)


@given(output=outputs())
@RANDOM
def test_a_replay_rebuilds_what_is_seen(engine: EngineName, output: bytes) -> None:
    emulator = create(engine, SIZE)
    emulator.feed(output)
    other = from_replay(engine, emulator.replay(), SIZE)
    assert visible_state(other) == visible_state(emulator)
    emulator.close()
    other.close()


@pytest.mark.parametrize(("source", "target"), list(product(available_engines(), available_engines())))
def test_a_replay_is_understood_by_every_engine(source: EngineName, target: EngineName) -> None:
    emulator = create(source, SIZE)
    emulator.feed(b"1 \x1b[31mred\x1b[0m\r\n" * 20 + STATE + b"\x1b[7;1H\xe6\xbc\xa2 \xf0\x9f\x87\xa9\xf0\x9f\x87\xaa")
    other = from_replay(target, emulator.replay(), SIZE)
    assert visible_state(other) == visible_state(emulator)
    for one in (emulator, other):
        one.feed(b"\x1b]8;;\x1b\\" + FUTURE)  # engines differ on a link that is open when screens change
    assert visible_state(other) == visible_state(emulator)
    assert encode_key(key("ArrowUp"), other.modes) == encode_key(key("ArrowUp"), emulator.modes)
    emulator.close()
    other.close()


@pytest.mark.parametrize("screen", [b"", b"\x1b[?1049hfull"], ids=["main", "alternate"])
def test_a_replay_without_history_has_the_screen(make: Maker, screen: bytes) -> None:
    emulator = make(
        SIZE.columns, SIZE.rows, output=b"".join(b"line %d\r\n" % number for number in range(40)) + STATE + screen
    )
    copy = make.keep(from_replay(make.engine, emulator.replay(history=False), SIZE))
    assert texts(copy) == texts(emulator)
    assert (copy.cursor, copy.modes, copy.scrollback_rows) == (emulator.cursor, emulator.modes, 0)
    for each in (emulator, copy):
        each.feed(b"\x1b[?1049l")
    assert (texts(copy), copy.cursor[:2], copy.scrollback_rows) == (texts(emulator), emulator.cursor[:2], 0)
