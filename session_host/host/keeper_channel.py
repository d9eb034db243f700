"""Channel to the keeper; reconnects to another keeper when it closes.

The end of the channel reports a keeper's death. Then one of the hosts starts another keeper, under a lock, and each
host hands its session descriptors over to the new one.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Callable, Sequence
from typing import Any

from session_host.errors import HostUnavailable, OutliveError, ProtocolViolation
from session_host.keeper_client.channel import MessageChannel
from session_host.keeper_client.discovery import connect_or_start_keeper
from session_host.protocol.codec import Decoder
from session_host.protocol.keeper import (
    KEEPER_PROTOCOL_VERSION,
    Adopt,
    FromKeeper,
    KeeperChanged,
    KeeperMessage,
    SocketRebound,
)
from session_host.protocol.launch import LaunchSpec
from session_host.readiness import readable
from session_host.storage.descriptors.session_descriptors import SessionDescriptors
from session_host.system.event_loop import again_after_errors
from session_host.system.worker import Worker
from session_host.version import VERSION

log = logging.getLogger(__name__)

ADOPTION_S = 10.0
SEARCH_S = (0.05, 0.05, 0.2, 1.0, 2.0, 5.0)
"""Waits before each try to find a keeper. The first one is for a shutdown: keepers and hosts get SIGTERM at nearly the
same time, and then no host may start another keeper."""


class KeeperChannel:
    """The connection of one host with the current keeper.

    Attributes:
        child_pid: the program, once it runs; before that, a new keeper has nothing to adopt.
        keeper_pid: the keeper at the other end; 0 if there is none.
        give_up: if set, called instead of looking for another keeper.
    """

    def __init__(
        self,
        connection: socket.socket,
        spec: LaunchSpec,
        descriptors: SessionDescriptors,
        on_message: Callable[[Any], None],
    ) -> None:
        self._spec = spec
        self._descriptors = descriptors
        self._on_message = on_message
        self._loop = asyncio.get_running_loop()
        self._channel: MessageChannel | None = None
        self._search: asyncio.Task[None] | None = None
        self._closed = False
        self._when_gone: Callable[[], None] = lambda: None
        self.child_pid = 0
        self.give_up: Callable[[], None] | None = None
        self.keeper_pid = os.getppid()
        self._set_channel(MessageChannel(connection, Decoder(FromKeeper)))

    def _set_channel(self, channel: MessageChannel) -> None:
        channel.socket.setblocking(False)
        self._channel = channel
        self._loop.add_reader(channel.socket.fileno(), self._readable)

    def send_message(self, message: KeeperMessage, descriptors: Sequence[int] = ()) -> None:
        """Send to the keeper; a lost message needs no retry, because a new keeper rebuilds its state from us."""
        if self._channel is not None:
            try:
                self._channel.send_message(message, descriptors)
            except OSError:
                self._lost()

    def stop_searching(self, when_gone: Callable[[], None]) -> None:
        """Do not search for another keeper when this one dies; call ``when_gone`` then, or now if it is dead."""
        self._closed, self._when_gone = True, when_gone
        if self._channel is None and self._search is None:
            when_gone()

    def close(self) -> None:
        """Close the channel, and cancel the search for another keeper."""
        self._closed = True
        if self._search is not None:
            self._search.cancel()
        if self._channel is not None:
            self._loop.remove_reader(self._channel.socket.fileno())
            self._channel.close()
            self._channel = None

    def _readable(self) -> None:
        while self._channel is not None:  # Read until nothing is left: see ``system.event_loop.run``.
            try:
                messages = self._channel.receive()
            except BlockingIOError:
                return
            except (OSError, ProtocolViolation) as error:
                log.warning("the keeper: %s", error)
                messages = None
            if messages is None:
                self._lost()
                return
            for message in messages:
                if isinstance(message, KeeperChanged):
                    self.keeper_pid = message.pid
                if not isinstance(message, SocketRebound) or self._replace_listener():
                    self._on_message(message)

    def _replace_listener(self) -> bool:
        """Replace the session's listening socket by the one that the keeper bound again, if it sent one."""
        if self._channel is None or not self._channel.descriptors:
            log.warning("the new socket did not come: too many open files")
            return False
        descriptor = self._channel.descriptors.popleft()
        os.dup2(descriptor, self._descriptors.listener, inheritable=False)
        os.close(descriptor)
        log.info("the socket is bound again")
        return True

    def _lost(self) -> None:
        if self._channel is not None:
            self._loop.remove_reader(self._channel.socket.fileno())
            self._channel.close()
            self._channel = None
        self.keeper_pid = 0
        if self.give_up is not None:
            self.give_up()
        else:
            self.search_for_keeper()

    def search_for_keeper(self) -> None:
        """Find another keeper, or start one, after the previous one has gone."""
        if self._closed:
            self._when_gone()
        elif self._search is None:
            log.warning("the keeper is gone")
            name = "find another keeper"
            self._search = self._loop.create_task(again_after_errors(self._find_another, name), name=name)

    async def _find_another(self) -> None:
        tries = 0
        while self._channel is None and not self._closed:
            await asyncio.sleep(SEARCH_S[min(tries, len(SEARCH_S) - 1)])
            tries += 1
            if self.child_pid and not self._closed:
                try:
                    channel = await Worker().run(self._hand_over)
                except (OutliveError, OSError) as error:
                    log.warning("no keeper: %s", error)
                else:
                    self._set_channel(channel)
                    log.info("the keeper is process %d", self.keeper_pid)
                    break
        self._search = None
        if self._channel is None:
            self._when_gone()

    def _hand_over(self) -> MessageChannel:
        """Hand the session over, with the keeper's end of a new channel.

        Raises:
            OutliveError: there is no keeper, or it does not adopt the session.
            OSError: the keeper has ended.
        """
        keeper = connect_or_start_keeper()
        adopt = Adopt(KEEPER_PROTOCOL_VERSION, self._spec, os.getpid(), self.child_pid, VERSION)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        channel = MessageChannel(ours, Decoder(FromKeeper))
        try:
            with contextlib.closing(keeper), theirs:
                keeper.send_message(adopt, (*self._descriptors.present, theirs.fileno()))
            self._wait_for_adoption(channel)
        except BaseException:
            channel.close()
            raise
        return channel

    def _wait_for_adoption(self, channel: MessageChannel) -> None:
        """Wait until the keeper says on the new channel that it has the session.

        Raises:
            HostUnavailable: the keeper does not say so in time, or refuses the channel.
        """
        if not readable([channel.socket.fileno()], ADOPTION_S):
            raise HostUnavailable("the keeper does not answer")
        match channel.receive():
            case [KeeperChanged(pid=pid)]:
                self.keeper_pid = pid
            case _:
                raise HostUnavailable("the keeper has ended")
