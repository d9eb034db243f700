"""Compares what a program, a viewer and the journal have: each difference is a loss, described in one line.

Nothing here runs anything, so that each kind of loss can be planted and must be found.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

LINE = re.compile(rb"(\d{8}) [0-9a-f]{8} ")
SHOWN_BYTES = 48

PIECES = re.compile(
    rb"\x1b\[200~(?P<pasted><[^<>\x1b]*>)\x1b\[201~"
    rb"|(?P<token><[^<>\x1b]*>)"
    rb"|(?P<arrow>\x1bO[ABCD])"
    rb"|(?P<reply>\x1b\[[?\d;]*[cnR])"
    rb"|(?P<key>[a-z])"
)


class Kept(NamedTuple):
    """One thing that a viewer was given.

    Attributes:
        kind: ``S``: a snapshot, all that came before ``offset``; ``O``: output from there on.
        offset: in the session's stream, in bytes.
        data: empty for a snapshot.
    """

    kind: Literal["S", "O"]
    offset: int
    data: bytes = b""


@dataclass
class Typed:
    """The input of one session, and whether each part was certainly sent.

    Attributes:
        sure: tokens (``<…>``) that must have come once, in this order for each writer.
        unsure: those of commands that were killed or said that they failed: once or not at all.
        pasted: those of ``sure`` that were pasted, and must come within brackets.
        keys: letters typed one by one.
        arrows: how many arrow keys, by the sequence in which they must come.
    """

    sure: list[str] = field(default_factory=list)
    unsure: set[str] = field(default_factory=set)
    pasted: set[str] = field(default_factory=set)
    keys: str = ""
    arrows: bytes = b""


def output_losses(written: bytes, pieces: Iterable[tuple[int, bytes]], *, start: int = 0) -> list[str]:
    """Where output in pieces of (offset, data), from ``start`` to the end, is not what the program wrote."""
    losses: list[str] = []
    kept = bytearray()
    position = start
    for offset, data in pieces:
        if offset != position:
            what = "missing" if offset > position else "doubled"
            losses.append(f"{abs(offset - position)} bytes {what} at offset {min(offset, position)}")
        elif data != written[offset : offset + len(data)]:
            losses.append(_difference(written, offset, data))
        kept += data
        position = offset + len(data)
    if position != len(written):
        what = "missing at the end" if position < len(written) else "too many at the end"
        losses.append(f"{abs(len(written) - position)} bytes {what}: {position} of {len(written)}")
    if losses:
        losses += _line_losses(written[start:], bytes(kept))
    return losses


def viewer_losses(written: bytes, kept: Sequence[Kept], *, whole: bool) -> list[str]:
    """Where a viewer was given other output than the program wrote; a snapshot may take the place of some.

    Args:
        written: the program's own record.
        kept: what the viewer was given, in order.
        whole: it must have come to the end; one that was killed need not.
    """
    losses: list[str] = []
    position = -1
    for each in kept:
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


def input_losses(received: bytes, typed: Typed) -> list[str]:
    """What the program did not read once and in order, as it was typed."""
    losses: list[str] = []
    tokens: list[str] = []
    keys, arrows = bytearray(), bytearray()
    position = 0
    for piece in PIECES.finditer(received):
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


def reply_losses(received: bytes, asked: Sequence[str]) -> list[str]:
    """Questions (``DA1``, ``CPR ROW COLUMN``) that were not answered once each, in their order."""
    answers = replies_in(received)
    losses: list[str] = []
    if len(answers) != len(asked):
        losses.append(f"{len(asked)} questions, {len(answers)} answers")
    for number, (question, answer) in enumerate(zip(asked, answers, strict=False), 1):
        match question.split():
            case ["CPR", row, column]:
                right = answer == b"\x1b[%d;%dR" % (int(row), int(column))
            case _:
                right = answer.endswith(b"c")
        if not right:
            losses.append(f"question {number} ({question}) was answered {answer!r}")
            break  # All that follow are shifted.
    return losses


def replies_in(received: bytes) -> list[bytes]:
    """The terminal's replies among what a program read."""
    return [piece["reply"] for piece in PIECES.finditer(received) if piece.lastgroup == "reply"]


def _token_losses(tokens: list[str], typed: Typed) -> list[str]:
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
    """Who typed a token: the letters that it begins with."""
    return token[1:].rstrip(">").rstrip("0123456789")


def _difference(written: bytes, offset: int, data: bytes) -> str:
    place = _first_difference(written[offset : offset + len(data)], data)
    expected = written[offset + place : offset + place + SHOWN_BYTES]
    return f"other bytes at offset {offset + place}: {data[place : place + SHOWN_BYTES]!r}, not {expected!r}"


def _first_difference(first: bytes, second: bytes) -> int:
    for place, (one, other) in enumerate(zip(first, second, strict=False)):
        if one != other:
            return place
    return min(len(first), len(second))


def _line_losses(written: bytes, kept: bytes) -> list[str]:
    """The same in numbered lines, for the report's reader."""
    expected, found = Counter(LINE.findall(written)), Counter(LINE.findall(kept))
    missing, doubled = sorted((expected - found).elements()), sorted((found - expected).elements())
    return [
        f"{len(lines)} lines {what}: {int(lines[0])} … {int(lines[-1])}"
        for what, lines in (("missing", missing), ("doubled", doubled))
        if lines
    ]
