"""The events of other machines, and of several: each machine's ``outlive events`` runs there, and the lines come here.

A cursor has a part for each machine, which is the last one that it sent. A lost connection is made again, and goes on
after that part. What a machine sends is read as lines of known forms; it is shown, and nothing else.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import stat
import sys
from collections.abc import Callable, Coroutine
from typing import Any, Final

from msgspec.structs import replace

from session_host import errors
from session_host.cli.output import print_error
from session_host.client.permission import check_may_reach_machine
from session_host.errors import LedgerLost, UsageError
from session_host.machines import names
from session_host.machines.events import follow_events
from session_host.machines.link import Link
from session_host.machines.names import ALL, HERE, MachineEntry
from session_host.protocol.events import LINE_VERSION, EventLine, Hello, Reachable, Unreachable, kind_of
from session_host.protocol.untrusted_text import one_line, plain
from session_host.system import event_loop
from session_host.system.clock import now

from .here import EventsHere
from .lines import LinePrinter

_AGAIN_S: Final = 1.0
"""The pause before a command that has failed there runs again."""

_Run = Callable[[list[str]], Coroutine[Any, Any, int]]


def follow_machines(options: argparse.Namespace) -> int:
    """Print the events of one other machine, or of all with those here, until the reader goes."""
    if options.mine or (options.chats and options.on == ALL):
        raise UsageError("--mine and CHAT are for one machine; name chats there as MACHINE:CHAT, or with --on NAME")
    check_may_reach_machine("" if options.on == ALL else options.on)
    entries = names.machines() if options.on == ALL else [names.machine_named(options.on)]
    sources = [entry.name for entry in entries] + ([HERE] if options.on == ALL else [])
    follower = _Follower(options, _parts(options.since, sources))
    return event_loop.run_command(follower.run(entries))


def _parts(cursor: str | None, sources: list[str]) -> dict[str, str]:
    """The parts of a cursor, by their machines; those of machines that are not asked are left out.

    Before any machine has sent a line, the cursor is "".
    """
    if not cursor:
        return {}
    parts = dict(each.split("=", 1) for each in cursor.split(",") if "=" in each)
    if not parts:
        raise UsageError("--since needs a cursor that `outlive events --json --on NAME` printed")
    return {name: part for name, part in parts.items() if name in sources}


class _Follower:
    """Prints the lines of several machines."""

    def __init__(self, options: argparse.Namespace, parts: dict[str, str]) -> None:
        self._options = options
        self._parts = parts
        self._printer = LinePrinter(is_json=options.json, rings=options.bell)
        self._code = 0
        self._awaited: set[str] = set()
        """The machines of which it is not known yet whether they answer: ``hello`` is true for all others."""
        self._held: list[EventLine] = []
        """The lines that wait for it, with their machines."""

    async def run(self, entries: list[MachineEntry]) -> int:
        """Follow the machines; with ``--on all``, this one, too."""
        self._awaited = {entry.name for entry in entries} | ({HERE} if self._options.on == ALL else set())
        sources = [asyncio.ensure_future(self._there(entry)) for entry in entries]
        if self._options.on == ALL:
            sources.append(asyncio.ensure_future(self._here()))
        all_done = asyncio.ensure_future(asyncio.gather(*sources))
        reader_gone = asyncio.get_running_loop().create_future()
        descriptor = _watched_stdout()
        if descriptor is not None:
            asyncio.get_running_loop().add_reader(descriptor, _set, reader_gone)
        try:
            await asyncio.wait((all_done, reader_gone), return_when=asyncio.FIRST_COMPLETED)
        finally:
            if descriptor is not None:
                asyncio.get_running_loop().remove_reader(descriptor)
            if not all_done.done():
                all_done.cancel()
            (result,) = await asyncio.gather(all_done, return_exceptions=True)
        if isinstance(result, BaseException) and not isinstance(result, asyncio.CancelledError):
            raise result
        return self._code

    async def _here(self) -> None:
        """Read the lines of this machine, in a thread, which waits until each is printed."""
        loop = asyncio.get_running_loop()
        gone, own = os.pipe()

        async def take(lines: list[EventLine]) -> None:
            for line in lines:
                self._take(HERE, line)

        def read() -> None:
            for lines in EventsHere(self._options, self._parts.get(HERE), gone).batches():
                asyncio.run_coroutine_threadsafe(take(lines), loop).result()

        reading = asyncio.ensure_future(asyncio.to_thread(read))
        code = 0
        try:
            await asyncio.shield(reading)
        except errors.OutliveError as error:
            print_error(str(error))
            code = error.exit_code
        finally:
            os.close(own)
            await asyncio.wait([reading])
            os.close(gone)
        self._note(HERE, code)

    async def _there(self, entry: MachineEntry) -> None:
        """Read the lines of another machine; go on after each lost connection."""
        link = Link(entry)
        is_reached = True
        try:
            while True:

                def take(line: EventLine) -> None:
                    self._take(entry.name, line)

                def begun() -> None:
                    nonlocal is_reached
                    if not is_reached:
                        self._print(entry.name, now(), Reachable())
                    is_reached = True

                try:
                    code = await follow_events(link, self._words(entry.name), take, print_error, begun)
                except errors.Unreachable as error:
                    self._settle(entry.name)
                    if self._options.once:
                        print_error(str(error))
                        self._code = self._code if self._options.on == ALL else error.exit_code
                        return
                    if is_reached:
                        self._print(entry.name, now(), Unreachable(why=one_line(str(error))))
                    is_reached = False
                    link.hold()
                    await link.wait_up()
                    continue
                if code or self._options.once:
                    self._note(entry.name, code)
                    return
                await asyncio.sleep(_AGAIN_S)
        finally:
            await link.close()

    def _words(self, machine: str) -> list[str]:
        """The arguments of another machine's own command."""
        options = self._options
        words = [word for kind in options.event or () for word in ("--event", kind)]
        words += [f"--{name}" for name in ("anyway", "once") if getattr(options, name)]
        words += ["--since", self._parts[machine]] if machine in self._parts else []
        return [*words, "--", *options.chats]

    def _note(self, machine: str, code: int) -> None:
        """Note how a machine's command has ended; its message is on standard error already.

        Raises:
            LedgerLost: a part of the cursor is lost.
        """
        if code == LedgerLost.exit_code and self._options.on == ALL:
            raise LedgerLost(f"the cursor is lost on {machine}; use --anyway to begin again with all states")
        self._code = self._code or code
        self._settle(machine)

    def _take(self, machine: str, line: EventLine) -> None:
        """Print a line of a machine."""
        self._parts[machine] = plain(line.cursor, 100).replace(",", "").replace("=", "")
        if isinstance(line.event, Hello):
            self._settle(machine)
        else:
            self._print_line(machine, line)

    def _settle(self, machine: str) -> None:
        """Note that a machine has answered, or does not; after the last one comes ``hello``, and what waits for it."""
        if machine not in self._awaited:
            return
        self._awaited.discard(machine)
        if not self._awaited:
            held, self._held = self._held, []
            for line in (EventLine(LINE_VERSION, self._cursor(), now(), HERE, None, Hello()), *held):
                self._printer.print(line)
            self._printer.flush()

    def _print(self, machine: str, at: str, event: Reachable | Unreachable) -> None:
        if not self._options.event or kind_of(event) in self._options.event:
            self._print_line(machine, EventLine(LINE_VERSION, "", at, machine, None, event))

    def _print_line(self, machine: str, line: EventLine) -> None:
        line = replace(line, version=LINE_VERSION, machine=machine, cursor=self._cursor())
        if self._awaited:
            self._held.append(line)
        else:
            self._printer.print(line)
            self._printer.flush()

    def _cursor(self) -> str:
        return ",".join(f"{name}={part}" for name, part in self._parts.items())


def _set(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _watched_stdout() -> int | None:
    """Standard output, if its reader can go: a pipe, which is never readable at this end until then."""
    try:
        descriptor = sys.stdout.fileno()
        return descriptor if stat.S_ISFIFO(os.fstat(descriptor).st_mode) else None
    except (OSError, ValueError):
        return None
