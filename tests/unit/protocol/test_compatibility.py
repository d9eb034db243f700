"""Messages for peers of the oldest protocol version have the fields that it knows."""

from __future__ import annotations

import pytest

from session_host.protocol import messages
from session_host.protocol.compatibility import known_fields
from session_host.protocol.messages import OLDEST_PROTOCOL_VERSION
from tests.support.protocol_recordings import DIRECTORY, Recording

RECORDING = Recording(DIRECTORY / f"protocol-{OLDEST_PROTOCOL_VERSION}.jsonl")
FORMER = {kind: [name for name, *_ in fields] for said in RECORDING._messages.values() for kind, fields in said.items()}


@pytest.mark.parametrize("kind", sorted(FORMER))
def test_a_message_has_the_fields_of_the_oldest_version(kind: str) -> None:
    today: type[messages.Message] = getattr(messages, kind)
    known = known_fields(OLDEST_PROTOCOL_VERSION, today)
    assert list(today.__struct_fields__[:known]) == FORMER[kind]
