"""Messages of the stream between two machines: channels over one ssh connection. Pure.

The stream's frames are those of ``codec``. The end where the user is (the *near* end) opens channels and numbers them;
the other machine only answers. A channel is one connection to a session's host, one call of a function, or one
``outlive`` command. Each end may send as many bytes on a channel as the other has granted, so that no channel waits
behind another's flood, and neither end keeps more than it wants.
"""

from __future__ import annotations

from typing import Final

import msgspec

BRIDGE_PROTOCOL: Final = 1
"""The version of these messages; both ends must use the same."""

ANSWERED_ELSEWHERE: Final = "OUTLIVE_ANSWERED_ELSEWHERE"
"""Set in the environment of a command with ``Run.can_ask``."""

WINDOW_BYTES: Final = 128 * 1024
"""What may be sent on a new channel, and is granted again as it is used."""

CHUNK_BYTES: Final = 16 * 1024
"""The longest ``Data``: a key on another channel waits at most for one."""

MAX_REPLY_BYTES: Final = 32 * 1024 * 1024
"""The longest reply to a call that is accepted."""


class Frame(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """Base of the messages."""


class OpenSession(Frame, frozen=True, gc=False):
    """Connect to the host of a session; ``Data`` is then what its socket carries."""

    channel: int
    session_id: str


class OpenPort(Frame, frozen=True, gc=False):
    """Connect to a TCP port on the other machine's loopback."""

    channel: int
    port: int


class Call(Frame, frozen=True, gc=False):
    """Call a function of ``machines.calls``: its name, and its arguments as msgpack. The result comes as ``Data``."""

    channel: int
    function: str
    arguments: bytes


class Run(Frame, frozen=True, gc=False):
    """Run an ``outlive`` command; ``Data`` goes to its standard input, and ``Finish`` ends that."""

    channel: int
    arguments: list[str]
    columns: int
    """The width of the terminal that its output is shown in; 0 for none."""
    colors: str = ""
    """The near end's terminal colours (``DefaultColors`` as JSON), for the chat that it starts; "" if unknown."""
    can_ask: bool = False
    """A user answers its questions, by ``Data``."""


class Finish(Frame, frozen=True, gc=False):
    """There is no more ``Data`` from the near end on this channel, to a command or a port."""

    channel: int


class Close(Frame, frozen=True, gc=False):
    """The near end needs the channel no more; the other end sends nothing on it once it has read this."""

    channel: int


class Ping(Frame, frozen=True, gc=False):
    """Asks for a ``Pong``."""

    now_ms: int = 0
    """The clock of the near end."""


class Data(Frame, frozen=True, gc=False):
    """Bytes of a channel; of a command, ``is_error`` tells its standard error from its standard output."""

    channel: int
    data: bytes
    is_error: bool = False


class Grant(Frame, frozen=True, gc=False):
    """So many more bytes may be sent on a channel."""

    channel: int
    length: int


class Ready(Frame, frozen=True, gc=False):
    """The first message of the other machine."""

    protocol: int
    version: str
    """The version of its Outlive."""
    now_ms: int = 0
    """Its clock, in milliseconds since 1970."""
    home: str = ""
    """Its user's home directory."""


class Opened(Frame, frozen=True, gc=False):
    """The session's socket is connected."""

    channel: int


class Ended(Frame, frozen=True, gc=False):
    """The channel has ended.

    ``error`` is the name of an ``OutliveError`` with a ``message``, "" for none. ``code`` is a command's exit code.
    """

    channel: int
    error: str = ""
    message: str = ""
    code: int = 0


class Pong(Frame, frozen=True, gc=False):
    """The answer to a ``Ping``."""

    asked_ms: int = 0
    """The time in that message."""
    now_ms: int = 0
    """The clock of the other machine."""


FromNear = OpenSession | OpenPort | Call | Run | Finish | Close | Ping | Data | Grant
FromFar = Ready | Opened | Data | Grant | Ended | Pong


class SendWindow:
    """What may still be sent on a channel; data beyond that waits here.

    Attributes:
        waiting: the bytes that wait.
    """

    def __init__(self) -> None:
        self.waiting = bytearray()
        self._left = WINDOW_BYTES

    def add(self, data: bytes) -> list[bytes]:
        """Return the pieces that may be sent now, of ``data`` and of what waits."""
        self.waiting += data
        pieces = []
        while self._left and self.waiting:
            piece = bytes(self.waiting[: min(self._left, CHUNK_BYTES)])
            del self.waiting[: len(piece)]
            self._left -= len(piece)
            pieces.append(piece)
        return pieces

    def grant(self, length: int) -> list[bytes]:
        """The other end accepts so many more bytes; returns the pieces that may be sent now."""
        self._left += max(0, min(length, WINDOW_BYTES))
        return self.add(b"")


class ReceiveWindow:
    """What the other end may still send on a channel."""

    def __init__(self) -> None:
        self._left = WINDOW_BYTES
        self._used = 0

    def received(self, length: int) -> bool:
        """Count received bytes; returns False if the other end sent more than it may."""
        self._left -= length
        return self._left >= 0

    def used(self, length: int) -> int:
        """Count bytes that were passed on; returns how many more to grant now, 0 for none yet."""
        self._used += length
        if self._used < WINDOW_BYTES // 4:
            return 0
        granted, self._used = self._used, 0
        self._left += granted
        return granted
