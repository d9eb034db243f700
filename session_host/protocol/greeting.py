"""The beginning of a connection: a client's Hello, then the host's Welcome or Error. Pure."""

from __future__ import annotations

from session_host.errors import HostUnavailable, ProtocolMismatch, ProtocolViolation
from session_host.version import VERSION

from .codec import encode
from .messages import PROTOCOL_VERSION, Error, Hello, Message, Role, Welcome
from .values import ErrorCode, State


def answer_hello(hello: Hello, session_id: str, state: State) -> Welcome:
    """Return the host's answer.

    Raises:
        ProtocolViolation: the host does not support the client's protocol; the error is sent in place of a Welcome.
    """
    if hello.protocol != PROTOCOL_VERSION:
        raise ProtocolViolation(
            f"this chat uses protocol {PROTOCOL_VERSION} and the viewer {hello.protocol}; run `outlive "
            "upgrade`, or open it with the version that started it",
            ErrorCode.VERSION,
        )
    return Welcome(PROTOCOL_VERSION, VERSION, session_id, state)


class ClientGreeting:
    """A client's greeting.

    Attributes:
        session_id: the session that must answer.
    """

    def __init__(self, session_id: str, role: Role, engine_build: str = "") -> None:
        self.session_id = session_id
        self._role: Role = role
        self._engine_build = engine_build

    def data_to_send(self) -> bytes:
        """The first frame of a connection."""
        return encode(Hello(PROTOCOL_VERSION, self._role, self._engine_build, VERSION))

    def receive(self, message: Message) -> Welcome:
        """Check the first message of a connection.

        Raises:
            ProtocolMismatch: the host does not use this protocol.
            HostUnavailable: the host drops this client, or the socket belongs to something else.
        """
        if isinstance(message, Error):
            raise (ProtocolMismatch if message.code == ErrorCode.VERSION else HostUnavailable)(message.message)
        if not isinstance(message, Welcome) or message.session_id != self.session_id:
            raise HostUnavailable("the chat's socket belongs to another chat")
        if message.protocol != PROTOCOL_VERSION:
            raise ProtocolMismatch(
                f"the chat uses protocol {message.protocol}, this program uses {PROTOCOL_VERSION}; run "
                "`outlive upgrade`"
            )
        return message
