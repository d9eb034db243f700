"""Slash commands, titles and attached files."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_host.endpoint.conversation import MAX_BYTES, TITLE_CHARACTERS, label, read_attachment, title_of
from session_host.endpoint.slash_commands import is_command, parse
from session_host.errors import OutliveError


@pytest.mark.parametrize(
    ("line", "name", "rest"),
    [
        ("/model  x y ", "model", "x y"),
        ("/MODEL", "model", ""),
        ("/mo x", "model", "x"),
        ("/re", None, ""),
        ("/nonsense", None, ""),
        ("/", None, ""),
    ],
)
def test_a_line_is_split_into_command_and_argument(line: str, name: str | None, rest: str) -> None:
    command, argument = parse(line)
    assert (command.name if command else None, argument) == (name, rest)


def test_only_a_slash_and_a_word_are_a_command() -> None:
    assert is_command(" /tokens ")
    assert not any(is_command(text) for text in ["help", "/usr/bin", "/", "/a\nb", "", " ", "/2"])


@given(st.text())
def test_a_question_becomes_a_title_of_one_short_line(question: str) -> None:
    topic = title_of(question)
    assert len(topic) <= TITLE_CHARACTERS
    assert "\n" not in topic


def test_a_title_is_the_first_words() -> None:
    assert title_of("  why is\nthe sky blue? ") == "why is the sky blue?"
    assert title_of("word " * 40) == "word " * 11 + "word…"
    assert len(title_of("x" * 100)) == TITLE_CHARACTERS


def test_a_file_is_attached_up_to_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbfx" + b"y" * (MAX_BYTES - 4))
    assert read_attachment(str(path)).text[:2] == "xy", "without the byte order mark"
    path.write_bytes(b"x" * (MAX_BYTES + 1))
    with pytest.raises(OutliveError, match="too large"):
        read_attachment(str(path))
    path.write_text("x\n")
    assert label(read_attachment(str(path))) == "a.txt (2 B)"


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n", b"a\0b", "ä".encode("latin-1")])
def test_a_file_that_is_no_text_is_not_attached(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(OutliveError, match="is not a text file"):
        read_attachment(str(tmp_path / "a"))


@pytest.mark.parametrize("name", ["none", "a\0b", ".", "/dev/zero", "/dev/tty"])
def test_an_unreadable_file_is_reported(name: str) -> None:
    with pytest.raises(OutliveError):
        read_attachment(name)
