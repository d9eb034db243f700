from __future__ import annotations

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from session_host.cli.attach.input_parser import (
    INTRODUCER_TIMEOUT_S,
    MAX_PASTE_BYTES,
    REPLY_TIMEOUT_S,
    SEQUENCE_TIMEOUT_S,
    FocusChanged,
    InputParser,
    KeyTyped,
    MouseMoved,
    Pasted,
    TerminalInput,
    TextTyped,
)
from session_host.protocol.messages import MAX_PASTE_CHARACTERS, MAX_WHOLE_PASTE_CHARACTERS, Key
from session_host.protocol.values import NAMED_KEYS, GridSize, KeyAction, Modifiers, MouseAction, MouseButton
from session_host.terminal import create
from session_host.terminal.base import EngineName
from session_host.terminal.encode import encode_key

NONE, SHIFT, ALT, CTRL = Modifiers.NONE, Modifiers.SHIFT, Modifiers.ALT, Modifiers.CTRL


def read(data: bytes) -> list[TerminalInput]:
    """Parse the data, with nothing after it."""
    parser = InputParser()
    return [*parser.feed(data), *parser.expire()]


def in_pieces(pieces: list[bytes]) -> list[TerminalInput]:
    parser = InputParser()
    values = [value for piece in pieces for value in parser.feed(piece)]
    return joined([*values, *parser.expire()])


def joined(values: list[TerminalInput]) -> list[TerminalInput]:
    """Join neighbouring texts, since their boundaries have no meaning."""
    result: list[TerminalInput] = []
    for value in values:
        if isinstance(value, TextTyped) and result and isinstance(result[-1], TextTyped):
            result[-1] = TextTyped(result[-1].text + value.text)
        else:
            result.append(value)
    return result


class TestKeys:
    @pytest.mark.parametrize(
        ("data", "key", "text", "modifiers"),
        [
            (b"a", "a", "a", NONE),
            (b"A", "a", "A", SHIFT),
            (b"1", "1", "1", NONE),
            (b"!", "!", "!", NONE),
            (b" ", "Space", " ", NONE),
            (b"\r", "Enter", "", NONE),
            (b"\t", "Tab", "", NONE),
            (b"\x7f", "Backspace", "", NONE),
            (b"\x1b", "Escape", "", NONE),
            (b"\n", "j", "", CTRL),
            (b"\x08", "h", "", CTRL),
            (b"\x03", "c", "", CTRL),
            (b"\x00", "Space", "", CTRL),
            (b"\x1c", "\\", "", CTRL),
            (b"\x1f", "_", "", CTRL),
            (b"\x1ba", "a", "", ALT),
            (b"\x1bA", "a", "", ALT | SHIFT),
            (b"\x1b\x01", "a", "", ALT | CTRL),
            (b"\x1b\r", "Enter", "", ALT),
            (b"\x1b\x7f", "Backspace", "", ALT),
            (b"\x1b ", "Space", "", ALT),
            ("\x1bé".encode(), "é", "", ALT),
            (b"\x1b[", "[", "", ALT),
            (b"\x1bO", "o", "", ALT | SHIFT),
            (b"\x1b]", "]", "", ALT),
            (b"\x1bP", "p", "", ALT | SHIFT),
            (b"\x1b[A", "ArrowUp", "", NONE),
            (b"\x1bOA", "ArrowUp", "", NONE),
            (b"\x1b[1;2D", "ArrowLeft", "", SHIFT),
            (b"\x1b[1;5C", "ArrowRight", "", CTRL),
            (b"\x1b[1;8B", "ArrowDown", "", SHIFT | ALT | CTRL),
            (b"\x1b\x1b[A", "ArrowUp", "", ALT),
            (b"\x1b\x1bOB", "ArrowDown", "", ALT),
            (b"\x1b[H", "Home", "", NONE),
            (b"\x1b[1;5F", "End", "", CTRL),
            (b"\x1b[1~", "Home", "", NONE),
            (b"\x1b[8~", "End", "", NONE),
            (b"\x1b[2~", "Insert", "", NONE),
            (b"\x1b[3;5~", "Delete", "", CTRL),
            (b"\x1b[5~", "PageUp", "", NONE),
            (b"\x1b[6;2~", "PageDown", "", SHIFT),
            (b"\x1b[Z", "Tab", "", SHIFT),
            (b"\x1bOP", "F1", "", NONE),
            (b"\x1bOR", "F3", "", NONE),
            (b"\x1b[1;2P", "F1", "", SHIFT),
            (b"\x1bO2P", "F1", "", SHIFT),
            (b"\x1bO1;5S", "F4", "", CTRL),
            (b"\x1b[[C", "F3", "", NONE),
            (b"\x1b[15~", "F5", "", NONE),
            (b"\x1b[24;6~", "F12", "", CTRL | SHIFT),
            (b"\x1b[34~", "F20", "", NONE),
            (b"\x1bOM", "NumpadEnter", "", NONE),
            (b"\x1bOp", "Numpad0", "", NONE),
            (b"\x1bOa", "ArrowUp", "", CTRL),
            # These are no replies of a terminal: its device attributes have a question mark.
            (b"\x1b[c", "ArrowRight", "", SHIFT),
            (b"\x1b[d", "ArrowLeft", "", SHIFT),
            (b"\x1b[3^", "Delete", "", CTRL),
            (b"\x1b[27;2;13~", "Enter", "", SHIFT),
            (b"\x1b[27;5;105~", "i", "", CTRL),
            (b"\x1b[27;6;73~", "i", "", CTRL | SHIFT),
            (b"\x1b[27;5;8~", "Backspace", "", CTRL),
            (b"\x1b[27;2;33~", "!", "!", SHIFT),
            (b"\x1b[27;2;32~", "Space", " ", SHIFT),
            (b"\x1b[27;3;120~", "x", "", ALT),
            (b"\x1b[13;2u", "Enter", "", SHIFT),
            (b"\x1b[27u", "Escape", "", NONE),
            (b"\x1b[98;5u", "b", "", CTRL),
            (b"\x1b[97u", "a", "a", NONE),
            (b"\x1b[97;2u", "a", "A", SHIFT),
            (b"\x1b[233;3u", "é", "", ALT),
            (b"\x1b[1089::99;5u", "c", "", CTRL),
            (b"\x1b[1089::99u", "с", "с", NONE),
            (b"\x1b[50:64;6u", "2", "", CTRL | SHIFT),
            (b"\x1b[57414u", "NumpadEnter", "", NONE),
            (b"\x1b[57441;2u", None, "", NONE),
        ],
    )
    def test_what_each_is(self, data: bytes, key: str | None, text: str, modifiers: Modifiers) -> None:
        assert read(data) == ([KeyTyped(key, text, modifiers)] if key else [])

    def test_escape_twice_is_two_escapes(self) -> None:
        assert read(b"\x1b\x1b") == [KeyTyped("Escape"), KeyTyped("Escape")]
        assert read(b"\x1b\x1b\x1b") == [KeyTyped("Escape")] * 3
        assert read(b"\x1b\x1bx") == [KeyTyped("Escape"), KeyTyped("x", "", ALT)]

    def test_an_escape_is_undecided_until_the_timeout(self) -> None:
        parser = InputParser()

        assert parser.feed(b"\x1b") == []
        assert parser.undecided
        assert (parser.expire(), parser.undecided) == ([KeyTyped("Escape")], False)
        assert parser.expire() == []

    def test_the_rest_of_a_begun_sequence_is_awaited(self) -> None:
        parser = InputParser()

        assert parser.feed(b"\x1b[1;") == []
        assert parser.undecided
        assert parser.timeout_s == SEQUENCE_TIMEOUT_S
        assert parser.feed(b"5A") == [KeyTyped("ArrowUp", "", CTRL)]

    @pytest.mark.parametrize(
        ("event", "action"), [("1", KeyAction.PRESS), ("2", KeyAction.REPEAT), ("3", KeyAction.RELEASE)]
    )
    def test_kitty_events(self, event: str, action: KeyAction) -> None:
        assert read(f"\x1b[97;5:{event}u".encode()) == [KeyTyped("a", "", CTRL, action)]
        assert read(f"\x1b[1;1:{event}A".encode()) == [KeyTyped("ArrowUp", "", NONE, action)]

    def test_keys_and_text_of_any_script_keep_their_order_and_invalid_utf8_is_dropped(self) -> None:
        assert joined(read("é漢字🧠".encode())) == [TextTyped("é漢字🧠")]
        assert read("aéb\r".encode()) == [KeyTyped("a", "a"), TextTyped("é"), KeyTyped("b", "b"), KeyTyped("Enter")]
        assert read(b"a\xffb\xc3(c\xe2\x82d") == [KeyTyped(key, key) for key in "ab(cd"]


class TestPaste:
    @pytest.mark.parametrize(
        ("data", "values"),
        [
            (b"\x1b[200~two\nlines\x1b[A\x03\x1b[201~x", [Pasted("two\nlines\x1b[A\x03"), KeyTyped("x", "x")]),
            (b"\x1b[200~a\x1b[201~\x1b[200~b\x1b[201~", [Pasted("a"), Pasted("b")]),
            (b"\x1b[200~\x1b[201~", []),
            (b"\x1b[201~", []),
        ],
        ids=["with control characters", "two", "empty", "a stray end"],
    )
    def test_is_one_value(self, data: bytes, values: list[TerminalInput]) -> None:
        assert read(data) == values

    def test_a_huge_paste_is_complete(self) -> None:
        text = "aé漢🧠" * (3 * MAX_PASTE_CHARACTERS // 4)
        parser = InputParser()
        data = b"\x1b[200~" + text.encode() + b"\x1b[201~"

        values = [value for start in range(0, len(data), 65536) for value in parser.feed(data[start : start + 65536])]

        assert values == [Pasted(text)]

    def test_memory_is_bounded_when_the_end_never_comes(self) -> None:
        parser = InputParser()
        parser.feed(b"\x1b[200~")
        for _ in range(MAX_PASTE_BYTES // 4_000_000 + 2):
            parser.feed(b"x" * 4_000_000)

        assert len(parser._paste) <= MAX_PASTE_BYTES + 4_000_000
        [paste] = parser.feed(b"\x1b[201~")
        assert isinstance(paste, Pasted)
        assert len(paste.text) > MAX_WHOLE_PASTE_CHARACTERS, "which is refused"


class TestMouseAndFocus:
    @pytest.mark.parametrize(
        ("data", "value"),
        [
            (b"\x1b[<0;1;1M", MouseMoved(MouseAction.PRESS, MouseButton.LEFT, 0, 0)),
            (b"\x1b[<0;1;1m", MouseMoved(MouseAction.RELEASE, MouseButton.LEFT, 0, 0)),
            (b"\x1b[<2;300;200M", MouseMoved(MouseAction.PRESS, MouseButton.RIGHT, 299, 199)),
            (b"\x1b[<32;4;5M", MouseMoved(MouseAction.MOTION, MouseButton.LEFT, 3, 4)),
            (b"\x1b[<35;4;5M", MouseMoved(MouseAction.MOTION, MouseButton.NONE, 3, 4)),
            (b"\x1b[<163;4;5M", MouseMoved(MouseAction.MOTION, MouseButton.ELEVENTH, 3, 4)),
            (b"\x1b[<81;4;5M", MouseMoved(MouseAction.PRESS, MouseButton.WHEEL_DOWN, 3, 4, CTRL)),
            (b"\x1b[<12;4;5M", MouseMoved(MouseAction.PRESS, MouseButton.LEFT, 3, 4, SHIFT | ALT)),
            (b"\x1b[I", FocusChanged(True)),
            (b"\x1b[O", FocusChanged(False)),
        ],
    )
    def test_what_each_is(self, data: bytes, value: TerminalInput) -> None:
        assert read(data) == [value]

    @pytest.mark.parametrize("data", [b"\x1b[<0;1M", b"\x1b[<;;M", b"\x1b[<192;1;1M", b"\x1b[<0;1;1X"])
    def test_invalid_reports_are_ignored(self, data: bytes) -> None:
        assert not [value for value in read(data) if isinstance(value, KeyTyped | TextTyped)]


REPLIES = [
    b"\x1b[12;40R",
    b"\x1b[1;2R",
    b"\x1b[?12;40R",
    b"\x1b[?62;22c",
    b"\x1b[>1;10;0c",
    b"\x1b[0n",
    b"\x1b[?997;1n",
    b"\x1b[?2026;2$y",
    b"\x1b[4;1$y",
    b"\x1b[8;24;80t",
    b"\x1b[4;600;800t",
    b"\x1b[?1u",
    b"\x1b[?31u",
    b"\x1b[2;1;1;112;112;1;0x",
    b"\x1b]11;rgb:1515/1717/1c1c\x1b\\",
    b"\x1b]10;rgb:e7e7/e9e9/ecec\x07",
    b"\x1b]4;1;rgb:00/00/00\x1b\\",
    b"\x1bP>|XTerm(370)\x1b\\",
    b"\x1bP1+r544e=787465726d\x1b\\",
    b"\x1bP1$r0m\x1b\\",
    b"\x1bP!|00000000\x1b\\",
    b"\x1b_Gi=31;OK\x1b\\",
    b"\x1b]52;c;aGVsbG8=\x1b\\",
    "\x1b]lTitel Übung\x1b\\".encode(),
    b"\x1b^pm\x1b\\",
    b"\x1b[?1;0;256S",
    b"\x1b[>41;354;0c",
    b"\x1b[?6c",
    b"\x1b[3;0;0t",
    b"\x1b]99;i=1;ok\x1b\\",
]


class TestRepliesAreNeverTyped:
    @pytest.mark.parametrize("reply", REPLIES)
    def test_whole_or_split_replies_are_dropped_and_text_around_them_is_kept(self, reply: bytes) -> None:
        assert read(b"a" + reply + b"b") == [KeyTyped("a", "a"), KeyTyped("b", "b")]
        assert in_pieces([bytes([byte]) for byte in reply]) == []

    @given(st.lists(st.sampled_from(REPLIES), max_size=5), st.data())
    def test_many_split_replies_with_pauses_are_dropped(self, replies: list[bytes], data: st.DataObject) -> None:
        whole = b"".join(replies)
        cuts = sorted(data.draw(st.sets(st.integers(0, len(whole)), max_size=6)))
        parser = InputParser()
        values = []
        for start, end in itertools.pairwise([0, *cuts, len(whole)]):
            values += parser.feed(whole[start:end])
            # A pause makes a key only of ESC alone, or of ESC and one more byte.
            if not parser.undecided:
                values += parser.expire()

        assert values == []

    @given(st.text(alphabet=st.characters(min_codepoint=0x20, exclude_categories=["Cs", "Cc"])))
    def test_strings_with_any_content_are_dropped(self, content: str) -> None:
        for introducer in (b"]", b"P", b"_", b"^", b"X"):
            assert read(b"\x1b" + introducer + content.encode() + b"\x1b\\") == []

    @pytest.mark.parametrize(("typed", "key"), [(b"\r", "Enter"), (b"\x03", "c")])
    def test_a_string_without_an_end_does_not_swallow_enter(self, typed: bytes, key: str) -> None:
        assert [value.key for value in read(b"\x1b]11;rgb" + typed) if isinstance(value, KeyTyped)] == [key]


class TestTypingThatLooksLikeAReport:
    @given(st.sampled_from("]P_^X"), st.text(alphabet=st.characters(min_codepoint=0x20, max_codepoint=0x7E)))
    def test_alt_and_a_bracket_drop_no_later_input(self, introducer: str, typed: str) -> None:
        values = read(f"\x1b{introducer}{typed}".encode())

        assert values[0] == KeyTyped(introducer.lower(), "", ALT | (SHIFT if introducer.isupper() else NONE))
        assert values[1:] == read(typed.encode())

    def test_an_unfinished_sequence_of_a_key_was_typed(self) -> None:
        assert read(b"\x1b[1;") == [KeyTyped("[", "", ALT), *read(b"1;")]
        assert read(b"\x1b\x1bO1") == [KeyTyped("Escape"), KeyTyped("o", "", ALT | SHIFT), *read(b"1")]

    def test_enter_completes_earlier_input(self) -> None:
        assert read(b"\x1b]make\r") == [KeyTyped("]", "", ALT), *read(b"make\r")]

    @pytest.mark.parametrize(
        ("data", "timeout_s"),
        [
            (b"\x1b", INTRODUCER_TIMEOUT_S),
            (b"\x1b[", INTRODUCER_TIMEOUT_S),
            (b"\x1bO", INTRODUCER_TIMEOUT_S),
            (b"\x1b]", REPLY_TIMEOUT_S),
            (b"\x1bP", REPLY_TIMEOUT_S),
            (b"\x1b_", REPLY_TIMEOUT_S),
            (b"\x1b]1", REPLY_TIMEOUT_S),
            (b"\x1bP1$", REPLY_TIMEOUT_S),
            (b"\x1b[?", REPLY_TIMEOUT_S),
            (b"\x1b[<0;1", REPLY_TIMEOUT_S),
            (b"\x1b]make", SEQUENCE_TIMEOUT_S),
            (b"\x1b[1", SEQUENCE_TIMEOUT_S),
            (b"\x1b]11;rgb:15", REPLY_TIMEOUT_S),
            (b"\x1bP>|XTerm", REPLY_TIMEOUT_S),
        ],
    )
    def test_the_beginning_of_a_reply_has_a_longer_timeout(self, data: bytes, timeout_s: float) -> None:
        parser = InputParser()
        parser.feed(data)
        assert parser.timeout_s == timeout_s


@pytest.mark.parametrize("cut", range(len(b"\x1b[20"), len(b"\x1b[200~") + 1))
def test_a_paste_that_is_torn_after_its_first_bytes_is_still_a_paste(cut: int) -> None:
    data = b"\x1b[200~rm -r\n\x1b[201~x"
    parser = InputParser()
    assert [*parser.feed(data[:cut]), *parser.expire()] == []
    assert not parser.undecided
    assert parser.feed(data[cut:]) == [Pasted("rm -r\n"), KeyTyped("x", "x")]


def test_f9_may_be_torn_like_a_paste() -> None:
    parser = InputParser()
    assert [*parser.feed(b"\x1b[20"), *parser.expire(), *parser.feed(b"~")] == [KeyTyped("F9")]


SOUP = st.lists(
    st.one_of(
        st.binary(max_size=12),
        st.sampled_from(
            [*REPLIES, b"\x1b", b"\x1b[", b"\x1bO", b"\x1b\x1b", b"\x1b[200~", b"\x1b[201~", b"\x1b[M", b"\x1b[<"]
        ),
        st.text(max_size=5).map(str.encode),
    ),
    max_size=8,
).map(b"".join)


@given(SOUP, st.data())
@example(b"\x1b[200~\xc3\xa9\x1b[201~", None)
def test_any_split_gives_the_same(soup: bytes, data: st.DataObject | None) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(soup)), max_size=8))) if data else range(len(soup))
    pieces = [soup[start:end] for start, end in itertools.pairwise([0, *cuts, len(soup)])]

    assert in_pieces(pieces) == in_pieces([soup])


@given(SOUP)
def test_garbage_never_raises_and_gives_only_valid_keys(soup: bytes) -> None:
    for value in read(soup):
        if isinstance(value, KeyTyped):
            assert value.key in NAMED_KEYS or len(value.key) == 1
            assert not any(
                ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in value.key + value.text
            )
        elif isinstance(value, TextTyped):
            value.text.encode()
            assert not any(0x7F <= ord(character) < 0xA0 or ord(character) < 0x20 for character in value.text)
        elif isinstance(value, MouseMoved):
            assert value.column >= 0
            assert value.row >= 0


@given(SOUP, st.lists(st.tuples(st.integers(0, 40), st.booleans()), max_size=8))
def test_after_the_timeout_no_key_is_lost(soup: bytes, cuts: list[tuple[int, bool]]) -> None:
    """After any bytes, in any pieces and with any pauses, except inside a paste, which has its own end."""
    parser = InputParser()
    for length, pauses in cuts:
        parser.feed(soup[:length])
        soup = soup[length:]
        if pauses:
            parser.expire()
    parser.feed(soup)
    parser.expire()
    assert not parser.undecided
    if parser.feed(b"x") != [KeyTyped("x", "x")]:
        assert parser.feed(b"\x1b[201~x")[-1] == KeyTyped("x", "x"), "a paste was open"


LEGACY_KEYS = [
    *(bytes([code]) for code in range(0x80)),
    *(b"\x1b" + bytes([code]) for code in range(0x80) if code not in b"\x1b[O]PX^_"),
    b"\x1b[A",
    b"\x1b[1;5A",
    b"\x1b[1;8D",
    b"\x1b[H",
    b"\x1b[3~",
    b"\x1b[5;2~",
    b"\x1b[Z",
    b"\x1bOP",
    b"\x1b[15~",
    b"\x1b[24;5~",
]


@pytest.mark.parametrize("engine", ["ghostty", "pyte"])
def test_a_key_reaches_a_program_as_the_outer_terminal_sent_it(engine: EngineName) -> None:
    """A program that asked for no mode reads the same bytes as without Outlive in between."""
    emulator = create(engine, GridSize(80, 24))
    try:
        others = {}
        for data in LEGACY_KEYS:
            keys = [value for value in read(data) if isinstance(value, KeyTyped)]
            sent = b"".join(
                encode_key(Key("", 1, key, text, int(modifiers), action), emulator.modes)
                for key, text, modifiers, action in keys
            )
            if sent != data:
                others[data] = sent
        assert others == {}
    finally:
        emulator.close()
