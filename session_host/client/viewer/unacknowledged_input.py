"""Unacknowledged input, kept in order for resending."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import msgspec

from session_host.protocol.messages import (
    CHAT_INPUTS,
    MAX_PASTE_CHARACTERS,
    MAX_PROMPT_BYTES,
    MAX_WHOLE_PASTE_CHARACTERS,
    PENDING_INPUT_BYTES,
    Focus,
    Input,
    InputRefused,
    Key,
    Paste,
    Prompt,
    Typed,
)
from session_host.protocol.values import MODIFIER_KEYS, ErrorCode, KeyAction

MAX_INPUTS = 20_000

_WITH_TEXT = (Typed, Paste, Prompt)
_WITHOUT_HOLD = frozenset(
    {
        ErrorCode.READ_ONLY,
        ErrorCode.ENDED,
        ErrorCode.ANSWERED,
        ErrorCode.CHANGED,
        ErrorCode.BAD_REQUEST,
        ErrorCode.WRONG_RUNTIME,
        ErrorCode.NOTHING_TYPED,
    }
)
"""Refusals after which further input is accepted."""


class UnacknowledgedInput:
    """Unacknowledged inputs from oldest to newest; ``sequence`` counts from 1 within one attachment.

    Attributes:
        attachment: the id of the viewer's attachment, "" before the first.
        next_sequence: the number of the next input.
        is_holding: the user has not yet accepted a refusal; until then all further inputs are refused, so
            that no command is typed with a part missing.
    """

    def __init__(self) -> None:
        self._inputs: deque[Input] = deque()
        self._characters = self._short_characters = 0
        self.attachment = ""
        self.next_sequence = 1
        self.is_holding = False

    def __len__(self) -> int:
        return len(self._inputs)

    @property
    def oldest_sequence(self) -> int:
        """The number of the oldest unacknowledged input, or of the next input if there is none."""
        return self._inputs[0].sequence if self._inputs else self.next_sequence

    def append(self, message: Input) -> list[Input] | InputRefused:
        """Keep an input until it is acknowledged.

        Returns:
            The messages that carry the input, several for a long paste; a refusal if there is no room, or while
            ``is_holding``.
        """
        if self.is_holding and not isinstance(message, Focus):
            text = "an earlier input was refused"
            return InputRefused(message.attachment, message.sequence, ErrorCode.HELD, text)
        length = _length(message)
        if isinstance(message, Prompt) and length > MAX_PROMPT_BYTES:
            text = f"the prompt is too large ({length:,} bytes, {MAX_PROMPT_BYTES:,} at most)"
            return InputRefused(message.attachment, message.sequence, ErrorCode.BAD_REQUEST, text)
        limit = MAX_WHOLE_PASTE_CHARACTERS if isinstance(message, Paste) else MAX_PASTE_CHARACTERS
        if length > limit and not isinstance(message, Prompt):
            text = f"the text is too long ({length} characters, {limit} at most)"
            return self.refuse(message, ErrorCode.TOO_LARGE, text)
        is_long = length > MAX_PASTE_CHARACTERS
        # Only the last part of a long paste counts against the limit, so that later keys have room.
        waiting = self._characters if is_long else self._short_characters + length
        if len(self._inputs) >= MAX_INPUTS or waiting > PENDING_INPUT_BYTES:
            return self.refuse(message, ErrorCode.INPUT_FULL, "the program is not reading its input")
        messages = list(_parts(message))
        self._inputs += messages
        for each in messages:
            self._count(each, 1)
        self.next_sequence += len(messages)
        return messages

    def refuse(self, message: Input, code: str, text: str) -> InputRefused:
        """Refuse an input, and all later ones until the user accepts that."""
        self.is_holding = True
        return InputRefused(message.attachment, message.sequence, code, text)

    def _count(self, message: Input, sign: int) -> None:
        length = sign * _length(message)
        self._characters += length
        if not (isinstance(message, Paste) and message.more):
            self._short_characters += length

    def acknowledge(self, sequence: int) -> None:
        """Drop all inputs up to this number, since the host has them."""
        inputs = self._inputs
        while inputs and inputs[0].sequence <= sequence:
            self._count(inputs.popleft(), -1)

    def refused(self, refusal: InputRefused) -> list[InputRefused]:
        """The host refused this input; earlier ones may still be on their way to the program.

        Later inputs are dropped, too (the host and its replacement refuse them), unless nothing can be typed at all.

        Returns:
            The refusal for the user; none for a focus report, which nobody typed, unless later input is held.
        """
        is_held = refusal.code not in _WITHOUT_HOLD
        self.is_holding = self.is_holding or is_held
        for_user = [refusal]
        for each in [each for each in self._inputs if each.sequence >= refusal.sequence]:
            if is_held or each.sequence == refusal.sequence:
                self._inputs.remove(each)
                self._count(each, -1)
                if isinstance(each, Focus) and not is_held:
                    for_user = []
        return for_user

    def reset_attachment(self, attachment: str) -> list[InputRefused]:
        """Renumber the kept inputs for another attachment.

        Returns:
            The refusals of the inputs sent under the previous attachment, for the user. They are dropped: their host is
            dead and may have typed them, so a resend could type them twice.
        """
        refusals: list[InputRefused] = []
        if self.attachment:
            text = "the connection was reset; your last input may be missing"
            refusals = [
                InputRefused(attachment, each.sequence, ErrorCode.STALE_ATTACHMENT, text)
                for each in self._inputs
                if not isinstance(each, Focus)
            ]
            self.is_holding = self.is_holding or bool(refusals)
            self._inputs.clear()
            self._characters = self._short_characters = 0
        self.attachment = attachment
        self._inputs = deque(
            msgspec.structs.replace(each, attachment=attachment, sequence=number)
            for number, each in enumerate(self._inputs, 1)
        )
        self.next_sequence = len(self._inputs) + 1
        return refusals

    @property
    def has_user_input(self) -> bool:
        """Whether there is an input of the user's; a focus report is none."""
        return any(not isinstance(each, Focus) for each in self._inputs)

    @property
    def has_keys(self) -> bool:
        """Whether there is input for a terminal that could answer a question; a chat's prompt never answers one."""
        return any(is_typed(each) and not isinstance(each, CHAT_INPUTS) for each in self._inputs)

    def characters(self) -> int:
        """The number of characters, keys and inputs of a structured chat; the mouse counts nothing."""
        counted = 0
        for each in self._inputs:
            counted += len(each.text) if isinstance(each, _WITH_TEXT) else is_typed(each)
        return counted

    def discard(self) -> list[Input]:
        """Drop all inputs of the user's; returns them."""
        dropped: list[Input] = [each for each in self._inputs if not isinstance(each, Focus)]
        self._inputs = deque(each for each in self._inputs if isinstance(each, Focus))
        self._characters = self._short_characters = len(self._inputs)
        return dropped

    def pending(self) -> list[Input]:
        """The inputs to send after an attach."""
        return list(self._inputs)


def is_typed(message: Input) -> bool:
    """Whether the user typed, pasted or sent it; the mouse and released keys do not count."""
    if isinstance(message, Key):
        return message.action is not KeyAction.RELEASE and message.key not in MODIFIER_KEYS
    return isinstance(message, (*_WITH_TEXT, *CHAT_INPUTS))


def _parts(message: Input) -> Iterator[Input]:
    """Split a long paste into numbered parts; yield any other message unchanged."""
    if not isinstance(message, Paste) or len(message.text) <= MAX_PASTE_CHARACTERS:
        yield message
        return
    for number, start in enumerate(range(0, len(message.text), MAX_PASTE_CHARACTERS)):
        end = start + MAX_PASTE_CHARACTERS
        more = end < len(message.text)
        yield Paste(message.attachment, message.sequence + number, message.text[start:end], more)


def _length(message: Input) -> int:
    """The size of an input for the limit: a text's characters, a prompt's bytes, 1 for a key."""
    if isinstance(message, Prompt):
        return message.size_bytes
    return len(message.text) if isinstance(message, _WITH_TEXT) else 1
