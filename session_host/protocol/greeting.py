"""The greeting at the beginning of a connection: the client says Hello, the host answers Welcome or Error. Pure."""

from __future__ import annotations

from session_host.errors import HostUnavailable, ProtocolMismatch, ProtocolViolation
from session_host.version import VERSION

from .codec import encode
from .messages import OLDEST_PROTOCOL_VERSION, PROTOCOL_VERSION, Error, ErrorCode, Hello, Message, Role, Welcome
from .values import State


def answer_hello(hello: Hello, session_id: str, epoch: str, state: State) -> Welcome:
    """Return the host's answer.

    Raises:
        ProtocolViolation: the host does not support the client's protocol; the error is sent in place of a Welcome.
    """
    if not OLDEST_PROTOCOL_VERSION <= hello.protocol <= PROTOCOL_VERSION:
        raise ProtocolViolation(
            f"this chat uses protocol {PROTOCOL_VERSION} and the viewer {hello.protocol}; run `outlive "
            "upgrade`, or open it with the version that started it",
            ErrorCode.VERSION,
        )
    return Welcome(hello.protocol, VERSION, session_id, epoch, state)


class ClientGreeting:
    """A client's greeting: offers the newest protocol, and an older one in another connection if the host refuses.

    Attributes:
        session_id: the session that must answer.
        protocol: the version that this connection uses.
    """

    def __init__(self, session_id: str, role: Role, engine_build: str = "") -> None:
        self.session_id = session_id
        self.protocol = PROTOCOL_VERSION
        self._role: Role = role
        self._engine_build = engine_build

    def data_to_send(self) -> bytes:
        """The first frame of a connection."""
        return encode(Hello(self.protocol, self._role, self._engine_build, VERSION))

    def receive(self, message: Message) -> Welcome:
        """Check the first message of a connection.

        Raises:
            ProtocolMismatch: the host does not use this protocol; see ``try_older``.
            HostUnavailable: the host drops this client, or the socket belongs to something else.
        """
        if isinstance(message, Error):
            raise (ProtocolMismatch if message.code == ErrorCode.VERSION else HostUnavailable)(message.message)
        if not isinstance(message, Welcome) or message.session_id != self.session_id:
            raise HostUnavailable("the chat's socket belongs to another chat")
        if message.protocol != self.protocol:
            raise ProtocolMismatch(
                f"the chat uses protocol {message.protocol}, this program uses {PROTOCOL_VERSION}; run "
                "`outlive upgrade`"
            )
        return message

    def try_older(self) -> bool:
        """Use the next older protocol in the next connection; False if there is none."""
        if self.protocol == OLDEST_PROTOCOL_VERSION:
            return False
        self.protocol -= 1
        return True
