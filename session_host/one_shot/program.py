"""Requests on stdin, one turn at a time."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import sys
from typing import Any, Final

import msgspec

from .command import Command
from .options import Options, command
from .output import JsonLines, Output, PlainText, encode

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
            loop.add_signal_handler(number, serving.cancel)
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
                select.select([], [1], [])
            except BrokenPipeError:
                return  # Stdin ends, too.

    async def _end(self) -> None:
        if self._command is not None:
            await self._command.end()
        if self._turn is not None:
            await asyncio.gather(self._turn, return_exceptions=True)
