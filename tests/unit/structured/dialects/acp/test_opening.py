"""The Agent Client Protocol: from the start of the program to the first prompt."""

from __future__ import annotations

from typing import Any

import pytest

from session_host.structured.dialects.base import Start
from tests.support.acp_chat import DIRECTORY, AcpChat, text_block

LOADS: dict[str, Any] = {"loadSession": True}


def chat_of(capabilities: dict[str, Any], **start: Any) -> AcpChat:
    """A chat with an agent that has reported these capabilities."""
    chat = AcpChat(Start(directory=DIRECTORY, **start))
    information = {"name": "agent", "title": "Agent"}
    chat.reply({"protocolVersion": 1, "agentCapabilities": capabilities, "agentInfo": information})
    return chat


def test_the_agent_gets_the_clients_name_and_capabilities() -> None:
    (initialize,) = AcpChat().sent
    assert initialize["params"] == {
        "protocolVersion": 1,
        "clientInfo": {"name": "outlive", "title": "Outlive", "version": "1.0"},
        "clientCapabilities": {
            "fs": {"readTextFile": True, "writeTextFile": True},
            "terminal": True,
            "elicitation": {"form": {}},
        },
    }


def test_a_conversation_is_reported_once_it_has_a_prompt() -> None:
    chat = chat_of(LOADS)
    chat.reply({"sessionId": "s"})
    assert chat.states() == ["idle"]
    assert chat.transcript.status.conversation == ""
    chat.prompt("hello")
    assert chat.transcript.status.conversation == ""
    chat.update("agent_message_chunk", content=text_block("hi"))
    assert chat.transcript.status.conversation == "s"


def test_an_agent_of_another_version_is_refused() -> None:
    chat = AcpChat()
    chat.reply({"protocolVersion": 2})
    assert chat.failure == "the agent speaks version 2 of the Agent Client Protocol, Outlive version 1"


def test_an_agent_that_does_not_start_is_reported_with_the_reason() -> None:
    chat = AcpChat()
    chat.reply_error(-32603, "no disk")
    assert chat.failure == "The agent does not start: no disk"


def test_a_silent_agent_is_reported() -> None:
    chat = AcpChat()
    chat.expire("unanswered")
    assert chat.items[-1].text == "the agent has not answered for 30 seconds"


def test_a_refused_session_ends_the_chat() -> None:
    chat = chat_of({})
    chat.reply_error(-32603, "Internal error", data={"details": "no model"})
    assert chat.failure == "Agent cannot begin a conversation: no model"


# ---------------------------------------------------------------- resume


def test_an_id_chosen_for_a_new_conversation_is_not_resumed() -> None:
    chat = chat_of(LOADS, conversation="c", resumes=False)
    assert chat.sent[-1]["method"] == "session/new"
    chat.reply({"sessionId": "s"})
    chat.prompt("hello")
    chat.reply({"stopReason": "end_turn"})
    assert chat.transcript.status.conversation == "s"


def test_a_conversation_is_forked_if_the_agent_can_do_that() -> None:
    chat = chat_of({**LOADS, "sessionCapabilities": {"fork": {}}}, has_history=True, options={"fork": "c"})
    assert (chat.sent[-1]["method"], chat.sent[-1]["params"]["sessionId"]) == ("session/fork", "c")
    chat.reply({"sessionId": "s"})
    assert (chat.transcript.status.conversation, chat.transcript.status.state) == ("s", "idle")
    assert chat_of(LOADS, options={"fork": "c"}).failure == "This version of Agent cannot fork a conversation"


def test_after_a_failed_resume_the_conversation_is_loaded() -> None:
    chat = chat_of({**LOADS, "sessionCapabilities": {"resume": {}}}, conversation="c", has_history=True)
    assert chat.sent[-1]["method"] == "session/resume"
    chat.reply_error(-32603, "broken")
    assert chat.sent[-1]["method"] == "session/load"


def test_a_missing_conversation_ends_the_chat_and_is_never_replaced_by_a_new_one() -> None:
    chat = chat_of(LOADS, conversation="c")
    waits = []
    for _ in range(30):
        chat.reply_error(-32603, "not there")
        if chat.failure:
            break
        waits.append(chat.timers[-1][1])
        chat.expire("resume", int(waits[-1] * 1000))
    assert waits[:5] == [1.0, 2.0, 4.0, 8.0, 8.0]
    assert 70 <= sum(waits) < 80
    assert chat.failure == "Agent cannot resume the conversation: not there"
    assert {each["method"] for each in chat.sent[1:]} == {"session/load"}


def test_items_of_a_failed_load_are_removed() -> None:
    chat = chat_of(LOADS, conversation="s")
    chat.update("user_message_chunk", content=text_block("hello"))
    chat.update("tool_call", toolCallId="t", title="Run")
    chat.update("plan", entries=[{"content": "one"}])
    chat.reply_error(-32603, "broken")
    assert [each.kind for each in chat.items] == ["notice"]


def test_prompts_wait_until_the_conversation_is_completely_loaded() -> None:
    """Gemini CLI still sends messages of the conversation after its reply to the load."""
    chat = chat_of(LOADS, conversation="s")
    chat.update("user_message_chunk", content=text_block("<session_context>\nToday is"))
    chat.update("user_message_chunk", content=text_block("one"))
    chat.reply({})
    assert chat.prompt("next") == []
    chat.update("agent_message_chunk", content=text_block("two"))
    assert chat.expire("settle") == []
    (sent,) = chat.expire("settle")
    assert sent["method"] == "session/prompt"
    assert [(each.kind, each.text) for each in chat.items if each.text != "next"] == [("user", "one"), ("agent", "two")]


@pytest.mark.parametrize(("began_ms", "waits"), [(1_021_000, True), (1_019_000, False), (0, True)])
def test_gemini_loads_a_conversation_after_the_minute_in_which_it_began(began_ms: int, *, waits: bool) -> None:
    chat = chat_of(LOADS, conversation="s", began_ms=began_ms, options={"another_minute": "true"})
    assert (chat.sent[-1]["method"] != "session/load") == waits
    if waits:
        name, wait_s = chat.timers[-1]
        assert wait_s == pytest.approx(61, abs=0.1)
        chat.expire("unanswered")
        assert chat.items[-1].text == "Agent can resume the conversation in 61 seconds"
        (load,) = chat.expire(name, 61_000)
        assert load["method"] == "session/load"


# ---------------------------------------------------------------- log-in


@pytest.mark.parametrize(
    ("methods", "options", "tried"),
    [
        ([{"id": "a", "type": "env_var", "name": "Key"}], {}, ["a"]),
        ([{"id": "a", "name": "Browser"}], {}, []),
        ([{"id": "a", "name": "Browser"}, {"id": "b", "name": "Key"}], {"log_in": "b"}, ["b"]),
    ],
)
def test_ways_to_log_in_that_need_no_browser_are_tried(
    methods: list[dict[str, str]], options: dict[str, str], tried: list[str]
) -> None:
    chat = AcpChat(Start(directory=DIRECTORY, options=options))
    chat.reply({"protocolVersion": 1, "authMethods": methods, "agentInfo": {"name": "Agent"}})
    chat.reply_error(-32000, "Authentication required")
    for _ in tried:
        chat.reply_error(-32000, "Authentication required")
    asked = [each["params"]["methodId"] for each in chat.sent if each["method"] == "authenticate"]
    assert asked == tried
    assert chat.failure == (
        "Agent is not logged in (Authentication required): log in with its own command line, then open the chat again"
    )


def test_the_command_to_log_in_is_named() -> None:
    chat = AcpChat(Start(directory=DIRECTORY, options={"log_in_command": "agent login"}))
    chat.reply({"protocolVersion": 1, "authMethods": [{"id": "a", "description": "Run `other` in a terminal"}]})
    chat.reply_error(-32000, "Authentication required")
    assert "run agent login, then open the chat again" in chat.failure


# ---------------------------------------------------------------- settings


def option(name: str, value: Any, **more: Any) -> dict[str, Any]:
    choices = [{"value": "a", "name": "A"}, {"group": "g", "name": "G", "options": [{"value": "b", "name": "B"}]}]
    return {"id": name, "name": name.title(), "type": "select", "currentValue": value, "options": choices, **more}


def test_options_modes_and_models_are_settings() -> None:
    chat = AcpChat()
    modes = {"currentModeId": "ask", "availableModes": [{"id": "ask", "name": "Ask"}, {"id": "plan", "name": "Plan"}]}
    models = {"currentModelId": "m", "availableModels": [{"modelId": "m", "name": "M"}, {"modelId": "n"}]}
    options = [
        option("model", "a", category="model"),
        option("depth", "a", category="thought_level"),
        option("fast", False, type="boolean"),
        option("odd", 3),
        17,
    ]
    chat.open({"modes": modes, "models": models, "configOptions": options})
    settings = {each.id: each for each in chat.transcript.status.settings}
    assert list(settings) == ["model", "depth", "fast", "mode"]
    assert [each.id for each in settings["model"].choices] == ["a", "b"]
    assert (settings["depth"].category, settings["fast"].value, settings["mode"].value) == ("effort", "off", "ask")

    (sent,) = chat.change("fast", "on")
    assert sent["params"] == {"sessionId": "s", "configId": "fast", "value": True, "type": "boolean"}
    chat.reply({"configOptions": [option("fast", True, type="boolean")]})
    settings = {each.id: each for each in chat.transcript.status.settings}
    assert (settings["fast"].value, settings["model"].value) == ("on", "m")

    (sent,) = chat.change("model", "n")
    assert (sent["method"], sent["params"]) == ("session/set_model", {"sessionId": "s", "modelId": "n"})
    chat.reply({})
    (sent,) = chat.change("mode", "plan")
    assert (sent["method"], sent["params"]) == ("session/set_mode", {"sessionId": "s", "modeId": "plan"})
    chat.reply_error(-32602, "not now")
    assert chat.items[-1].text == "mode is not changed: not now"
    chat.update("current_mode_update", currentModeId="plan")
    settings = {each.id: each for each in chat.transcript.status.settings}
    assert (settings["mode"].value, settings["model"].value) == ("plan", "n")
    assert chat.change("colour", "red") == []
    assert chat.items[-1].text == "Agent has no setting 'colour'"
