"""The link to another machine: connects to it, keeps a stream to it, and opens channels on that.

States::

    DOWN ──a channel is wanted, or a retry is due──▶ CONNECTING
    CONNECTING ──the bridge there is ready──▶ UP
    CONNECTING ──ssh fails, or does not come that far in time──▶ DOWN
    UP ──the stream ends, or nothing comes though it should──▶ DOWN

A link that is *held* connects again by itself: at once if it was up for a while, else after waits that grow.
``try_now`` ends a wait, and ``ask_now`` after a change of the network.

Most lost links are back soon. So the machine still counts as reachable for a moment, and calls wait that long; if links
to it fall again and again soon after they come up, it counts as reachable only when one has lasted.

A connection can hang: its packets are lost, or it rides on a login that died while this machine slept. So it gets
rivals, which do not share the login: one after the other, and the first that is ready is used. A link that is up and
silent gets them, too, and keeps its stream until one is ready. If the login does not even answer ssh here, as one whose
process is stopped, later connections make another one.
"""

from __future__ import annotations

import asyncio
import contextlib
from asyncio import TimerHandle
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial

from session_host.errors import HostKeyChanged, LoginNeeded, NotInstalled, OutliveError, ProtocolViolation, Unreachable
from session_host.protocol.bridge import MAX_REPLY_BYTES, Call, Frame, OpenPort, OpenSession, Run
from session_host.protocol.packing import MAX_SNAPSHOT_BYTES
from session_host.system.event_loop import to_its_end

from . import ssh
from .channel import Channel, Receiver
from .names import MachineEntry
from .stream import ANSWER_S, MIN_CLOCK_AHEAD_S, LoginLost, Stream

CONNECT_TIMEOUT_S = 20.0
"""How long ssh and the bridge may take until they are ready; after a failure, twice as long: the line may be bad."""

RETRY_S = (0.2, 0.5, 1.0, 1.5)
"""Waits before the next attempts."""

STEADY_S = 5.0
"""A link that falls sooner is retried like one that does not come up."""

CALM_S = 1.5
"""How long a link must be lost until its machine counts as unreachable."""

LATER_RETRY_S = 20.0
"""The wait between later attempts, and where the user must act."""

QUICK_RETRIES = 200
"""How many attempts may fail before the waits are long: the network may be back at any time."""

QUICK_FALLS = 10
"""The same for links that come up and fall soon: each costs the machine a login."""

QUICK_AFTER_CHANGE = 5
"""So many attempts after a change of the network are quick in any case: after a sleep, it is there a while later."""

_LONG_ANSWERS = frozenset({"later_saved_screen", "last_screen_for", "last_transcript_for"})
"""Calls of which the answer has all pictures of a chat."""

RIVAL_S = ANSWER_S
"""How long a connection may take before a rival begins; and how long each rival may take, unless the line is slow."""


class LinkState(StrEnum):
    """The states of a link."""

    DOWN = "DOWN"
    CONNECTING = "CONNECTING"
    UP = "UP"


class Link:
    """The connection of this process to one machine.

    Attributes:
        entry: the machine.
        state: see the module.
        is_reachable: whether the machine counts as reachable; see the module.
        error: why it was lost, or failed to connect; None if nothing has failed since it was up and reachable.
        lost_at: the time of that; while it fails again and again, of the first time.
        version: the version of the other machine's Outlive; "" while unknown.
        clock_ahead: how far the machine's clock is ahead of the one here; 0 while unknown.
        home: the user's home directory there; "" while unknown.
        login_hangs: the login that the next connection would ride on hangs, so a rival begins at once.
        heard_at_s: the loop's time of the first bytes from the machine, also of its login shell; None before.
        readers: see ``Watch``.
        on_state: called after ``state``, ``is_reachable`` or ``error`` changed.
    """

    def __init__(self, entry: MachineEntry, on_state: Callable[[], None] = lambda: None) -> None:
        self.entry = entry
        self.state = LinkState.DOWN
        self.is_reachable = False
        self.error: Unreachable | None = None
        self.lost_at: datetime | None = None
        self.version = self.home = ""
        self.clock_ahead = timedelta()
        self.login_hangs = False
        self.heard_at_s: float | None = None
        self.readers: set[Callable[[bool], None]] = set()
        self.on_state = on_state
        self._is_held = False
        self._failures = 0
        """How many attempts have failed since it was up."""
        self._falls = 0
        """How many links in a row fell before ``STEADY_S``."""
        self._up_at_s = 0.0
        self._attempt: asyncio.Task[None] | None = None
        self._replacing: asyncio.Task[None] | None = None
        self._was_silent = False
        """The last stream was silent, so a login that it rode on may be dead."""
        self._ending: set[asyncio.Task[None]] = set()
        """Attempts that were given up, and streams that are being closed."""
        self._patience_s = 0.0
        """Twice the time of the last connection, or half of the last patience if that is longer: a line may be slow."""
        self._retry: TimerHandle | None = None
        self._retry_at_s = 0.0
        self._settling: TimerHandle | None = None
        self._stream: Stream | None = None
        self._changed = asyncio.Event()
        """Set, and replaced, when something has changed."""

    # ------------------------------------------------------------ the connection

    def hold(self) -> None:
        """Connect, and from now on connect again when the link is lost."""
        self._is_held = True
        self.try_now()

    def try_now(self) -> None:
        """Connect now, unless the link is up or connecting."""
        self._begin(self._connect)

    @property
    def next_try_s(self) -> float | None:
        """The time until the next attempt to connect, in seconds; None while there is one, or none is due."""
        # uvloop has no time for a wait of 0 s.
        return self._retry_at_s - asyncio.get_running_loop().time() if self._retry is not None else None

    def _begin(self, connect: Callable[[], Coroutine[None, None, None]]) -> None:
        if self.state is LinkState.DOWN:
            self._cancel_retry()
            self._set_state(LinkState.CONNECTING)
            self._attempt = asyncio.get_running_loop().create_task(connect(), name=f"link {self.entry.name}")

    def ask_now(self) -> None:
        """Find out now whether the machine can be reached: the network has changed, perhaps after a sleep."""
        self._failures = min(self._failures, QUICK_RETRIES - QUICK_AFTER_CHANGE)
        self._falls = min(self._falls, QUICK_FALLS - QUICK_AFTER_CHANGE)
        if self._stream is not None:
            self._stream.watch.ask()
        else:
            self._begin(self._connect_unasked)

    def add_reader(self, on_silence: Callable[[bool], None]) -> None:
        """The user sees something of the machine: report to ``on_silence`` when it does not answer, and when it does.

        A lost link is not reported to it.
        """
        self.readers.add(on_silence)
        if self._stream is not None:
            self._stream.watch.hurry()

    def move(self, entry: MachineEntry) -> None:
        """The machine has another destination: connect to that."""
        self.entry = entry
        self.reconnect()

    def reconnect(self) -> None:
        """Connect anew, since another machine or another version of Outlive is there."""
        if self._stream is not None:
            self._stream.fail(Unreachable(f"{self.entry.name} is connected to anew"))
        else:
            self.try_now()

    async def wait_up(self) -> None:
        """Wait until the link is up; it must be held."""
        while self.state is not LinkState.UP:
            await self._changed.wait()

    async def ready(self) -> None:
        """Connect if that is due; wait for the result.

        Raises:
            Unreachable: the link is down; a held one connects later. One that is known to be lost does not wait for
                the attempt under way, which takes as long as ssh does to give up.
        """
        if self.state is LinkState.DOWN and self._retry is None:
            self.try_now()
        was_reachable = self.is_reachable
        if self._is_held and self.state is not LinkState.UP and not was_reachable and self.error is not None:
            raise self.error
        while self.is_reachable if was_reachable else self.state is LinkState.CONNECTING:
            if self.state is LinkState.UP:
                return
            await self._changed.wait()
        if self.state is not LinkState.UP:
            raise self.error or Unreachable(f"{self.entry.name}: no connection")

    async def close(self) -> None:
        """End the connection, and connect no more."""
        self._is_held = False
        self._cancel_retry()
        if self._settling is not None:
            self._settling.cancel()
        self._stop_replacing()
        if self._attempt is not None:
            self._attempt.cancel()
            self._end(self._attempt)
        if (stream := self._stream) is not None:
            self._stream = None
            self._end(asyncio.create_task(stream.close()))
        await to_its_end(self._ended())

    async def _ended(self) -> None:
        while self._ending:
            await asyncio.wait(self._ending)
        self.state, self.is_reachable = LinkState.DOWN, False
        self._wake()

    def _end(self, task: asyncio.Task[None]) -> None:
        """Await a task at the end of the link, if it still runs then."""
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    def _set_state(self, state: LinkState, error: Unreachable | None = None) -> None:
        was_up, is_up = self.state is LinkState.UP, state is LinkState.UP
        self.state, self.error = state, error or self.error
        if is_up != was_up:
            if self._settling is not None:
                self._settling.cancel()
            is_doubtful = self._falls > 1 if is_up else self._is_held and not self._was_silent
            self._settling = asyncio.get_running_loop().call_later(CALM_S, self._settle) if is_doubtful else None
            if not is_doubtful or is_up == self.is_reachable:
                self._note_reachability()
        self._notify()

    def _settle(self) -> None:
        """Note a state that has lasted."""
        self._settling = None
        self._note_reachability()
        self._notify()

    def _note_reachability(self) -> None:
        self.is_reachable = self.state is LinkState.UP
        if self.is_reachable:
            self.error = self.lost_at = None

    def _notify(self) -> None:
        self._wake()
        self.on_state()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _connect_unasked(self) -> None:
        """Connect, unless that needs a login and there is none: many servers block who fails to log in repeatedly."""
        error = self.error
        if isinstance(error, LoginNeeded):
            with contextlib.suppress(OutliveError):  # ssh refuses its configuration; the connection says why.
                if not await asyncio.to_thread(ssh.has_login, self.entry):
                    self._lost(error)
                    return
        await self._connect()

    async def _connect(self) -> None:
        # A shared login may refuse more connections; another try does without it, unless that needs a login.
        shared = self._failures % 3 < 2 or isinstance(self.error, LoginNeeded)
        within_s = CONNECT_TIMEOUT_S * (2 if self._failures else 1)
        first = asyncio.create_task(self._first(shared=shared, within_s=within_s))
        rival = asyncio.create_task(self._rival(after_s=0.0 if self._was_silent or self.login_hangs else RIVAL_S))
        used: Stream | None = None
        try:
            await asyncio.wait({first, rival}, return_when=asyncio.FIRST_COMPLETED)
            counts = rival.done() and (self.login_hangs or rival.exception() is None)
            used = rival.result() if counts else await first
        except Unreachable as error:
            # On a login that is dead nothing answers, and without it ssh says that one is needed.
            needed = rival.exception() if rival.done() else None
            self._lost(needed if isinstance(needed, LoginNeeded) else error)
        else:
            if self.login_hangs and rival.done():
                self._end(asyncio.create_task(self._leave_login()))
            self._use(used)
        finally:
            self.login_hangs = False  # It may go on, or there may be another one.
            await to_its_end(_give_up((first, rival), used))

    async def _leave_login(self) -> None:
        with contextlib.suppress(OutliveError, OSError):  # Later connections find out again that it hangs.
            await asyncio.to_thread(ssh.leave_login, self.entry)

    async def _first(self, *, shared: bool, within_s: float) -> Stream:
        """Connect; if the login that the connection rides on ends meanwhile, once more, with another one.

        Raises:
            Unreachable: that failed.
        """
        try:
            return await self._new_stream(shared=shared, within_s=within_s)
        except LoginLost:
            return await self._new_stream(shared=shared, within_s=within_s)

    async def _rival(self, after_s: float = 0.0) -> Stream:
        """Begin connections without the shared login, one after the other, until one is ready.

        Raises:
            Unreachable: another one would have the same result.
        """
        await asyncio.sleep(after_s)
        if not self.version and not self.login_hangs:
            has_login = await asyncio.to_thread(ssh.has_login, self.entry)
            if has_login is False:
                # The first connection may wait for its user, to touch a key; do not ask twice.
                await asyncio.Event().wait()
            self.login_hangs = has_login is None
        loop = asyncio.get_running_loop()
        within_s = CONNECT_TIMEOUT_S if self.login_hangs else max(RIVAL_S, self._patience_s)
        while True:
            next_s = loop.time() + RIVAL_S
            try:
                return await self._new_stream(shared=False, within_s=within_s)
            except (LoginNeeded, HostKeyChanged, NotInstalled):
                raise
            except Unreachable:
                if not self.version:
                    within_s *= 2  # How slow the line is, is not known yet.
                await asyncio.sleep(max(0.0, next_s - loop.time()))

    async def _new_stream(self, *, shared: bool, within_s: float) -> Stream:
        """Connect, and wait until the bridge there is ready.

        Raises:
            Unreachable: that failed.
        """
        loop, entry = asyncio.get_running_loop(), self.entry
        began_s = loop.time()
        stream = Stream(entry)
        stream.on_heard = self._heard
        stream.on_failed = partial(self._failed, stream)
        stream.watch.on_silence = partial(self._silence_changed, stream)
        stream.watch.readers = self.readers
        try:
            async with asyncio.timeout(within_s):
                await stream.start(shared=shared)
        except BaseException as error:
            await stream.close()
            if isinstance(error, TimeoutError):
                test = (
                    "" if self.version else f"; if `ssh {entry.destination} true` hangs, too, see its start files there"
                )
                raise Unreachable(f"{entry.name}: no answer within {within_s:g} s{test}") from error
            raise
        if entry != self.entry:
            await stream.close()
            raise Unreachable(f"{entry.name} has another destination now")
        self._patience_s = max(2 * (loop.time() - began_s), self._patience_s / 2)
        stream.watch.patience_s = self._patience_s
        return stream

    def _use(self, stream: Stream) -> None:
        self._replacing = None
        if stream.error is not None:  # It failed right after it was ready.
            self._lost(stream.error)
            return
        self._stream = stream
        self._was_silent = False
        self._failures, self._up_at_s = 0, asyncio.get_running_loop().time()
        self.version, self.home = stream.version, stream.home
        if abs(stream.clock_ahead - self.clock_ahead).total_seconds() >= MIN_CLOCK_AHEAD_S:
            self.clock_ahead = stream.clock_ahead
        self._set_state(LinkState.UP)

    # ------------------------------------------------------------ a stream's events

    def _heard(self) -> None:
        if self.heard_at_s is None:
            self.heard_at_s = asyncio.get_running_loop().time()

    def _silence_changed(self, stream: Stream, is_silent: bool) -> None:
        self._was_silent = is_silent
        if stream is not self._stream:
            return
        if not is_silent:
            self._stop_replacing()
        elif self._replacing is None:
            self._replacing = asyncio.create_task(self._replace(stream))

    async def _replace(self, silent: Stream) -> None:
        """Use a rival in place of a stream that is silent."""
        try:
            stream = await self._rival()
        except Unreachable:
            return  # The silent one may still answer.
        if stream.error is None:
            self._use(stream)
            silent.fail(Unreachable(f"{self.entry.name}: no answer"))

    def _stop_replacing(self) -> None:
        if self._replacing is not None:
            self._replacing.cancel()
            self._end(self._replacing)
            self._replacing = None

    def _failed(self, stream: Stream, error: Unreachable) -> None:
        """A stream has failed after it was ready."""
        self._end(asyncio.create_task(stream.close()))
        if stream is self._stream:
            self._stop_replacing()
            self._stream = None
            self._lost(error)

    def _lost(self, error: Unreachable) -> None:
        loop = asyncio.get_running_loop()
        self.lost_at = self.lost_at or datetime.now(UTC)
        if self.state is not LinkState.UP:
            self._failures += 1
        elif loop.time() - self._up_at_s < STEADY_S:
            self._falls += 1
        else:
            self._falls = 0
        needs_user = isinstance(error, LoginNeeded | HostKeyChanged | NotInstalled)
        if self._is_held:
            is_quick = self._failures < QUICK_RETRIES and self._falls < QUICK_FALLS and not needs_user
            tries = min(self._failures + self._falls, len(RETRY_S) - 1)
            wait_s = RETRY_S[tries] if is_quick else LATER_RETRY_S
            self._retry, self._retry_at_s = loop.call_later(wait_s, self._retry_due), loop.time() + wait_s
        self._set_state(LinkState.DOWN, error)
        if needs_user and self._settling is not None:  # It will not be back by itself.
            self._settling.cancel()
            self._settle()

    def _retry_due(self) -> None:
        self._retry = None
        self._begin(self._connect_unasked)

    def _cancel_retry(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None

    # ------------------------------------------------------------ channels

    async def open_session(self, session_id: str, protocol: asyncio.Protocol) -> None:
        """Connect a protocol to a session's host; its transport is the channel.

        Raises:
            Unreachable: the link is down.
            HostUnavailable: no host listens there.
        """
        await self._open_transport(lambda number: OpenSession(number, session_id), protocol)

    async def open_port(self, port: int, protocol: asyncio.Protocol) -> None:
        """Connect a protocol to a TCP port on the machine's loopback; its transport is the channel.

        Raises:
            Unreachable: the link is down.
            OutliveError: nothing listens there.
        """
        await self._open_transport(lambda number: OpenPort(number, port), protocol)

    async def _open_transport(self, request: Callable[[int], Frame], protocol: asyncio.Protocol) -> None:
        channel = await self._open(request, protocol)
        try:
            await channel.opened
        except asyncio.CancelledError:
            channel.close()
            raise

    async def call(self, function: str, arguments: bytes) -> bytes:
        """Call a function of ``machines.calls``; returns its encoded result.

        Raises:
            Unreachable: the link is down, or was lost meanwhile.
            OutliveError: the function's.
        """
        result = bytearray()
        most = MAX_SNAPSHOT_BYTES if function in _LONG_ANSWERS else MAX_REPLY_BYTES

        def receive(data: bytes) -> None:
            result.extend(data)
            if len(result) > most and not receiver.ended.done():
                result.clear()
                receiver.ended.set_exception(ProtocolViolation("the answer is too long"))

        receiver = Receiver(receive)
        channel = await self._open(lambda number: Call(number, function, arguments), receiver)
        try:
            await receiver.ended
        finally:
            channel.close()
        return bytes(result)

    async def run(
        self,
        arguments: list[str],
        columns: int,
        write: Callable[[bytes, bool], None],
        begin: Callable[[Channel], object] = Channel.write_eof,
        *,
        colors: str = "",
        can_ask: bool = False,
    ) -> int:
        """Run an ``outlive`` command there; returns its exit code.

        Args:
            arguments: the command line without the program's name.
            columns: the width of the terminal that shows its output, 0 for none.
            write: gets its output, and whether that is of standard error.
            begin: writes what it reads to the channel; by default it reads nothing.
            colors: as in ``Run``.
            can_ask: as in ``Run``.

        Raises:
            Unreachable: the link is down, or was lost meanwhile.
        """
        receiver = Receiver(lambda data: write(data, False))
        channel = await self._open(lambda number: Run(number, arguments, columns, colors, can_ask), receiver)
        channel.on_error_data = lambda data: write(data, True)
        begin(channel)
        try:
            await receiver.ended
        except Unreachable as error:
            message = f"the connection was lost while `{arguments[0]}` ran there; it may have been done"
            raise Unreachable(f"{self.entry.name}: {message}") from error
        finally:
            channel.close()
        return channel.code

    async def _open(self, request: Callable[[int], Frame], protocol: asyncio.Protocol) -> Channel:
        await self.ready()
        if self._stream is None:  # It is being closed.
            raise Unreachable(f"{self.entry.name}: the connection is closed")
        channel = self._stream.open(request)
        channel.protocol = protocol
        return channel


async def _give_up(attempts: tuple[asyncio.Task[Stream], ...], used: Stream | None) -> None:
    """Cancel attempts that still run, and close the streams that are not used."""
    for each in attempts:
        each.cancel()
    for result in await asyncio.gather(*attempts, return_exceptions=True):
        if isinstance(result, Stream) and result is not used:
            await result.close()
