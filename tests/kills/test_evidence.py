"""Each kind of planted loss is found and reported by its name."""

from __future__ import annotations

import pytest

from tests.kills.evidence import (
    ReceivedPiece,
    TypedInput,
    input_losses,
    output_losses,
    reply_losses,
    viewer_losses,
)
from tests.programs.witness import numbered_line

LINES = [numbered_line(number) for number in range(1, 41)]
WRITTEN = b"".join(LINES)
ENDS = [sum(map(len, LINES[:count])) for count in range(len(LINES) + 1)]
PIECES = [(ENDS[number], line) for number, line in enumerate(LINES)]
VIEWED = [ReceivedPiece("S", 0), *(ReceivedPiece("O", offset, data) for offset, data in PIECES)]


def without(number: int) -> list[tuple[int, bytes]]:
    return PIECES[:number] + PIECES[number + 1 :]


@pytest.mark.parametrize(
    ("pieces", "loss"),
    [
        (without(6), "1 lines missing: 7 … 7"),
        ([*PIECES[:4], *PIECES[3:]], "1 lines doubled: 4 … 4"),
        (PIECES[:-2], "2 lines missing: 39 … 40"),
        (PIECES[1:], "1 lines missing: 1 … 1"),
        ([*PIECES[:3], (ENDS[3], LINES[3].replace(b"x", b"y", 1)), *PIECES[4:]], "other bytes at offset"),
    ],
)
def test_a_line_that_is_missing_doubled_or_wrong_is_found(pieces: list[tuple[int, bytes]], loss: str) -> None:
    assert output_losses(WRITTEN, PIECES) == output_losses(WRITTEN, PIECES[10:], start=ENDS[10]) == []
    assert any(each.startswith(loss) for each in output_losses(WRITTEN, pieces))


@pytest.mark.parametrize(
    ("viewed", "is_whole"),
    [
        (VIEWED, True),
        (VIEWED[:9] + VIEWED[10:], False),
        ([*VIEWED[:9], *VIEWED[8:]], False),
        (VIEWED[:-1], False),
        ([], False),
        ([*VIEWED[:9], ReceivedPiece("S", ENDS[12]), *VIEWED[13:]], True),
        ([*VIEWED, ReceivedPiece("S", ENDS[2]), *VIEWED[3:]], False),
        ([*VIEWED, ReceivedPiece("S", len(WRITTEN) + 1)], False),
    ],
    ids=["all", "a line lacks", "a line twice", "no end", "nothing", "a snapshot instead", "leads back", "too far"],
)
def test_a_viewer_that_lacks_output_is_found(viewed: list[ReceivedPiece], is_whole: bool) -> None:
    assert (viewer_losses(WRITTEN, viewed, whole=True) == []) is is_whole


# ------------------------------------------------------------------------------------------ input

TYPED = TypedInput(
    sure=["<v1>", "<s1>", "<v2>", "<p1>"], unsure={"<k1>"}, pasted={"<p1>"}, keys="abc", arrows=b"\x1bOA"
)
READ = b"a<v1>b\x1b[?62c<s1><v2>\x1bOA\x1b[3;4Rc\x1b[200~<p1>\x1b[201~"
ASKED = ["DA1", "CPR 3 4"]


def test_input_that_arrived_once_has_no_losses() -> None:
    assert input_losses(READ, TYPED) == []
    assert input_losses(READ + b"<k1>", TYPED) == []
    assert reply_losses(READ, ASKED) == []


@pytest.mark.parametrize(
    ("read", "loss"),
    [
        (READ.replace(b"<v1>", b""), "1 inputs missing: <v1>"),
        (READ + b"<v2>", "input <v2> read 2 times"),
        (READ + b"<k1><k1>", "input <k1> read 2 times"),
        (READ + b"<v3>", "input <v3> was never typed"),
        (READ.replace(b"<v2>", b"<v"), "torn or unknown input at 16: b'<'"),
        (READ + b"!", "torn or unknown input at the end: b'!'"),
        (READ.replace(b"<v2>", b"").replace(b"<v1>", b"<v2><v1>"), "inputs of v came in another order"),
        (READ + b"<s", "torn or unknown input at 46: b'<'"),
        (READ.replace(b"\x1b[200~<p1>\x1b[201~", b"<p1>"), "input <p1> was pasted, and came otherwise"),
        (READ.replace(b"\x1bOA", b""), "arrows typed"),
        (READ.replace(b"\x1bOA", b"\x1b[A"), "arrows typed"),
        (READ + b"c", "keys typed: 3 bytes, read: 4"),
        (READ.replace(b"b", b""), "keys typed: 3 bytes, read: 2"),
    ],
)
def test_input_that_is_missing_doubled_or_torn_is_found(read: bytes, loss: str) -> None:
    assert any(each.startswith(loss) for each in input_losses(read, TYPED)), input_losses(read, TYPED)


@pytest.mark.parametrize(
    ("read", "loss"),
    [
        (READ + b"\x1b[3;4R", "2 questions, 3 answers"),
        (READ.replace(b"\x1b[?62c", b""), "2 questions, 1 answers"),
        (READ.replace(b"\x1b[3;4R", b"\x1b[4;4R"), "question 2 (CPR 3 4) was answered b'\\x1b[4;4R'"),
    ],
)
def test_queries_that_are_not_answered_exactly_once_are_found(read: bytes, loss: str) -> None:
    assert loss in reply_losses(read, ASKED)
