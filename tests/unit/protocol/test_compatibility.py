"""Messages for peers of the oldest protocol version have the fields that it knows."""

from __future__ import annotations

import pytest

from session_host.protocol import messages
from session_host.protocol.compatibility import encode_for, known_fields, knows
from session_host.protocol.messages import OLDEST_PROTOCOL_VERSION
from tests.support.protocol_recordings import DIRECTORY, Recording

RECORDING = Recording(DIRECTORY / f"protocol-{OLDEST_PROTOCOL_VERSION}.jsonl")
FORMER = {kind: [name for name, *_ in fields] for said in RECORDING._messages.values() for kind, fields in said.items()}


@pytest.mark.parametrize("kind", sorted(FORMER))
def test_a_message_has_the_fields_of_the_oldest_version(kind: str) -> None:
    today: type[messages.Message] = getattr(messages, kind)
    known = known_fields(OLDEST_PROTOCOL_VERSION, today)
    assert list(today.__struct_fields__[:known]) == FORMER[kind]


def test_a_viewer_before_version_10_gets_a_notification_without_its_id():
    message = messages.NotificationEvent("title", "text", "id")
    assert encode_for(9, message).endswith(b"text")
    assert encode_for(10, message).endswith(b"id")


def test_a_host_before_version_9_gets_no_request_to_clear_the_terminal() -> None:
    message = messages.ClearTerminal("1" * 32, "reset")
    assert [knows(version, messages.ClearTerminal) for version in (1, 8, 9)] == [False, False, True]
    assert encode_for(8, message) == b""
    assert b"ClearTerminal" in encode_for(9, message)
