"""A recording on another machine: ``outlive recording`` sends it, and ``fetched`` keeps it here while it is used.

What comes is what was shown, and no file of the machine: ``export`` makes its file here, ``replay`` plays it here.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

import msgspec
from msgspec.structs import replace

from session_host.cli.arguments import add_session_argument
from session_host.cli.machines import run_there
from session_host.cli.session_argument import find
from session_host.client.sessions.session_info import SessionInfo
from session_host.errors import OutliveError, ProtocolViolation, Unreachable, why_not_started
from session_host.machines.names import MachineEntry
from session_host.paths import ensure_private, state_dir
from session_host.protocol.codec import Decoder, encode
from session_host.protocol.untrusted_text import plain
from session_host.protocol.values import CellSize, GridSize
from session_host.standing.traits import traits_of
from session_host.storage.journal import Output, Resize
from session_host.structured.transcript import BUILD, Transcript
from session_host.terminal import default_engine

from .recording import Gap, GapKind, Recording, RestoredState, Step, recording_of, screen_after_gap

MAX_BYTES = 4 * 1024 * 1024 * 1024
"""The longest recording that is accepted."""

MAX_TRANSCRIPT_BYTES = 2 * 1024 * 1024 * 1024

_PIECE_BYTES = 1024 * 1024
_READ_BYTES = 1024 * 1024
MAX_CHARACTERS = 4096


class Part(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """Base of the parts of a recording, as they are sent."""


class Chat(Part, frozen=True, gc=False):
    """The first part: the chat, and its terminal's size at the beginning."""

    info: SessionInfo
    size: GridSize


class Shown(Part, frozen=True, gc=False):
    """Output."""

    time_ns: int
    data: bytes


class Resized(Part, frozen=True, gc=False):
    """A change of the terminal's size."""

    time_ns: int
    size: GridSize
    cell: CellSize


class Missing(Part, frozen=True, gc=False):
    """A gap."""

    time_ns: int
    length: int
    kind: GapKind


class Said(Part, frozen=True, gc=False):
    """A piece of a chat view's transcript, as a snapshot."""

    build: str
    data: bytes


class Last(Part, frozen=True, gc=False):
    """The last part."""

    is_damaged: bool


PARTS = Chat | Shown | Resized | Missing | Said | Last


# ------------------------------------------------------------ there


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``outlive recording`` to the parser."""
    add_session_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Send the recording of a chat on standard output."""
    info = find(options.session)
    damage: list[None] = []
    parts = _parts_of(info, lambda: damage.append(None))
    for part in parts:
        sys.stdout.buffer.write(encode(part))
    sys.stdout.buffer.write(encode(Last(bool(damage))))
    return 0


def _parts_of(info: SessionInfo, on_damage: Any) -> Iterator[Part]:
    if traits_of(info.facts).has_transcript:
        from .transcript_export import transcript_of

        snapshot = transcript_of(info, on_damage).snapshot()
        yield Chat(info, info.facts.program.size)
        yield from (Said(BUILD, piece) for piece in _pieces(snapshot))
        return
    recording = recording_of(info, on_damage)
    yield Chat(info, recording.size)
    for step in recording.steps():
        match step:
            case Output(time_ns, _, data):
                yield from (Shown(time_ns, piece) for piece in _pieces(data))
            case Resize(time_ns, size=size, cell=cell):
                yield Resized(time_ns, size, cell)
            case Gap(time_ns, length, kind):
                yield Missing(time_ns, length, kind)
            case RestoredState(time_ns):
                # Only the same build of the engine could read the state itself.
                yield from (Shown(time_ns, piece) for piece in _pieces(screen_after_gap(recording, step)))


def _pieces(data: bytes) -> Iterator[bytes]:
    return (data[first : first + _PIECE_BYTES] for first in range(0, len(data), _PIECE_BYTES))


# ------------------------------------------------------------ here


class Fetched(NamedTuple):
    """The parts of a recording that have come.

    Attributes:
        info: the chat; its name is MACHINE:CHAT.
        recording: a terminal's recording; None of a chat view.
        transcript: a chat view's transcript; None of a terminal.
        is_damaged: output is missing that the limit of the recording has not removed.
    """

    info: SessionInfo
    recording: Recording | None
    transcript: Transcript | None
    is_damaged: bool


class NotSent(Exception):
    """The machine has not sent the recording, and has said why.

    Attributes:
        code: the exit code there.
    """

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@contextlib.contextmanager
def fetched(entry: MachineEntry, chat: str) -> Iterator[Fetched]:
    """Bring a chat's recording here, into a file that goes with the block.

    Raises:
        NotSent: the command there failed.
        Unreachable: the machine cannot be reached, or the connection was lost.
        OutliveError: the disk here is full, or what came is no recording.
    """
    with tempfile.TemporaryFile(dir=ensure_private(state_dir())) as file:
        code = _receive(entry, chat, file)
        if code:
            raise NotSent(code)
        try:
            yield _read(entry, file)
        except (ProtocolViolation, ValueError, OverflowError, RecursionError) as error:  # also times that are none
            raise OutliveError(f"{entry.name} sent no recording that this version can read") from error


def _receive(entry: MachineEntry, chat: str, file: IO[bytes]) -> int:
    """Write what the machine sends into a file; returns the exit code there."""
    length = 0
    failed: list[OutliveError] = []

    def write(data: bytes) -> None:
        nonlocal length
        length += len(data)
        if length > MAX_BYTES:
            failed.append(
                OutliveError(f"the recording is longer than {MAX_BYTES >> 30} GiB; export it on {entry.name}")
            )
        else:
            try:
                file.write(data)
                file.flush()
            except OSError as error:
                failed.append(OutliveError(f"cannot keep the recording ({why_not_started(error)}); free some space"))
        if failed:
            raise ProtocolViolation("no more is wanted")  # The link ends.

    try:
        return run_there(entry, ["recording", "--", chat], write)
    except Unreachable:
        if failed:
            raise failed[0] from None
        raise


def _read(entry: MachineEntry, file: IO[bytes]) -> Fetched:
    path = Path(f"/proc/self/fd/{file.fileno()}")
    first: Chat | None = None
    said = bytearray()
    last = None
    for last in _parts(path):
        match last:
            case Chat() if first is None:
                first = last
            case Said(build, data):
                if build != BUILD:
                    raise OutliveError(
                        f"{entry.name} has another version of Outlive; run `outlive upgrade --on {entry.name}`"
                    )
                said += data
                if len(said) > MAX_TRANSCRIPT_BYTES:
                    raise ProtocolViolation("the transcript is too long")
    if first is None or not isinstance(last, Last):
        raise ProtocolViolation("the recording is incomplete")
    name, agent, cwd = (
        plain(each, MAX_CHARACTERS)
        for each in (first.info.name, first.info.facts.origin.agent, first.info.facts.origin.cwd)
    )
    facts = first.info.facts
    facts = replace(
        facts,
        origin=replace(facts.origin, agent=agent, cwd=cwd),
        entry=replace(facts.entry, name=f"{entry.name}:{name}"),
    )
    info = replace(first.info, facts=facts)
    if traits_of(info.facts).has_transcript:
        transcript = Transcript.restore(bytes(said))
        list(transcript)  # Items are read only when they are used.
        return Fetched(info, None, transcript, last.is_damaged)
    return Fetched(info, _FetchedRecording(path, default_engine(), first.size.clamped()), None, last.is_damaged)


class _FetchedRecording(Recording):
    """A recording that another machine sent; ``directory`` is the file of its parts."""

    __slots__ = ()

    def steps(self) -> Iterator[Step]:
        """Yield all steps, in order."""
        offset = resizes = 0
        for part in _parts(self.directory):
            match part:
                case Shown(time_ns, data):
                    yield Output(time_ns, offset, data)
                    offset += len(data)
                case Resized(time_ns, size, cell):
                    resizes += 1
                    yield Resize(time_ns, offset, resizes, size.clamped(), cell)
                case Missing(time_ns, length, kind):
                    yield Gap(time_ns, length, kind)


def _parts(path: Path) -> Iterable[Any]:
    decoder = Decoder(PARTS)
    with open(os.open(path, os.O_RDONLY), "rb") as file:  # noqa: PTH123
        while data := file.read(_READ_BYTES):
            yield from decoder.feed(data)
