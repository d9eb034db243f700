"""Attachments of a session, with each viewer's last input.

An attachment outlives its connection, so that the host recognises a viewer that reconnects and accepts each of its
inputs once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from session_host.protocol.messages import (
    MAX_PASTE_CHARACTERS,
    MAX_WHOLE_PASTE_CHARACTERS,
    Focus,
    Input,
    InputRefused,
    Paste,
)
from session_host.protocol.values import CellSize, ErrorCode, GridSize
from session_host.storage.descriptors.log_entries import EntryKind
from session_host.storage.descriptors.log_state import AttachmentState

from .effects import AppendEntry, Effect

_LOOKS = frozenset({"window", "attach"})
"""The kinds of viewers that people look at."""

MAX_DISCONNECTED_ATTACHMENTS = 256
"""Maximum number of attachments without a connection; the oldest are dropped."""


class AttachedClient(Protocol):
    """The connection that an attachment belongs to at the moment."""

    def written(self, attachment: str, sequence: int) -> None:
        """Acknowledge all inputs of this attachment up to this one."""

    def input_refused(self, message: InputRefused) -> None:
        """Send the viewer the refusal of an input."""


@dataclass(eq=False)
class Attachment:
    """One viewer's attachment to the session; survives reconnects.

    Attributes:
        id: the id that the viewer's messages contain.
        key: the same id, in the input log's form.
        last_sequence: the last input received from the viewer.
        accepted: the last input that is in the input log or was refused; a replacement host knows this one.
        kind: the kind of viewer, see ``Attach``.
        size: the grid that the viewer shows, None until the viewer sends it.
        client: the connection, None while the viewer is away.
        follows_output: the viewer shows the screen; a hidden tab follows events only.
        focused: the viewer has the keyboard focus; None if it did not report it.
        is_input_held: the input hold: further input is refused until AcceptRefusal.
        paste_parts: the received parts of an incomplete paste.
        last_use: the number of the viewer's last use, the highest for the last used viewer; 0 without input.
    """

    id: str
    read_only: bool
    last_sequence: int = 0
    accepted: int = 0
    size: GridSize | None = None
    cell: CellSize = field(default_factory=CellSize)
    client: AttachedClient | None = None
    follows_output: bool = False
    focused: bool | None = None
    key: bytes = b""
    is_input_held: bool = False
    paste_parts: list[str] = field(default_factory=list)
    last_use: int = 0
    kind: str = ""

    def __post_init__(self) -> None:
        self.key = bytes.fromhex(self.id)

    def receives(self, sequence: int) -> bool:
        """Note an input; returns False if it came before, and was sent again after a reconnect.

        Its acknowledgement is on its way or was lost.
        """
        is_new = sequence > self.last_sequence
        self.last_sequence = max(self.last_sequence, sequence)
        return is_new

    def acknowledge(self, sequence: int) -> None:
        """Send a connected viewer the acknowledgement of its inputs up to this one."""
        if self.client is not None:
            self.client.written(self.id, sequence)

    def refuse(self, sequence: int, code: str, text: str, *, hold: bool = False) -> None:
        """Send a connected viewer the refusal of this input; ``hold``: also hold all later input."""
        if hold:
            self.hold_input()
        if self.client is not None:
            self.client.input_refused(InputRefused(self.id, sequence, code, text))

    def refuse_input(self, sequence: int, code: str, text: str, *, hold: bool = False) -> None:
        """Refuse an input that the session does not get to see; it counts as received."""
        self.last_sequence = self.accepted = max(self.last_sequence, sequence)
        self.refuse(sequence, code, text, hold=hold)

    def refuse_too_large(self, sequence: int, characters: int) -> None:
        """Refuse an input because of the length of its text."""
        text = f"the text is too long ({characters} characters, {MAX_PASTE_CHARACTERS} at most)"
        self.refuse_input(sequence, ErrorCode.TOO_LARGE, text, hold=True)

    def hold_input(self) -> None:
        """Accept no input until the user has seen that one was refused."""
        self.is_input_held = True
        self.paste_parts.clear()

    def release_input(self) -> None:
        """Accept input again, since the user has seen the refusal."""
        self.is_input_held = False
        self.paste_parts.clear()

    def admit(self, message: Input) -> Input | None:
        """Return the input to type: this one, or the whole paste that ends with it.

        Returns None for a part of an incomplete paste, and for an input refused because the attachment is read-only
        or its input is held.
        """
        if self.read_only:
            self.refuse(message.sequence, ErrorCode.READ_ONLY, "read-only view")
            return None
        if self.is_input_held and not isinstance(message, Focus):
            self.refuse(message.sequence, ErrorCode.HELD, "an earlier input was refused")
            return None
        if not isinstance(message, Paste) or not (message.more or self.paste_parts):
            return message
        self.paste_parts.append(message.text)
        if sum(map(len, self.paste_parts)) > MAX_WHOLE_PASTE_CHARACTERS:
            self.refuse(message.sequence, ErrorCode.TOO_LARGE, "the paste is too long", hold=True)
            return None
        if message.more:
            return None
        text = "".join(self.paste_parts)
        self.paste_parts.clear()
        return Paste(message.attachment, message.sequence, text)


class Attachments:
    """All attachments of a session."""

    def __init__(self, effects: list[Effect], saved: dict[str, AttachmentState], new_id: Callable[[], str]) -> None:
        """Start with the attachments of viewers that may reconnect.

        Args:
            effects: the session's list of effects.
            saved: the attachments that a previous host left, oldest first.
            new_id: makes the id of a new attachment: 32 hexadecimal digits.
        """
        self._effects = effects
        self._new_id = new_id
        self._by_id = {
            each: Attachment(each, kept.read_only, kept.last_sequence, kept.last_sequence, focused=kept.focused)
            for each, kept in saved.items()
        }

    def saved_state(self) -> dict[str, AttachmentState]:
        """The state for a replacement host: the viewers that are attached or may reconnect."""
        return {each.id: AttachmentState(each.read_only, each.accepted, each.focused) for each in self._by_id.values()}

    def attach(self, client: AttachedClient, *, resume: str, read_only: bool) -> Attachment:
        """Return the client's previous attachment, or a new one."""
        attachment = self._by_id.pop(resume, None)
        if attachment is None or attachment.read_only != read_only:
            if attachment is not None:
                attachment.client = None
            attachment = Attachment(self._new_id(), read_only)
            self._effects.append(AppendEntry(EntryKind.ATTACHED, b"\1" if read_only else b"", attachment.key))
        self._by_id[attachment.id] = attachment
        attachment.client = client
        return attachment

    def detach(self, attachment: Attachment) -> None:
        """Remove the attachment of a viewer that detached."""
        attachment.client = None
        if self._by_id.pop(attachment.id, None) is not None:
            self._effects.append(AppendEntry(EntryKind.DETACHED, tag=attachment.key))

    def disconnect(self, attachment: Attachment, client: AttachedClient) -> bool:
        """Keep the attachment of a viewer with a lost connection; False if the viewer has reconnected already."""
        if attachment.client is not client:
            return False
        attachment.client = None
        disconnected = [each for each in self._by_id.values() if each.client is None]
        for each in disconnected[: max(0, len(disconnected) - MAX_DISCONNECTED_ATTACHMENTS)]:
            del self._by_id[each.id]
            self._effects.append(AppendEntry(EntryKind.DETACHED, tag=each.key))
        return True

    def written(self, key: bytes, sequence: int) -> None:
        """Acknowledge the attachment's inputs up to this sequence: the program has read them."""
        attachment = self._by_id.get(key.hex())
        if attachment is not None:
            attachment.acknowledge(sequence)

    def refuse(self, key: bytes, sequence: int, code: str, text: str, *, hold: bool) -> None:
        """Refuse an input of the attachment that was accepted before; see ``Attachment.refuse``."""
        attachment = self._by_id.get(key.hex())
        if attachment is not None:
            attachment.refuse(sequence, code, text, hold=hold)

    def kind_of(self, key: bytes) -> str:
        """The kind of the attachment's viewer; "" if it has gone."""
        attachment = self._by_id.get(key.hex())
        return attachment.kind if attachment is not None else ""

    def last_used(self) -> Attachment | None:
        """The most recently used viewer that shows the screen and may type, or None."""
        shown = [
            each
            for each in self._all
            if each.client is not None and each.follows_output and not each.read_only and each.size is not None
        ]
        return max(shown, key=lambda each: each.last_use, default=None)

    def viewers(self) -> int:
        """How many viewers show the screen now."""
        return sum(each.client is not None and each.follows_output for each in self._by_id.values())

    def is_viewed(self) -> bool:
        """Whether the window or ``outlive attach`` shows the screen now; a command that waits for a text is no look."""
        return any(each.client is not None and each.follows_output and each.kind in _LOOKS for each in self._all)

    def is_shown(self) -> bool:
        """Whether a viewer shows the screen now and has not reported a lost keyboard focus."""
        return any(each.client is not None and each.follows_output and each.focused is not False for each in self._all)

    def has_focus(self) -> bool:
        """Whether a viewer shows the screen now and has the keyboard focus."""
        return any(each.client is not None and each.follows_output and each.focused is True for each in self._all)

    @property
    def _all(self) -> Iterable[Attachment]:
        return self._by_id.values()
