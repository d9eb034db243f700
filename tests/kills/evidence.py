"""Compares the records of a program, a viewer and the journal; each difference is a loss, described in one line.

These functions are pure: tests plant each kind of loss in their arguments, and check that it is found.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

LINE = re.compile(rb"(\d{8}) [0-9a-f]{8} ")
SHOWN_BYTES = 48

INPUT_PIECES = re.compile(
    rb"\x1b\[200~(?P<pasted><[^<>\x1b]*>)\x1b\[201~"
    rb"|(?P<token><[^<>\x1b]*>)"
    rb"|(?P<arrow>\x1bO[ABCD])"
    rb"|(?P<reply>\x1b\[[?\d;]*[cnR])"
    rb"|(?P<key>[a-z])"
)


class ReceivedPiece(NamedTuple):
    """A snapshot or a piece of output that a viewer received.

    Attributes:
        kind: ``S``: a snapshot, which stands for all output before ``offset``; ``O``: output that begins there.
        offset: the position in the session's output, in bytes.
        data: the output; empty for a snapshot.
    """

    kind: Literal["S", "O"]
    offset: int
    data: bytes = b""


@dataclass
class TypedInput:
    """The input of one session, divided by whether it was certainly sent.

    Attributes:
        sure: tokens (``<…>``) that the program must read exactly once, in this order for each writer.
        unsure: tokens of commands that were killed or failed: the program reads them once or not at all.
        pasted: the tokens of ``sure`` that were pasted, and must come as bracketed paste.
        keys: letters that were typed as single keys.
        arrows: the escape sequences of the pressed arrow keys, in order.
    """

    sure: list[str] = field(default_factory=list)
    unsure: set[str] = field(default_factory=set)
    pasted: set[str] = field(default_factory=set)
    keys: str = ""
    arrows: bytes = b""


def output_losses(written: bytes, pieces: Iterable[tuple[int, bytes]], *, start: int = 0) -> list[str]:
    """Compare output in pieces of (offset, data), from ``start`` to the end, with what the program wrote."""
    losses: list[str] = []
    recorded = bytearray()
    position = start
    for offset, data in pieces:
        if offset != position:
            what = "missing" if offset > position else "doubled"
            losses.append(f"{abs(offset - position)} bytes {what} at offset {min(offset, position)}")
        elif data != written[offset : offset + len(data)]:
            losses.append(_difference(written, offset, data))
        recorded += data
        position = offset + len(data)
    if position != len(written):
        what = "missing at the end" if position < len(written) else "too many at the end"
        losses.append(f"{abs(len(written) - position)} bytes {what}: {position} of {len(written)}")
    if losses:
        losses += _line_losses(written[start:], bytes(recorded))
    return losses


def viewer_losses(written: bytes, recorded: Sequence[ReceivedPiece], *, whole: bool) -> list[str]:
    """Compare a viewer's output with what the program wrote. A snapshot may replace output.

    Args:
        written: the program's own record.
        kept: the snapshots and output that the viewer received, in order.
        whole: whether the viewer must have received everything; a killed viewer need not.
    """
    losses: list[str] = []
    position = -1
    for each in recorded:
        if each.kind == "S":
            if each.offset > len(written):
                losses.append(f"a snapshot at {each.offset}, and {len(written)} bytes were written")
            if each.offset < position:
                losses.append(f"a snapshot at {each.offset} leads back from {position}")
            position = each.offset
            continue
        if position < 0:
            losses.append(f"output at {each.offset} before any snapshot")
        elif each.offset != position:
            what = "missing" if each.offset > position else "doubled"
            losses.append(f"{abs(each.offset - position)} bytes {what} at offset {min(each.offset, position)}")
        if each.data != written[each.offset : each.offset + len(each.data)]:
            losses.append(_difference(written, each.offset, each.data))
        position = each.offset + len(each.data)
    if whole and position != len(written):
        losses.append(f"the viewer is at {position}, and {len(written)} bytes were written")
    return losses


def input_losses(received: bytes, typed: TypedInput) -> list[str]:
    """Compare the input that the program read with the typed input: each part once, and in order."""
    losses: list[str] = []
    tokens: list[str] = []
    keys, arrows = bytearray(), bytearray()
    position = 0
    for piece in INPUT_PIECES.finditer(received):
        if piece.start() != position:
            losses.append(f"torn or unknown input at {position}: {received[position : piece.start()][:SHOWN_BYTES]!r}")
        position = piece.end()
        match piece.lastgroup:
            case "pasted" | "token":
                token = piece[piece.lastgroup].decode()
                tokens.append(token)
                if (token in typed.pasted) != (piece.lastgroup == "pasted"):
                    losses.append(
                        f"input {token} was {'' if token in typed.pasted else 'not '}pasted, and came otherwise"
                    )
            case "key":
                keys += piece.group()
            case "arrow":
                arrows += piece.group()
            case _:
                pass
    if position != len(received):
        losses.append(f"torn or unknown input at the end: {received[position:][:SHOWN_BYTES]!r}")
    losses += _token_losses(tokens, typed)
    losses += [
        f"{what} typed: {len(expected)} bytes, read: {len(read)}, the same up to {_first_difference(expected, read)}"
        for what, expected, read in (
            ("keys", typed.keys.encode(), bytes(keys)),
            ("arrows", typed.arrows, bytes(arrows)),
        )
        if expected != read
    ]
    return losses


def reply_losses(received: bytes, queries: Sequence[str]) -> list[str]:
    """Check that each query (``DA1``, ``CPR ROW COLUMN``) was answered once, in order."""
    answers = replies_in(received)
    losses: list[str] = []
    if len(answers) != len(queries):
        losses.append(f"{len(queries)} questions, {len(answers)} answers")
    for number, (question, answer) in enumerate(zip(queries, answers, strict=False), 1):
        match question.split():
            case ["CPR", row, column]:
                right = answer == b"\x1b[%d;%dR" % (int(row), int(column))
            case _:
                right = answer.endswith(b"c")
        if not right:
            losses.append(f"question {number} ({question}) was answered {answer!r}")
            break  # After a wrong answer, all later ones are shifted.
    return losses


def replies_in(received: bytes) -> list[bytes]:
    """The terminal's replies in a program's input."""
    return [piece["reply"] for piece in INPUT_PIECES.finditer(received) if piece.lastgroup == "reply"]


def _token_losses(tokens: list[str], typed: TypedInput) -> list[str]:
    counted = Counter(tokens)
    losses = [f"input {token} read {count} times" for token, count in counted.items() if count > 1]
    if missing := [token for token in typed.sure if token not in counted]:
        losses.append(f"{len(missing)} inputs missing: {' '.join(missing[:5])}{' …' if len(missing) > 5 else ''}")
    losses += [f"input {token} was never typed" for token in counted.keys() - set(typed.sure) - typed.unsure]
    sure = set(typed.sure)
    for writer in sorted({_writer(token) for token in typed.sure}):
        expected = [token for token in typed.sure if _writer(token) == writer and token in counted]
        if expected != list(dict.fromkeys(token for token in tokens if token in sure and _writer(token) == writer)):
            losses.append(f"inputs of {writer} came in another order")
    return losses


def _writer(token: str) -> str:
    """The writer of a token: its leading letters."""
    return token[1:].rstrip(">").rstrip("0123456789")


def _difference(written: bytes, offset: int, data: bytes) -> str:
    index = _first_difference(written[offset : offset + len(data)], data)
    expected = written[offset + index : offset + index + SHOWN_BYTES]
    return f"other bytes at offset {offset + index}: {data[index : index + SHOWN_BYTES]!r}, not {expected!r}"


def _first_difference(first: bytes, second: bytes) -> int:
    for index, (one, other) in enumerate(zip(first, second, strict=False)):
        if one != other:
            return index
    return min(len(first), len(second))


def _line_losses(written: bytes, recorded: bytes) -> list[str]:
    """Missing and doubled lines by number, which are easier to read than byte offsets."""
    expected, actual = Counter(LINE.findall(written)), Counter(LINE.findall(recorded))
    missing, doubled = sorted((expected - actual).elements()), sorted((actual - expected).elements())
    return [
        f"{len(lines)} lines {what}: {int(lines[0])} … {int(lines[-1])}"
        for what, lines in (("missing", missing), ("doubled", doubled))
        if lines
    ]
