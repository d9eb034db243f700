"""The conversation that results from its records, in any order."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from session_host.endpoint.conversation import (
    Answer,
    AnswerBegan,
    AnswerEnded,
    AnswerState,
    Attachment,
    Began,
    Conversation,
    Picture,
    Piece,
    Question,
    Record,
    Rewound,
    Settings,
    SettingsChanged,
    valid_utf8,
)

AT = "2026-01-02T03:04:05.678Z"


def question_of(text: str) -> Question:
    return Question(AT, text)


def answered(text: str, state: AnswerState = AnswerState.COMPLETE) -> list[Record]:
    return [AnswerBegan(AT, "m"), Piece(text), AnswerEnded(AT, state, 3, 4)]


def sent(conversation: Conversation, system: str) -> list[tuple[str, str]]:
    return [(turn.role, turn.text) for turn in conversation.for_model(system)]


def test_pieces_are_joined_to_the_answer() -> None:
    conversation = Conversation([question_of("a"), AnswerBegan(AT, "m"), Piece("one "), Piece("two")])
    answer = conversation.last
    assert isinstance(answer, Answer)
    assert (answer.text, answer.state) == ("one two", AnswerState.STREAMING)
    conversation.apply(AnswerEnded(AT, AnswerState.CUT, note="broke"))
    assert (answer.text, answer.state, answer.note) == ("one two", AnswerState.CUT, "broke")


def test_an_edited_question_replaces_all_later_messages() -> None:
    conversation = Conversation(
        [question_of("a"), *answered("b"), question_of("c"), *answered("d"), Rewound(AT, 2), question_of("e")]
    )
    assert sent(conversation, "") == [("user", "a"), ("assistant", "b"), ("user", "e")]
    assert conversation.all_questions == ["a", "c", "e"], "the input's history forgets nothing"
    assert (conversation.used_input_tokens, conversation.used_output_tokens) == (6, 8), "the user paid for them"


def test_a_corrected_question_is_sent_without_the_failed_ones() -> None:
    conversation = Conversation([question_of("a"), question_of("b"), AnswerBegan(AT, "m"), question_of("c")])
    assert sent(conversation, "be brief") == [("system", "be brief"), ("user", "c")]
    conversation.apply(AnswerBegan(AT, "m"))
    conversation.apply(Piece("d"))
    conversation.apply(question_of("e"))
    assert sent(conversation, "") == [("user", "c"), ("assistant", "d"), ("user", "e")]


def test_attachments_go_before_the_question() -> None:
    question = Question(AT, "what is it?", (Attachment("a.txt", "one\n"), Attachment("b.md", "```\ntwo\n```")))
    assert question.for_model() == (
        "File a.txt:\n```\none\n```\n\nFile b.md:\n````\n```\ntwo\n```\n````\n\nwhat is it?"
    )


def test_the_last_settings_count_and_the_first_are_kept() -> None:
    first, last = Settings(url="http://a/v1", model="x"), Settings(url="http://a/v1", model="y")
    conversation = Conversation([Began(AT, "id"), SettingsChanged(AT, first), SettingsChanged(AT, last)])
    assert (conversation.first_settings, conversation.settings) == (first, last)


RECORDS = st.one_of(
    st.builds(Began, st.just(AT), st.text()),
    st.builds(SettingsChanged, st.just(AT), st.builds(Settings, url=st.text(), model=st.text())),
    st.builds(
        Question,
        st.just(AT),
        st.text(),
        st.lists(st.builds(Attachment, st.text(), st.text())).map(tuple),
        st.lists(st.builds(Picture, st.text(), st.binary()), max_size=1).map(tuple),
    ),
    st.builds(AnswerBegan, st.just(AT), st.text()),
    st.builds(Piece, st.text()),
    st.builds(AnswerEnded, st.just(AT), st.sampled_from(AnswerState), st.none() | st.integers(), st.integers()),
    st.builds(Rewound, st.just(AT), st.integers(-3, 9)),
)


@given(st.lists(RECORDS))
def test_any_records_make_a_conversation_that_can_be_sent(records: list[Record]) -> None:
    conversation = Conversation(records)
    roles = [turn.role for turn in conversation.for_model("s")]
    assert roles[0] == "system"
    assert all(one != other for one, other in itertools.pairwise(roles))
    if any(isinstance(message, Question) for message in conversation.messages):
        index, question = conversation.last_question()
        assert conversation.messages[index] is question


@given(st.text(alphabet=st.characters(codec=None)))
def test_any_text_from_a_terminal_can_be_saved(text: str) -> None:
    assert len(valid_utf8(text).encode()) >= len(text)
