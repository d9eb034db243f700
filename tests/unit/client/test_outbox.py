"""What a viewer keeps until the host has it."""

from __future__ import annotations

from session_host.client.outbox import MAX_INPUTS, Outbox
from session_host.protocol.messages import MAX_PASTE_CHARACTERS, ErrorCode, Key, Paste


def key(outbox: Outbox, attachment: str = "") -> Key:
    return Key(attachment, outbox.next_sequence, "a", "a")


def test_early_input_is_renamed_and_sent_in_order() -> None:
    outbox = Outbox()
    for _ in range(3):
        assert outbox.add(key(outbox)) is None
    assert outbox.rename("att") == []
    sent = [(each.attachment, each.sequence) for each in outbox.unacknowledged()]
    assert sent == [("att", 1), ("att", 2), ("att", 3)]


def test_what_is_acknowledged_is_forgotten_and_the_rest_is_sent_again() -> None:
    outbox = Outbox()
    outbox.rename("att")
    for _ in range(5):
        outbox.add(key(outbox, "att"))
    outbox.acknowledged(3)
    assert [each.sequence for each in outbox.unacknowledged()] == [4, 5]
    assert len(outbox) == 2


def test_input_of_a_forgotten_attachment_is_never_typed_twice_and_said() -> None:
    outbox = Outbox()
    outbox.rename("one")
    outbox.add(key(outbox, "one"))
    refusals = outbox.rename("two")
    assert [each.code for each in refusals] == [ErrorCode.STALE_ATTACHMENT]
    assert outbox.unacknowledged() == []
    assert outbox.next_sequence == 1


def test_a_refused_input_goes_alone() -> None:
    outbox = Outbox()
    outbox.rename("att")
    for _ in range(3):
        outbox.add(key(outbox, "att"))
    outbox.refused(2)
    assert [each.sequence for each in outbox.unacknowledged()] == [1, 3]


def test_too_much_is_refused_and_said() -> None:
    outbox = Outbox()
    for _ in range(MAX_INPUTS):
        assert outbox.add(key(outbox)) is None
    refusal = outbox.add(key(outbox))
    assert refusal is not None
    assert refusal.code == ErrorCode.INPUT_FULL
    refusal = Outbox().add(Paste("", 1, "x" * (MAX_PASTE_CHARACTERS + 1)))
    assert refusal is not None
    assert refusal.code == ErrorCode.TOO_LARGE
