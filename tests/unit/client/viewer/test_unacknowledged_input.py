"""Unacknowledged input of a viewer."""

from __future__ import annotations

from session_host.client.viewer.unacknowledged_input import MAX_INPUTS, UnacknowledgedInput
from session_host.protocol.codec import MAX_FRAME_BYTES, encode
from session_host.protocol.messages import (
    MAX_PASTE_CHARACTERS,
    MAX_PROMPT_BYTES,
    MAX_WHOLE_PASTE_CHARACTERS,
    Focus,
    InputRefused,
    Interrupt,
    Key,
    Paste,
    Prompt,
    Typed,
)
from session_host.protocol.values import ErrorCode, Image, KeyAction


def key(inputs: UnacknowledgedInput, attachment: str = "") -> Key:
    return Key(attachment, inputs.next_sequence, "a", "a")


def test_a_focus_report_of_a_forgotten_attachment_is_no_missing_input() -> None:
    inputs = UnacknowledgedInput()
    inputs.reset_attachment("one")
    inputs.append(Focus("one", 1, focused=True))
    assert inputs.reset_attachment("two") == []
    assert inputs.pending() == []
    assert not inputs.is_holding


def test_after_a_refused_input_none_is_accepted_until_the_user_accepts() -> None:
    inputs = UnacknowledgedInput()
    inputs.reset_attachment("att")
    for _ in range(4):
        inputs.append(key(inputs, "att"))
    inputs.refused(InputRefused("att", 2, ErrorCode.INPUT_FULL, "full"))
    assert [each.sequence for each in inputs.pending()] == [1], "the rest would be half a command"
    inputs.acknowledge(1)
    assert isinstance(refused := inputs.append(key(inputs, "att")), InputRefused)
    assert refused.code == ErrorCode.HELD
    assert inputs.append(Focus("att", inputs.next_sequence, focused=True)), "which types nothing"
    inputs.is_holding = False
    assert isinstance(inputs.append(key(inputs, "att")), list)


def test_a_refusal_for_another_reason_drops_only_that_input() -> None:
    inputs = UnacknowledgedInput()
    inputs.reset_attachment("att")
    for _ in range(3):
        inputs.append(key(inputs, "att"))
    inputs.refused(InputRefused("att", 2, ErrorCode.ENDED, "it has ended"))
    assert [each.sequence for each in inputs.pending()] == [1, 3]


def test_input_beyond_the_limit_is_refused_with_a_message() -> None:
    inputs = UnacknowledgedInput()
    for _ in range(MAX_INPUTS):
        assert isinstance(inputs.append(key(inputs)), list)
    for code in (ErrorCode.INPUT_FULL, ErrorCode.HELD):
        assert isinstance(refusal := inputs.append(key(inputs)), InputRefused)
        assert refusal.code == code
        inputs.acknowledge(MAX_INPUTS)
    for message in (
        Typed("", 1, "x" * (MAX_PASTE_CHARACTERS + 1)),
        Paste("", 1, "x" * (MAX_WHOLE_PASTE_CHARACTERS + 1)),
    ):
        assert isinstance(refusal := UnacknowledgedInput().append(message), InputRefused)
        assert refusal.code == ErrorCode.TOO_LARGE


def test_a_long_paste_is_split_into_several_messages() -> None:
    inputs = UnacknowledgedInput()
    inputs.reset_attachment("att")
    text = "0123456789" * (MAX_PASTE_CHARACTERS // 4)
    parts = inputs.append(Paste("att", inputs.next_sequence, text))
    assert isinstance(parts, list)
    assert "".join(part.text for part in parts if isinstance(part, Paste)) == text
    assert [(part.sequence, part.more) for part in parts if isinstance(part, Paste)] == [
        (1, True),
        (2, True),
        (3, False),
    ]
    assert inputs.next_sequence == 4
    inputs.acknowledge(3)
    assert len(inputs) == 0


def test_a_prompt_too_large_for_a_frame_is_refused_and_holds_no_later_input() -> None:
    inputs = UnacknowledgedInput()
    inputs.reset_attachment("att")
    images = (Image("image/png", bytes(MAX_PROMPT_BYTES - 3)),)
    assert isinstance(inputs.append(Prompt("look", images=images, attachment="att", sequence=1)), InputRefused)
    assert not inputs.is_holding
    added = inputs.append(Prompt("see", images=images, attachment="att", sequence=1))
    assert isinstance(added, list)
    [sent] = added
    assert len(encode(sent)) <= MAX_FRAME_BYTES
    inputs.acknowledge(1)
    assert len(inputs) == 0


def test_the_characters_keys_and_verbs_are_counted() -> None:
    inputs = UnacknowledgedInput()
    inputs.reset_attachment("att")
    inputs.append(Focus("att", 1, True))
    has_user_input = [inputs.has_user_input]
    inputs.append(Typed("att", 2, "first"))
    inputs.append(Key("att", 3, "a", "a"))
    inputs.append(Key("att", 4, "a", "a", 0, KeyAction.RELEASE))
    inputs.append(Interrupt(attachment="att", sequence=5))
    inputs.append(Paste("att", 6, "x" * (3 * MAX_PASTE_CHARACTERS)))
    has_user_input.append(inputs.has_user_input)
    assert has_user_input == [False, True]
    assert inputs.characters() == len("first") + 1 + 1 + 3 * MAX_PASTE_CHARACTERS
