"""Targets that labels select by keyboard, and the labels."""

from __future__ import annotations

from itertools import pairwise

import pytest

from gui.terminal.by_keyboard.hints import Target, labels, marked_targets, targets_in
from session_host.protocol.values import FileLocation, GridSize
from session_host.terminal import create
from session_host.terminal.lines import joined_lines


@pytest.mark.parametrize("count", [0, 1, 9, 10, 17, 81, 82, 400, 676])
def test_no_label_is_the_beginning_of_another_and_all_are_as_short_as_possible(count: int) -> None:
    all_labels = labels(count)
    assert len(all_labels) == len(set(all_labels)) == count
    assert not [one for one, other in pairwise(sorted(all_labels)) if other.startswith(one)]
    assert max(map(len, all_labels), default=1) == (1 if count <= 9 else 2)
    assert list(map(len, all_labels)) == sorted(map(len, all_labels))
    if count <= 81:
        assert set("".join(all_labels)) <= set("asdfghjkl"), "the home row"


def targets_of(*lines: str, columns: int = 80) -> list[Target]:
    emulator = create(None, GridSize(columns, 20))
    emulator.feed("\r\n".join(lines).encode())
    rows = emulator.rows()
    emulator.close()
    return targets_in(joined_lines(rows, 0, columns))


@pytest.mark.parametrize(
    ("line", "hashes"),
    [
        ("commit 1a2b3c4d5e6f7a8b9c0d1a2b3c4d5e6f7a8b9c0d (HEAD)", ["1a2b3c4d5e6f7a8b9c0d1a2b3c4d5e6f7a8b9c0d"]),
        ("index 0123abc..4567def 100644", ["0123abc", "4567def"]),
        ("* 61fb35b terminal: a shell", ["61fb35b"]),
        ("id: 123e4567-e89b-12d3-a456-426614174000,", ["123e4567-e89b-12d3-a456-426614174000"]),
        ("sha256:" + "ab" * 32, ["ab" * 32]),
        ("a defaced facade, 12345678 bytes, 2026-11-22, 0x1234abcd, v1.1234abc", []),
        ("https://example.org/commit/1a2b3c4d", []),
    ],
)
def test_hashes_are_targets(line: str, hashes: list[str]) -> None:
    targets = targets_of(line)
    texts = [target.text for target in targets if target.text]
    covered = [target for target in targets if target.uri]
    assert [text for text in texts if not covered] == hashes


def test_a_wrapped_address_is_one_target_with_cells_in_each_row() -> None:
    address = "https://example.org/" + "x" * 30
    assert targets_of(f"see {address}.", columns=30) == [Target(((0, 4, 29), (1, 0, 23)), uri=address)]


def test_file_names_have_line_numbers() -> None:
    assert [target.file for target in targets_of('File "a b.py", line 3', "src/x.rs:4:9")] == [
        FileLocation("a b.py", 3),
        FileLocation("src/x.rs", 4, 9),
    ]


def test_a_programs_link_that_continues_in_the_next_row_is_one_target() -> None:
    emulator = create(None, GridSize(30, 6))
    link = "\x1b]8;;https://e.org/{}\x1b\\{}\x1b]8;;\x1b\\"
    emulator.feed(
        f"{link.format(1, 'one')}\x1b[1m{link.format(1, ' bold')}\x1b[0m {link.format(2, 'two')}\r\n".encode()
    )
    emulator.feed(f"{link.format(2, 'goes on')}\r\n\r\n{link.format(2, 'again')}".encode())
    rows = emulator.rows()
    emulator.close()
    assert marked_targets(rows, 7) == [
        Target(((7, 0, 7),), uri="https://e.org/1", is_marked=True),
        Target(((7, 9, 11), (8, 0, 6)), uri="https://e.org/2", is_marked=True),
        Target(((10, 0, 4),), uri="https://e.org/2", is_marked=True),
    ]
