"""Each kind of planted loss is found and reported by its name."""

from __future__ import annotations

import pytest

from tests.benchmarks.kills.evidence import (
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


def test_whole_output_has_no_losses() -> None:
    assert output_losses(WRITTEN, PIECES) == []
    assert output_losses(WRITTEN, PIECES[10:], start=ENDS[10]) == []
    assert output_losses(b"", []) == []
    assert viewer_losses(WRITTEN, VIEWED, whole=True) == []


def test_a_missing_line_is_found() -> None:
    losses = output_losses(WRITTEN, PIECES[:6] + PIECES[7:])
    assert f"{len(LINES[6])} bytes missing at offset {ENDS[6]}" in losses
    assert "1 lines missing: 7 … 7" in losses


def test_a_missing_line_is_found_although_the_offsets_are_complete() -> None:
    kept, offset = [], 0
    for line in LINES[:6] + LINES[7:]:
        kept.append((offset, line))
        offset += len(line)
    losses = output_losses(WRITTEN, kept)
    assert any(loss.startswith("other bytes at offset") for loss in losses)
    assert "1 lines missing: 7 … 7" in losses


def test_a_doubled_line_is_found() -> None:
    assert "1 lines doubled: 4 … 4" in output_losses(WRITTEN, [*PIECES[:4], *PIECES[3:]])


def test_a_missing_end_and_a_missing_beginning_are_found() -> None:
    assert "2 lines missing: 39 … 40" in output_losses(WRITTEN, PIECES[:-2])
    assert "1 lines missing: 1 … 1" in output_losses(WRITTEN, PIECES[1:])


def test_one_wrong_byte_is_found() -> None:
    wrong = [*PIECES[:3], (PIECES[3][0], PIECES[3][1].replace(b"x", b"y", 1)), *PIECES[4:]]
    assert len(output_losses(WRITTEN, wrong)) == 1


def test_a_viewer_that_lacks_a_line_is_found() -> None:
    [loss] = viewer_losses(WRITTEN, VIEWED[:9] + VIEWED[10:], whole=True)
    assert loss == f"{len(LINES[8])} bytes missing at offset {ENDS[8]}"


def test_a_viewer_that_got_a_line_twice_is_found() -> None:
    assert viewer_losses(WRITTEN, [*VIEWED[:9], *VIEWED[8:]], whole=True)


def test_a_snapshot_may_replace_output_but_must_not_move_to_another_offset() -> None:
    skipped = [*VIEWED[:9], ReceivedPiece("S", ENDS[12]), *VIEWED[13:]]
    assert viewer_losses(WRITTEN, skipped, whole=True) == []
    assert viewer_losses(WRITTEN, [*VIEWED, ReceivedPiece("S", ENDS[2]), *VIEWED[3:]], whole=True)
    assert viewer_losses(WRITTEN, [*VIEWED, ReceivedPiece("S", len(WRITTEN) + 1)], whole=False)


def test_only_a_viewer_that_stayed_must_have_all_output() -> None:
    assert viewer_losses(WRITTEN, VIEWED[:-1], whole=False) == []
    assert viewer_losses(WRITTEN, VIEWED[:-1], whole=True)
    assert viewer_losses(WRITTEN, [], whole=True)


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
