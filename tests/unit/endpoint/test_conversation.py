"""The conversation that results from its records, in any order."""

from __future__ import annotations

import errno
import itertools
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_host.endpoint.conversation import (
    AnswerBegan,
    AnswerEnded,
    AnswerState,
    Attachment,
    Began,
    Conversation,
    ConversationFile,
    ModelAnswer,
    Picture,
    Piece,
    Question,
    Record,
    Rewound,
    Settings,
    SettingsChanged,
    check_id,
    read,
    valid_utf8,
)
from session_host.errors import OutliveError, UsageError
from tests.support.fuzzing import chance, times

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
    assert isinstance(answer, ModelAnswer)
    assert (answer.text, answer.state) == ("one two", AnswerState.STREAMING)
    conversation.apply(AnswerEnded(AT, AnswerState.CUT, note="broke"))
    assert (answer.text, answer.state, answer.note) == ("one two", AnswerState.CUT, "broke")


def test_an_edited_question_replaces_all_later_messages() -> None:
    conversation = Conversation(
        [question_of("a"), *answered("b"), question_of("c"), *answered("d"), Rewound(AT, 2), question_of("e")]
    )
    assert sent(conversation, "") == [("user", "a"), ("assistant", "b"), ("user", "e")]
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


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "c.jsonl"


def written(path: Path) -> bytes:
    with ConversationFile(path, "c") as file:
        for number in range(5):
            file.append(Question(AT, f"question {number} – “ü”\n\x1b[1m"))
            file.append(AnswerBegan(AT, "m"))
            file.append(Piece("some of the answer, "), durable=False)
            file.append(Piece("and the rest"), durable=False)
    return path.read_bytes()


def texts(conversation: Conversation) -> list[str]:
    return [each.text for each in conversation.messages]


def test_only_its_user_can_read_the_file(path: Path) -> None:
    written(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_conversation_is_read_back_as_it_was_written(path: Path) -> None:
    written(path)
    with ConversationFile(path, "c") as file:
        assert texts(file.conversation)[::2] == [f"question {number} – “ü”\n\x1b[1m" for number in range(5)]
        assert texts(file.conversation)[1::2] == ["some of the answer, and the rest"] * 5


def test_a_file_cut_anywhere_keeps_the_whole_lines_and_continues(path: Path) -> None:
    data = written(path)
    for end in range(0, len(data), 31):
        path.write_bytes(data[:end])
        with ConversationFile(path, "c") as file:
            before = texts(file.conversation)
            file.append(Question(AT, "after"))
        whole_lines, _ = read(data[:end])
        assert before == texts(Conversation(whole_lines))
        with ConversationFile(path, "c") as file:
            assert texts(file.conversation) == [*before, "after"]


def test_damage_anywhere_loses_only_the_damaged_lines(path: Path) -> None:
    data = written(path)
    with chance() as choose:
        for _ in range(times(60)):
            damaged = bytearray(data)
            for _ in range(choose.randint(1, 4)):
                place = choose.randrange(len(damaged))
                match choose.randrange(3):
                    case 0:
                        damaged[place] = choose.randrange(256)
                    case 1:
                        damaged[place:place] = choose.randbytes(choose.randint(1, 20))
                    case _:
                        del damaged[place : place + choose.randint(1, 200)]
            path.write_bytes(damaged)
            with ConversationFile(path, "c") as file:
                assert len(file.conversation.messages) <= 20
                file.append(Question(AT, "after"))
            with ConversationFile(path, "c") as file:
                assert texts(file.conversation)[-1] == "after"


def test_records_of_a_later_version_are_skipped(path: Path) -> None:
    data = written(path)
    path.write_bytes(b'{"type":"mood","at":"now"}\n[1]\n\n' + data)
    with ConversationFile(path, "c") as file:
        assert len(file.conversation.messages) == 10


def test_two_chats_cannot_write_the_same_conversation(path: Path) -> None:
    with ConversationFile(path, "c"), pytest.raises(OutliveError, match="open in another chat"):
        ConversationFile(path, "c")
    with ConversationFile(path, "c"):
        pass  # The lock has ended.


def test_a_link_is_not_followed(path: Path, tmp_path: Path) -> None:
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutliveError, match="cannot open the conversation"):
        ConversationFile(path, "c")
    assert not (tmp_path / "elsewhere").exists()


def test_a_full_disk_leaves_no_half_line(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ConversationFile(path, "c") as file:
        file.append(Question(AT, "kept"))
        before = path.read_bytes()
        real = os.write

        def full(descriptor: int, data: bytes) -> int:
            if len(data) < 20:
                raise OSError(errno.ENOSPC, "No space left on device")
            return real(descriptor, data[:10])

        with monkeypatch.context() as patch:
            patch.setattr(os, "write", full)
            with pytest.raises(OSError, match="No space"):
                file.append(Question(AT, "not kept"))
        assert path.read_bytes() == before
        file.append(Question(AT, "kept again"))
    with ConversationFile(path, "c") as file:
        assert texts(file.conversation) == ["kept", "kept again"]


@pytest.mark.parametrize("name", ["", "-x", "../x", "a/b", "a b", "a" * 129, "ä", "a\n"])
def test_an_id_that_is_a_path_or_an_option_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        check_id(name)
    assert check_id("0a_B-9") == "0a_B-9"


def test_numbers_of_tokens_that_an_earlier_version_kept_are_bounded() -> None:
    records = [*answered("one"), *answered("two")[:-1], AnswerEnded(AT, AnswerState.COMPLETE, 2**64, -5)]
    conversation = Conversation([question_of("a"), *records])
    assert (conversation.used_input_tokens, conversation.used_output_tokens) == (3, 4)
    assert isinstance(conversation.last, ModelAnswer)
    assert (conversation.last.input_tokens, conversation.last.output_tokens) == (None, None)
