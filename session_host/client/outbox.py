"""What a viewer's user did and the host has not acknowledged yet: kept in order, sent again if need be."""

from __future__ import annotations

from collections import deque

import msgspec

from session_host.protocol.messages import (
    MAX_PASTE_CHARACTERS,
    PENDING_INPUT_BYTES,
    ErrorCode,
    Input,
    InputRefused,
    Paste,
    Text,
)

MAX_INPUTS = 20_000


class Outbox:
    """Inputs from oldest to newest; ``sequence`` counts from 1 within one attachment.

    Attributes:
        next_sequence: what the next input is to be numbered.
    """

    def __init__(self) -> None:
        self._inputs: deque[Input] = deque()
        self._characters = 0
        self._attachment = ""
        self.next_sequence = 1

    def __len__(self) -> int:
        return len(self._inputs)

    def add(self, message: Input) -> InputRefused | None:
        """Keep an input until it is acknowledged; a refusal when there is no room for it."""
        length = _length(message)
        if length > MAX_PASTE_CHARACTERS:
            text = f"the text is too long ({length} characters, {MAX_PASTE_CHARACTERS} at most)"
            return InputRefused(message.attachment, message.sequence, ErrorCode.TOO_LARGE, text)
        if len(self._inputs) >= MAX_INPUTS or self._characters + length > PENDING_INPUT_BYTES:
            text = "too much is waiting for the program already; this was not typed"
            return InputRefused(message.attachment, message.sequence, ErrorCode.INPUT_FULL, text)
        self._inputs.append(message)
        self._characters += length
        self.next_sequence += 1
        return None

    def acknowledged(self, sequence: int) -> None:
        """The host has all inputs up to this one."""
        inputs = self._inputs
        while inputs and inputs[0].sequence <= sequence:
            self._characters -= _length(inputs.popleft())

    def refused(self, sequence: int) -> None:
        """The host did not take this one; those before it may still be on their way to the program."""
        for each in self._inputs:
            if each.sequence == sequence:
                self._inputs.remove(each)
                self._characters -= _length(each)
                return

    def rename(self, attachment: str) -> list[InputRefused]:
        """Everything goes on under another attachment, numbered anew.

        Returns:
            What had been sent under the former attachment: the host that knew it is gone, so nobody can
            say whether it was typed. It is dropped rather than typed twice, and the user is told.
        """
        refusals: list[InputRefused] = []
        if self._attachment:
            text = "the chat's host forgot this view; what was typed last may be missing"
            refusals = [
                InputRefused(attachment, each.sequence, ErrorCode.STALE_ATTACHMENT, text) for each in self._inputs
            ]
            self._inputs.clear()
            self._characters = 0
        self._attachment = attachment
        self._inputs = deque(
            msgspec.structs.replace(each, attachment=attachment, sequence=number)
            for number, each in enumerate(self._inputs, 1)
        )
        self.next_sequence = len(self._inputs) + 1
        return refusals

    def unacknowledged(self) -> list[Input]:
        """What is to be sent after an attach."""
        return list(self._inputs)


def _length(message: Input) -> int:
    return len(message.text) if isinstance(message, Text | Paste) else 1
