"""A recording that another machine sends is exported as one of this machine; here the machine is this process."""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from session_host.cli import main
from session_host.cli.recording import there
from session_host.errors import ProtocolViolation, Unreachable
from session_host.machines.names import MachineEntry
from session_host.paths import config_dir
from session_host.protocol.codec import Decoder, encode
from session_host.protocol.values import CellSize, GridSize
from session_host.structured.items import Item, Put
from session_host.structured.transcript import BUILD, Transcript
from tests.support.area import Area
from tests.support.commands import outlive
from tests.support.journals import output, recorded_session, resize
from tests.support.structured_chats import new_chat, send, wait

Answer = Callable[[list[str]], tuple[int, bytes]]


@pytest.fixture(autouse=True)
def machine(area: Area) -> None:
    config_dir().mkdir(parents=True, exist_ok=True)
    (config_dir() / "machines.toml").write_text('alpha = "alpha"\n')


def answers(patch: pytest.MonkeyPatch, answer: Answer) -> None:
    """Let the machine ``alpha`` answer commands; in pieces, as a link brings them."""

    def run(entry: MachineEntry, arguments: list[str], take: Callable[[bytes], object]) -> int:
        assert entry.name == "alpha"
        code, sent = answer(arguments)
        try:
            for first in range(0, len(sent), 1000):
                take(sent[first : first + 1000])
        except ProtocolViolation as error:
            raise Unreachable("what answers there is not Outlive") from error
        return code

    patch.setattr(there, "run_there", run)


def as_this_machine(arguments: list[str]) -> tuple[int, bytes]:
    """The answer of a machine that has this machine's chats."""
    sent = io.BytesIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", io.TextIOWrapper(sent, "utf-8", write_through=True))
        return main(arguments), sent.getvalue()


def exported(chat: str, path: Path) -> tuple[int, str, str]:
    done = outlive("export", chat, str(path))
    return done.code, done.error.replace("alpha:", ""), path.read_text().replace("alpha:", "")


@pytest.mark.parametrize("is_damaged", [False, True])
def test_a_terminals_recording(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, is_damaged: bool) -> None:
    answers(monkeypatch, as_this_machine)
    first = b"first \x1b[31mred\xff\r\n"
    more = b"".join(b"line %d\r\n" % number for number in range(50_000))
    offset = len(first) + (1000 if is_damaged else 0)
    recorded_session("x", [resize(0, 1, 20, 5), output(0, first, 1.0), resize(offset, 2, 40, 5), output(offset, more)])
    for suffix in (".cast", ".txt", ".html"):
        path = tmp_path / f"x{suffix}"
        here = exported("x", path)
        assert exported("alpha:x", path) == here
        assert here[0] == is_damaged


@pytest.mark.usefixtures("sessions")
def test_a_chat_view(area: Area, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    answers(monkeypatch, as_this_machine)
    new_chat(area, "x")
    send("x", "answer: hello")
    wait("x", "idle")
    for suffix in (".md", ".txt", ".html", ".json"):
        path = tmp_path / f"x{suffix}"
        assert exported("x", path) == exported("alpha:x", path)
        assert "hello" in path.read_text()
    assert outlive("export", "alpha:x", str(tmp_path / "x.cast")).complaint().startswith("alpha:x is a chat view")


def test_a_file_stays_when_the_machine_sends_something_else(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text("previous")
    recorded_session("x", [output(0, b"hello")])
    _, whole = as_this_machine(["recording", "x"])
    large = encode(there.Resized(0, GridSize(65535, 65535), CellSize()))
    last = encode(there.Last(False))
    for sent in (b"", b"no recording", last, whole[: -len(last)], whole[:-1], whole.replace(b"Last", b"Lost")):
        answers(monkeypatch, lambda _arguments, sent=sent: (0, sent))  # type: ignore[misc]
        done = outlive("export", "alpha:x", str(path))
        assert (done.code, done.complaint()) == (1, "alpha sent no recording that this version can read")
        assert path.read_text() == "previous"
    answers(monkeypatch, lambda _arguments: (6, whole))
    assert outlive("export", "alpha:x", str(path)).code == 6
    assert path.read_text() == "previous"
    answers(monkeypatch, lambda _arguments: (0, whole[: -len(last)] + large + last))
    assert outlive("export", "alpha:x", str(path)).code == 0
    assert path.read_text() == "hello\n"


@pytest.mark.usefixtures("sessions")
def test_a_chat_view_with_times_that_are_none(area: Area, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    new_chat(area, "x")
    send("x", "answer: hello")
    wait("x", "idle")
    _, whole = as_this_machine(["recording", "x"])
    chat = next(Decoder(there.PARTS).feed(whole))
    lying = Transcript()
    lying.apply(Put(Item("lie", "agent", text="hello", at_ms=2**62)))
    sent = encode(chat) + encode(there.Said(BUILD, lying.snapshot())) + encode(there.Last(False))
    answers(monkeypatch, lambda _arguments: (0, sent))
    for suffix in (".md", ".txt", ".html", ".json"):
        done = outlive("export", "alpha:x", str(tmp_path / f"x{suffix}"))
        assert done.code == 0 or done.complaint() == "alpha sent no recording that this version can read"


def test_a_recording_that_is_too_long_or_finds_no_space(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    answers(monkeypatch, as_this_machine)
    recorded_session("x", [output(0, b"hello" * 1000)])
    path = tmp_path / "x.txt"
    with monkeypatch.context() as patch:
        patch.setattr(there, "MAX_BYTES", 2000)
        assert "is longer than 0 GiB; export it on alpha" in outlive("export", "alpha:x", str(path)).complaint()
    with monkeypatch.context() as patch, Path("/dev/full").open("r+b", buffering=0) as full:
        patch.setattr(tempfile, "TemporaryFile", lambda **_: full)
        done = outlive("export", "alpha:x", str(path))
    assert (done.code, done.complaint()) == (1, "cannot keep the recording (No space left on device); free some space")
    assert not path.exists()
