"""What completes a prompt in a terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from session_host.cli.attach.chat.completion import common, completed_path, offers
from session_host.client.machine import THIS_MACHINE
from session_host.client.sessions.session_info import SessionInfo
from session_host.structured.items import Setting, SettingChoice, SlashCommand
from session_host.structured.transcript import Status
from tests.support.facts import chat_facts

STATUS = Status(
    commands=(
        SlashCommand("tokens", "show the token counts"),
        SlashCommand("set", "set a parameter", "NAME VALUE"),
        SlashCommand("system", "", "TEXT"),
        SlashCommand("model", "switch model", "NAME"),
    ),
    settings=(Setting("model", "Model", "a-one", (SettingChoice("a-one", "One"), SettingChoice("a-two", "Two"))),),
)


@pytest.mark.parametrize(
    ("text", "words", "shown"),
    [
        ("/", ["/tokens", "/set", "/system", "/model"], "/set NAME VALUE"),
        ("/S", ["/set", "/system"], "/system TEXT"),
        ("/tok", ["/tokens"], "/tokens: show the token counts"),
        ("/model ", ["a-one", "a-two"], "a-two"),
        ("/model a-t", ["a-two"], "a-two"),
        ("/set temp", [], ""),
        ("/nothing", [], ""),
        ("is /tok", [], ""),
        ("/tok\n/tok", [], ""),
        ("", [], ""),
    ],
)
def test_commands_and_the_values_of_settings_are_offered(text: str, words: list[str], shown: str) -> None:
    found = offers(text, text[max(text.rfind(" "), text.rfind("\n")) + 1 :], STATUS)
    assert [each.word for each in found] == words
    assert shown in {"", *(each.shown for each in found)}


def test_what_several_words_begin_with_is_certain() -> None:
    assert common(["/set", "/system"]) == "/s"
    assert common(["same", "same"]) == "same"
    assert common(["a", "b"]) == ""


@pytest.mark.parametrize(
    ("word", "whole", "names"),
    [
        ("@notes", "@notes.txt ", ["notes.txt"]),
        ("@n", "@no", ["notes.txt", "nowhere"]),
        ("@no", "@no", ["notes.txt", "nowhere"]),
        ("@src", "@src/", ["src"]),
        ("@src/", "@src/main.py ", ["main.py"]),
        ("@Make", "@./Makefile ", ["Makefile"]),
        ("@my", '@"my file ', ["my file a", "my file b"]),
        ('@"my file a', '@"my file a" ', ["my file a"]),
        ("@missing", "@missing", []),
    ],
)
async def test_paths_are_completed_in_the_chats_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str, whole: str, names: list[str]
) -> None:
    (tmp_path / "src").mkdir()
    for name in ("notes.txt", "nowhere", "src/main.py", "Makefile", "my file a", "my file b"):
        (tmp_path / name).touch()

    named = SessionInfo(facts=chat_facts(id="an id", name="x", agent="claude", cwd=str(tmp_path)))
    monkeypatch.setattr("session_host.client.sessions.listing.session_named", lambda _id: named)
    assert await completed_path(THIS_MACHINE, "an id", word) == (whole, names)
