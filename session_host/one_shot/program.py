"""Requests on stdin, one turn at a time: the command of each turn, and its output as lines for the dialect."""

from __future__ import annotations

import asyncio
import codecs
import os
import re
import signal
import sys
from collections.abc import Callable, Sequence
from tempfile import TemporaryFile
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from session_host.errors import UsageError
from session_host.protocol.untrusted_text import without_escapes
from session_host.readiness import is_writable
from session_host.structured.lines import LineSplitter

_UNFINISHED: Final = re.compile(r"(?:\x1b[()#]?|\x1b\[[0-9;:?]{0,32}[ -/]{0,2}|\x1b\][^\x07\x1b]{0,4096}\x1b?|\r)\Z")
"""The beginning of an escape sequence, or of a line's end, that the next piece may finish."""

CHUNK_BYTES: Final = 65536
KEPT_STDERR_BYTES: Final = 4000
INTERRUPT_S: Final = 5.0
"""The time from SIGINT to SIGTERM for an interrupted command."""

TERMINATE_S: Final = 5.0
"""The time from SIGTERM to SIGKILL."""

DRAIN_S: Final = 1.0
"""How long after a command's end the output of its remaining processes is read."""

FORMATS: Final = ("codex", "claude", "opencode", "text")
"""The forms of output that ``structured.dialects.one_shot.READERS`` reads; this small process loads none."""

LATER: Final = ":::"
"""Separates the command of the first turn from that of later ones."""

PROMPT: Final = "%prompt%"
CONVERSATION: Final = "%conversation%"

MAX_REQUEST_BYTES: Final = 64 * 1024 * 1024


class Program:
    """Serves requests until stdin ends, or a signal asks for the end."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._command: Command | None = None
        self._turn: asyncio.Task[None] | None = None
        self._stopping: asyncio.Task[None] | None = None

    async def serve(self) -> None:
        """Serve until the end, and end the running command then."""
        loop = asyncio.get_running_loop()
        serving = asyncio.current_task()
        assert serving is not None
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            # A second signal would cut short what the first one begins.
            loop.add_signal_handler(number, lambda: serving.cancelling() or serving.cancel())
        self._write(encode({"type": "ready", "format": self._options.format}))
        reader = asyncio.StreamReader(MAX_REQUEST_BYTES)
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer)
        try:
            while line := await reader.readline():
                self._take(line)
        except asyncio.CancelledError:
            pass
        finally:
            await self._end()

    def _take(self, line: bytes) -> None:
        try:
            request: Any = msgspec.json.decode(line)
        except msgspec.DecodeError:
            request = None
        match request:
            case {"interrupt": True}:
                if self._command is not None and self._stopping is None:
                    self._stopping = asyncio.create_task(self._command.interrupt())
            case {"id": str(prompt_id), "prompt": str(prompt)}:
                if self._turn is not None and not self._turn.done():
                    self._refuse(prompt_id, "a turn is running")
                    return
                conversation, again = str(request.get("conversation", "")), request.get("again") is True
                argv, data = command(self._options, prompt, conversation, again=again)
                self._turn = asyncio.create_task(self._run(prompt_id, argv, data))
            case _:
                self._write(encode({"type": "error", "error": "not a request"}))

    async def _run(self, prompt_id: str, argv: list[str], data: bytes) -> None:
        """One turn."""
        try:
            self._command = await Command.start(argv, data)
        except (OSError, ValueError) as error:
            self._refuse(prompt_id, f"{argv[0]}: {error}")
            return
        self._write(encode({"type": "started", "id": prompt_id}))
        output: Output = PlainText() if self._options.format == "text" else JsonLines()
        try:
            ended = await self._command.run(output, self._write)
            self._write(encode({"type": "ended", "id": prompt_id, **ended._asdict()}))
        finally:
            self._command = None
            if self._stopping is not None:
                self._stopping.cancel()
                self._stopping = None

    def _refuse(self, prompt_id: str, reason: str) -> None:
        self._write(encode({"type": "refused", "id": prompt_id, "error": reason}))

    @staticmethod
    def _write(data: bytes) -> None:
        """Write to stdout; the host reads it into a file, and is never slow for long."""
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(1, view) :]
            except BlockingIOError:
                # Stdin and stdout may be one socket, which asyncio has made non-blocking.
                is_writable(1)
            except BrokenPipeError:
                return  # Stdin ends, too.

    async def _end(self) -> None:
        if self._command is not None:
            await self._command.end()
        if self._turn is not None:
            await asyncio.gather(self._turn, return_exceptions=True)


class Command:
    """A running command, in a process group of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._stderr = bytearray()

    @classmethod
    async def start(cls, argv: Sequence[str], data: bytes) -> Command:
        """Start a command.

        Its stdin is a file, which it can also open as ``/dev/stdin``.

        Args:
            argv: its words.
            data: what it reads from its stdin.

        Raises:
            OSError: it cannot be started.
        """
        # Colours and terminal sequences have no place in a chat.
        environment = {**os.environ, "NO_COLOR": "1", "TERM": "dumb"}
        pipe = asyncio.subprocess.PIPE
        with TemporaryFile() as stdin:
            stdin.write(data)
            stdin.seek(0)
            return cls(
                await asyncio.create_subprocess_exec(
                    *argv, stdin=stdin, stdout=pipe, stderr=pipe, env=environment, process_group=0
                )
            )

    async def run(self, output: Output, write: Callable[[bytes], None]) -> Ended:
        """Pass the command's output on until it ends."""
        process = self._process
        assert process.stdout is not None
        assert process.stderr is not None
        readers = [
            asyncio.create_task(self._read(process.stdout, lambda piece: write(output.feed(piece)))),
            asyncio.create_task(self._read(process.stderr, self._keep)),
        ]
        try:
            code = await process.wait()
            await asyncio.wait(readers, timeout=DRAIN_S)
        finally:
            for reader in readers:
                reader.cancel()
            await asyncio.gather(*readers, return_exceptions=True)
        write(output.finish())
        stderr = bytes(self._stderr[-KEPT_STDERR_BYTES:]).decode(errors="replace").strip()
        return Ended(max(code, 0), max(-code, 0), stderr)

    @staticmethod
    async def _read(stream: asyncio.StreamReader, take: Callable[[bytes], None]) -> None:
        while data := await stream.read(CHUNK_BYTES):
            take(data)

    def _keep(self, data: bytes) -> None:
        self._stderr += data
        del self._stderr[: -KEPT_STDERR_BYTES * 2]

    async def interrupt(self) -> None:
        """Interrupt the command, as Ctrl+C does; end it if it does not exit."""
        self._signal(signal.SIGINT)
        if not await self._ends_within(INTERRUPT_S):
            await self.end()

    async def end(self) -> None:
        """End the command and all other processes of its process group."""
        self._signal(signal.SIGTERM)
        if not await self._ends_within(TERMINATE_S):
            self._signal(signal.SIGKILL)

    async def _ends_within(self, timeout_s: float) -> bool:
        try:
            await asyncio.wait_for(asyncio.shield(self._process.wait()), timeout_s)
        except TimeoutError:
            return False
        return True

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            pass  # The whole group has ended.


class Output(Protocol):
    """Turns the output of one run into lines for the dialect."""

    def feed(self, data: bytes) -> bytes:
        """The lines for a piece of output."""

    def finish(self) -> bytes:
        """The lines for the remaining output, at its end."""


class JsonLines:
    """Passes JSON lines on unchanged; makes texts of other lines."""

    def __init__(self) -> None:
        self._splitter = LineSplitter()

    def feed(self, data: bytes) -> bytes:
        """See ``Output``."""
        return b"".join(self._line(each.data, each.dropped) for each in self._splitter.feed(data))

    def finish(self) -> bytes:
        """See ``Output``."""
        return b"".join(self._line(each.data, each.dropped) for each in self._splitter.finish())

    @staticmethod
    def _line(line: bytes, dropped: int) -> bytes:
        if not dropped and line.lstrip().startswith(b"{") and _is_json(line):
            return b'{"type":"line","data":' + line + b"}\n"
        text = line.decode(errors="replace")
        return text_line(f"{text}… ({dropped:,} bytes)\n" if dropped else f"{text}\n")


def _is_json(line: bytes) -> bool:
    """Whether the reader of the lines (``dialects.reading.message``) takes this one."""
    try:
        msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        import json  # it takes "NaN" and the like, and is hardly ever needed

        try:
            json.loads(line.decode(errors="replace"), parse_int=str)
        except (ValueError, RecursionError):
            return False
    return True


class PlainText:
    """Passes text on as it comes, without escape sequences."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""

    def feed(self, data: bytes) -> bytes:
        """See ``Output``."""
        return self._pass_on(self._rest + self._decoder.decode(data))

    def finish(self) -> bytes:
        """See ``Output``."""
        text = self._rest + self._decoder.decode(b"", final=True)
        self._rest = ""
        return text_line(without_escapes(text))

    def _pass_on(self, text: str) -> bytes:
        found = _UNFINISHED.search(text)
        end = found.start() if found else len(text)
        self._rest = text[end:]
        return text_line(without_escapes(text[:end]))


def text_line(text: str) -> bytes:
    """One line of ours for a text; b"" for none."""
    return encode({"type": "text", "data": text}) if text else b""


def encode(message: dict[str, object]) -> bytes:
    """A message as a line."""
    return msgspec.json.encode(message) + b"\n"


class Ended(NamedTuple):
    """How a command ended: its exit code, or the signal that killed it."""

    code: int
    signal: int
    stderr: str
    """The end of what it wrote to stderr."""


class Options(NamedTuple):
    """The options.

    Attributes:
        format: what the command writes: JSON lines of an agent, or "text".
        first: the command's words in the first turn of a conversation.
        later: its words in later turns; the same without ``LATER``.
    """

    format: str
    first: tuple[str, ...]
    later: tuple[str, ...]


def read_options(argv: Sequence[str]) -> Options:
    """Parse ``--format FORMAT -- FIRST... [::: LATER...]``.

    ``%prompt%`` in a word stands for the prompt, ``%conversation%`` for the agent's id of the conversation. A command
    without ``%prompt%`` gets the prompt on its stdin.

    Raises:
        UsageError: the command line is invalid.
    """
    if len(argv) < 3 or argv[0] != "--format" or argv[2] != "--":
        raise UsageError("use --format FORMAT -- COMMAND... [::: COMMAND OF LATER TURNS...]")
    if argv[1] not in FORMATS:
        raise UsageError(f"unknown format {argv[1]!r}; known: {', '.join(FORMATS)}")
    first = list(argv[3:])
    later = first
    if LATER in first:
        index = first.index(LATER)
        first, later = first[:index], first[index + 1 :]
    if not first or not later:
        raise UsageError("the command is missing")
    return Options(argv[1], tuple(first), tuple(later))


def command(options: Options, prompt: str, conversation: str, *, again: bool) -> tuple[list[str], bytes]:
    """The words of one turn's command, and what it gets on its stdin."""
    argv = options.later if again else options.first
    filled = [each.replace(CONVERSATION, conversation).replace(PROMPT, prompt) for each in argv]
    return filled, b"" if any(PROMPT in each for each in argv) else prompt.encode()
