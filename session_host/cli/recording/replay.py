"""``outlive replay``: plays a chat's recording in this terminal.

An emulator interprets the recording, and its screen is painted here. The recorded bytes themselves never reach this
terminal: it would answer their queries into the shell, and keep their modes.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import os
import signal
import sys
from collections.abc import Iterator
from enum import Enum, auto
from itertools import chain
from typing import NamedTuple

from session_host.cli.arguments import add_session_argument
from session_host.cli.attach.input_parser import InputParser, KeyTyped, TerminalInput, TextTyped
from session_host.cli.attach.outer_terminal import OuterTerminal
from session_host.cli.attach.painter import Painter
from session_host.cli.output import print_line
from session_host.cli.recording.lines import CONTROLS
from session_host.cli.recording.recording import Gap, GapKind, Recording, RestoredState, Step, Terminal, recording_of
from session_host.cli.session_argument import find, machine_and_chat
from session_host.client.sessions.session_info import SessionInfo
from session_host.errors import OutliveError, UsageError
from session_host.protocol.values import GridSize, KeyAction, Modifiers
from session_host.storage.journal import Output, Resize
from session_host.system import event_loop
from session_host.terminal.base import Modes
from session_host.terminal.rows import Row
from session_host.terminal.text import ansi_row

IDLE_LIMIT_S = 2.0
"""The longest pause; longer ones of the recording are shortened to this."""

FRAME_INTERVAL_S = 1 / 60
NOTICE_S = 3.0
PIECE_BYTES = 64 * 1024
"""How much is shown between two checks of the keyboard."""

_SHOWN_MODES = Modes()


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments to the parser."""
    add_session_argument(parser)
    parser.add_argument("--speed", metavar="X", type=float, default=1.0, help="playback speed; 0.5 is half speed")
    parser.epilog = f"q or Ctrl+C quits. Pauses are shortened to {IDLE_LIMIT_S:g} s."


def run(options: argparse.Namespace) -> int:
    """Play the recording of the named session."""
    speed: float = options.speed
    if not (speed > 0 and math.isfinite(speed)):
        raise UsageError("--speed needs a positive number")
    entry, chat = machine_and_chat(options.session)
    if entry is not None:
        from session_host.cli.recording.there import NotSent, fetched

        try:
            with fetched(entry, chat) as came:
                return _replay(came.recording, came.info, speed)
        except NotSent as refused:
            return refused.code
    info = find(options.session)
    return _replay(recording_of(info), info, speed)


def _replay(recording: Recording | None, info: SessionInfo, speed: float) -> int:
    if recording is None:
        raise OutliveError(f"{info.name} has no terminal to replay; see `outlive peek {info.name} --scrollback`")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise OutliveError(f"replay needs a terminal; without one, use `outlive export {info.name} FILE.txt`")
    if os.environ.get("TERM", "dumb") == "dumb":
        raise OutliveError("this terminal (TERM=dumb) cannot show a full screen; use `outlive export`")
    terminal = OuterTerminal(sys.stdin.fileno(), sys.stdout.fileno())
    ending = event_loop.run(_Replay(recording, terminal, speed).run())
    return _report_ending(ending, info.name)


class _EndingKind(Enum):
    PLAYED = auto()
    LEFT = auto()
    SIGNAL = auto()
    TERMINAL_GONE = auto()


class _Ending(NamedTuple):
    kind: _EndingKind
    signal_number: int = 0
    last_screen: tuple[str, ...] = ()
    missing_end: str = ""


def _report_ending(ending: _Ending, name: str) -> int:
    match ending.kind:
        case _EndingKind.PLAYED:
            for line in ending.last_screen:
                print(line)
            if ending.missing_end:
                print_line(f"[{ending.missing_end}]")
            print_line(f"[end of the recording of {name}]")
            return 0
        case _EndingKind.LEFT:
            return 0
        case _EndingKind.SIGNAL:
            return 128 + ending.signal_number
        case _EndingKind.TERMINAL_GONE:
            return 128 + signal.SIGHUP


class _Replay:
    """Connects a recording and this terminal."""

    def __init__(self, recording: Recording, terminal: OuterTerminal, speed: float) -> None:
        self._recording = recording
        self._terminal = terminal
        self._speed = speed
        self._size = terminal.size()[0]
        self._parser = InputParser()
        encoding = sys.stdout.encoding or "utf-8"
        self._painter = Painter(self._size, encoding, links=terminal.ignores_unknown)
        self._shown = Terminal(recording)
        self._warned_of_size = False
        self._due_s = 0.0
        self._last_ns: int | None = None
        self._painted_at_s = -1.0
        self._dirty = True
        self._notice: asyncio.TimerHandle | None = None
        self._missing_end = ""

    async def run(self) -> _Ending:
        """Play until the end of the recording or another end; returns which."""
        self._loop = asyncio.get_running_loop()
        self._ending: asyncio.Future[_Ending] = self._loop.create_future()
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            self._loop.add_signal_handler(number, self._end, _Ending(_EndingKind.SIGNAL, number))
        self._loop.add_signal_handler(signal.SIGWINCH, self._resized)
        self._loop.add_signal_handler(signal.SIGCONT, self._continued)
        # The terminal is restored before the loop drops its signal handlers, so that no signal comes in between.
        with self._terminal:
            self._terminal.final_output = self._painter.leave()
            self._terminal.start(self._input, self._drained, lambda: self._end(_Ending(_EndingKind.TERMINAL_GONE)))
            self._terminal.write(self._painter.enter())
            self._warn_of(self._recording.size)
            playing = asyncio.ensure_future(self._play())
            try:
                await asyncio.wait([playing, self._ending], return_when=asyncio.FIRST_COMPLETED)
                return self._ending.result() if self._ending.done() else await playing
            finally:
                playing.cancel()
                await asyncio.wait([playing])
                if self._notice is not None:
                    self._notice.cancel()
                self._shown.close()
                self._terminal.final_output = self._painter.leave()

    def _end(self, ending: _Ending) -> None:
        if not self._ending.done():
            self._ending.set_result(ending)

    # ------------------------------------------------------------ playing

    async def _play(self) -> _Ending:
        self._due_s = self._loop.time()
        for step in chain.from_iterable(map(_in_pieces, self._recording.steps())):
            await self._wait_for(step)
            self._apply(step)
        self._paint()
        rows = [ansi_row(_harmless(row), links=False) for row in self._shown.emulator.rows()]
        while rows and not rows[-1]:
            rows.pop()
        # A narrow terminal would wrap the line, which the user has already seen.
        fits = self._shown.emulator.size.columns <= self._size.columns
        last_screen = tuple(rows) if fits else ()
        return _Ending(_EndingKind.PLAYED, last_screen=last_screen, missing_end=self._missing_end)

    async def _wait_for(self, step: Step) -> None:
        """Wait until a step is due, with the previous screen; process the keyboard in any case."""
        if self._last_ns is not None:
            # A wall clock that was set back gives no duration.
            passed_s = max(0, step.time_ns - self._last_ns) / 1e9
            self._due_s += min(passed_s, IDLE_LIMIT_S) / self._speed
        self._last_ns = step.time_ns
        now_s = self._loop.time()
        if self._due_s - now_s > FRAME_INTERVAL_S / 4:
            self._paint()
            await asyncio.sleep(max(0.0, self._due_s - self._loop.time()))
        elif now_s - self._painted_at_s >= FRAME_INTERVAL_S:
            self._paint()
            await asyncio.sleep(0)

    def _apply(self, step: Step) -> None:
        self._dirty = True
        match step:
            case Output(data=data):
                self._shown.feed(data)
            case Resize(size=size, cell=cell):
                self._shown.resize(size, cell)
                self._warn_of(size)
            case Gap(kind=GapKind.END):
                self._missing_end = str(step)
            case Gap():
                self._shown.skip_gap()
                self._show_notice(str(step))
            case RestoredState(snapshot=snapshot):
                self._shown.restore(snapshot)
                self._shown.emulator.damage_all()

    def _paint(self) -> None:
        """Show the current screen, unless this terminal is still busy with the previous one."""
        if self._dirty and self._terminal.is_drained:
            self._dirty = False
            self._painted_at_s = self._loop.time()
            emulator = self._shown.emulator
            # The program's mouse and keyboard modes do not apply to this terminal: no input goes to the program.
            modes = _SHOWN_MODES._replace(reverse_screen=emulator.modes.reverse_screen)
            self._terminal.write(self._painter.paint(emulator.frame(), modes))

    def _drained(self) -> None:
        self._paint()

    # ------------------------------------------------------------ this terminal

    def _warn_of(self, size: GridSize) -> None:
        if not self._warned_of_size and (size.columns > self._size.columns or size.rows > self._size.rows):
            self._warned_of_size = True
            self._show_notice(f"this terminal ({self._size}) is smaller than the recording ({size}); showing a part")

    def _show_notice(self, text: str) -> None:
        if self._notice is not None:
            self._notice.cancel()
        self._terminal.write(self._painter.notice(text))
        self._notice = self._loop.call_later(NOTICE_S, lambda: self._terminal.write(self._painter.notice("")))

    def _resized(self) -> None:
        self._size = self._terminal.size()[0]
        self._terminal.write(self._painter.resize(self._size))
        self._warn_of(self._shown.emulator.size)

    def _continued(self) -> None:
        """Redraw after SIGCONT: another program may have changed the terminal meanwhile."""
        self._terminal.make_raw()
        self._terminal.write(self._painter.enter())
        self._resized()

    def _input(self, data: bytes) -> None:
        if any(map(_leaves, self._parser.feed(data))):
            self._end(_Ending(_EndingKind.LEFT))


def _leaves(value: TerminalInput) -> bool:
    """Whether a key ends the replay: q, or Ctrl+C."""
    if isinstance(value, TextTyped):
        return value.text == "q"
    if not isinstance(value, KeyTyped) or value.action is KeyAction.RELEASE:
        return False
    return (value.key, value.modifiers & ~Modifiers.CAPS_LOCK) in {("q", Modifiers.NONE), ("c", Modifiers.CTRL)}


def _harmless(row: Row) -> Row:
    """Make a row safe to print: none of its cells may control the terminal."""
    return row._replace(runs=tuple(run._replace(text=CONTROLS.sub(" ", run.text)) for run in row.runs))


def _in_pieces(step: Step) -> Iterator[Step]:
    """Split long output into several steps."""
    if not isinstance(step, Output) or len(step.data) <= PIECE_BYTES:
        yield step
        return
    for first in range(0, len(step.data), PIECE_BYTES):
        yield Output(step.time_ns, step.offset + first, step.data[first : first + PIECE_BYTES])
