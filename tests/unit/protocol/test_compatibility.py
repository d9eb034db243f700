"""Messages for peers of earlier protocol versions have the fields that these know."""

from __future__ import annotations

from typing import get_args

import msgspec
import pytest

from session_host.protocol import compatibility, keeper, messages
from session_host.protocol.compatibility import encode_for, known_fields, supports
from session_host.protocol.messages import OLDEST_PROTOCOL_VERSION
from session_host.protocol.values import MouseAction, MouseButton
from session_host.structured.operations import OperationDone
from tests.support.protocol_recordings import DIRECTORY, Recording

RECORDING = Recording(DIRECTORY / f"protocol-{OLDEST_PROTOCOL_VERSION}.jsonl")
OLDEST = {
    kind: [name for name, *_ in fields]
    for fields_by_kind in RECORDING._messages.values()
    for kind, fields in fields_by_kind.items()
}


@pytest.mark.parametrize("kind", sorted(OLDEST))
def test_a_message_has_the_fields_of_the_oldest_version(kind: str) -> None:
    today: type[messages.Message] = getattr(messages, kind)
    known = known_fields(OLDEST_PROTOCOL_VERSION, today)
    assert list(today.__struct_fields__[:known]) == OLDEST[kind]


NEEDS_NO_ENTRY = {
    # Structured chats came with version 7: an older host has none.
    "AgentRequests", "AnswerRequest", "ChangeSetting", "Interrupt", "OpenRequests", "Prompt", "SendChatInput",
    "WithdrawPrompt",
    # Sent between a chat's host and the hooks that the same version has installed.
    "AskUser", "Report", "UserAnswer",
}  # fmt: skip


def test_each_kind_of_message_that_version_1_lacks_has_its_first_version() -> None:
    kinds = {kind.__name__ for union in (messages.FromClient, messages.FromHost) for kind in get_args(union)}
    later = kinds - OLDEST.keys()
    entered = {kind.__name__ for kind in compatibility._SINCE}
    assert later >= NEEDS_NO_ENTRY
    assert not later - entered - NEEDS_NO_ENTRY, "enter it in _SINCE (CONTRIBUTING.md: a message)"


def test_a_viewer_before_version_10_gets_a_notification_without_its_id():
    message = messages.NotificationEvent("title", "text", "id")
    assert encode_for(9, message).endswith(b"text")
    assert encode_for(10, message).endswith(b"id")


def test_a_host_before_version_9_gets_no_request_to_clear_the_terminal() -> None:
    message = messages.ClearTerminal("1" * 32, "reset")
    assert [supports(version, messages.ClearTerminal) for version in (1, 8, 9)] == [False, False, True]
    assert encode_for(8, message) == b""
    assert b"ClearTerminal" in encode_for(9, message)


def test_a_host_before_version_12_gets_an_extra_mouse_button_as_none() -> None:
    press = messages.Mouse("1" * 32, 5, MouseAction.PRESS, MouseButton.BACK, 3, 4)
    assert encode_for(11, press) == encode_for(12, msgspec.structs.replace(press, button=MouseButton.NONE))
    assert b"back" in encode_for(12, press)


def test_renamed_classes_keep_their_names_in_messages_and_logs() -> None:
    message = messages.SendChatInput(1, messages.Interrupt("1" * 32, 2))
    assert msgspec.to_builtins(message) == ["Act", 1, ["Interrupt", "1" * 32, 2], "", "command"]
    assert msgspec.to_builtins(OperationDone(1)) == ["ActDone", 1, "", "", False]
    assert msgspec.to_builtins(messages.AcceptRefusal("1" * 32)) == ["GoOn", "1" * 32]
    renamed = [
        keeper.Hibernate(b"", 0.0, 0), keeper.ExitSaved(), keeper.Leave(), keeper.TakeOver(), keeper.SocketRebound(),
        keeper.KeeperChanged(1),
    ]  # fmt: skip
    tags = [msgspec.to_builtins(each)[0] for each in renamed]
    assert tags == ["Rest", "Over", "Yield", "Go", "BoundAgain", "KeptBy"]
