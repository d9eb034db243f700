"""``outlive schema``, and that commands print what it says."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from session_host.cli.json_forms import FailedCommand, FoundLine, SentText, TurnAnswer
from session_host.cli.schema import row_form, schema
from session_host.errors import NoSuchSession, codes
from session_host.protocol.events import EventLine
from tests.support.area import Area
from tests.support.commands import REPOSITORY, new, outlive
from tests.support.structured_chats import new_chat
from tests.support.waiting import TIMEOUT_S, wait_until

SAVED = REPOSITORY / "resources" / "schema.json"


@pytest.mark.registrations
def test_the_saved_schema_is_that_of_the_structs() -> None:
    expected = json.dumps(schema(), indent=2) + "\n"
    assert SAVED.read_text(encoding="utf-8") == expected, (
        "scripts rely on the schema: if this change is wanted, write it down in CHANGELOG.md, "
        "and run: outlive schema > resources/schema.json"
    )


@pytest.mark.usefixtures("sessions")
def test_commands_print_what_the_schema_says(area: Area) -> None:
    def read(form: Any, *words: str) -> Any:
        done = outlive(*words)
        assert done.code == 0, done.error
        return msgspec.json.decode(done.output, type=form)

    new_chat(area, "view")
    new("-n", "sh", "shell", "--", "bash")
    assert outlive("schema").output == SAVED.read_text(encoding="utf-8")
    row: Any = row_form()
    assert len(read(list[row], "ls", "--json")) == 2
    assert read(SentText, "send", "view", "hello", "--json").turn == 1
    assert read(TurnAnswer, "send", "view", "answer: a word", "--wait", "--json").answer == "a word"
    wait_until(lambda: outlive("search", "word").code == 0, TIMEOUT_S, "the recording of the answer")
    assert read(list[FoundLine], "search", "word", "--json")[0].name == "view"
    lines = outlive("events", "--once", "--json").output.splitlines()
    assert len([msgspec.json.decode(line, type=EventLine) for line in lines]) == 3


@pytest.mark.parametrize(
    "words", [["answer", "nobody"], ["ls", "--since", "bananas"], ["peek"], ["send", "nobody", "text", "--wait"]]
)
@pytest.mark.usefixtures("sessions")
def test_with_json_an_error_is_one_object(words: list[str]) -> None:
    plain, done = outlive(*words), outlive(*words, "--json")
    failed = msgspec.json.decode(done.error, type=FailedCommand).error
    assert (done.output, failed.exit_code) == ("", done.code)
    assert done.code == plain.code
    assert f"outlive: {failed.message}\n" == plain.error
    assert failed.code in codes()


@pytest.mark.registrations
def test_the_codes_of_errors_are_words() -> None:
    assert NoSuchSession.stable_code() == "no_such_session"
    assert {"failed", "usage_error", "needs_input", "turn_failed", "ledger_lost"} <= codes()
    assert all(code.replace("_", "").isalpha() and code.islower() for code in codes())
