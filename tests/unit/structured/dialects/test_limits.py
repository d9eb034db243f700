"""Limits of a subscription, from recorded messages of agents with a model service that has such limits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from session_host.protocol.messages import Prompt
from session_host.structured.dialects.base import Start
from session_host.structured.dialects.limits import KEPT, merged, reset_ms, share
from session_host.structured.dialects.one_shot import OneShotDialect
from session_host.structured.items import UsageLimit
from session_host.structured.lines import AgentLine
from session_host.structured.rules import StructuredRules
from session_host.structured.transcript import Transcript
from session_host.structured.turns import facts_of
from tests.support.codex_chat import CodexChat
from tests.support.replayed_claude import RECORDINGS, ReplayedClaude

RESETS_MS, WEEKLY_RESETS_MS = 1795428186000, 1795719186000


def messages(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


CODEX: Final = messages(RECORDINGS / "codex-rate-limits.jsonl")
CLAUDE: Final = messages(RECORDINGS / "claude-rate-limits.jsonl")


def of_claude(version: str) -> list[dict[str, Any]]:
    return [each["msg"] for each in CLAUDE if each["version"] == version]


def claude_in_a_turn(*, saves: bool = False) -> ReplayedClaude:
    replayed = ReplayedClaude(saves=saves)
    reply = {"subtype": "success", "request_id": "outlive-1", "response": {}}
    replayed.replay({"dir": "<-", "msg": {"type": "control_response", "response": reply}})
    replayed.do(Prompt("go"))
    return replayed


def shares(transcript: Transcript) -> dict[str, float]:
    usage = transcript.status.usage
    return {} if usage is None else {limit.id: limit.used for limit in usage.limits}


def notices(transcript: Transcript) -> list[str]:
    return [each.text for each in transcript if each.kind == "notice"]


def stopped(transcript: Transcript) -> tuple[str, str]:
    """How the last turn ended, and when its limit is reset."""
    end = transcript.status.last_turn
    assert end is not None
    assert end.outcome == "failed", "the word of earlier versions"
    facts = facts_of(end)
    return facts.outcome, facts.resets_at


def test_claude_reports_each_window_and_the_state_that_is_saved_keeps_them() -> None:
    replayed = claude_in_a_turn(saves=True)
    found = []
    for message in of_claude("2.1.329")[:5]:
        replayed.replay({"dir": "<-", "msg": message})
        found.append(tuple(shares(replayed.transcript).values()))
    assert found == [(0.63, 0.2), (0.7, 0.21), (0.93, 0.3), (0.05, 0.3), (1.0, 0.5)]
    usage = replayed.transcript.status.usage
    assert usage is not None
    assert usage.limits == (
        UsageLimit("five_hour", 1.0, 300, RESETS_MS, "", 1),
        UsageLimit("seven_day", 0.5, 10080, WEEKLY_RESETS_MS, "", 1),
    )
    assert [each for each in replayed.transcript if each.kind == "raw"] == []


def test_a_turn_of_claude_ended_by_the_limit_says_when_it_is_reset() -> None:
    replayed = claude_in_a_turn()
    for message in of_claude("2.1.329"):
        replayed.replay({"dir": "<-", "msg": message})
    assert notices(replayed.transcript) == [
        "The usage limit is nearly reached until 2026-11-23 10:03 UTC (five hour).",
        "You've hit your 5-hour limit · resets 10:03am (UTC)",
    ]
    assert stopped(replayed.transcript) == ("limit", "2026-11-23T10:03:06.000Z")


def test_a_notice_about_a_limit_is_not_repeated_with_each_share() -> None:
    replayed = claude_in_a_turn()
    for share_ in (0.91, 0.92, 0.93):
        message = msgspec.convert(of_claude("2.1.329")[2], dict[str, Any])
        message["rate_limit_info"]["unifiedWindows"]["five_hour"]["utilization"] = share_
        replayed.replay({"dir": "<-", "msg": message})
    assert shares(replayed.transcript)["five_hour"] == 0.93
    assert len(notices(replayed.transcript)) == 1


def test_a_version_of_claude_without_windows_reports_a_share_only_near_the_limit() -> None:
    replayed = claude_in_a_turn()
    found = []
    for message in of_claude("2.1.197")[:4]:
        replayed.replay({"dir": "<-", "msg": message})
        found.append(shares(replayed.transcript))
    assert found == [{}, {"five_hour": 0.93}, {}, {"five_hour": 1.0}]


def test_a_turn_of_an_older_claude_ended_by_the_limit_says_so_too() -> None:
    replayed = claude_in_a_turn(saves=True)
    for message in of_claude("2.1.197"):
        replayed.replay({"dir": "<-", "msg": message})
    assert stopped(replayed.transcript)[0] == "limit"
    replayed.do(Prompt("again"))
    refused = {"type": "result", "subtype": "success", "is_error": True, "result": "Credit balance is too low"}
    replayed.replay({"dir": "<-", "msg": refused})
    assert stopped(replayed.transcript) == ("error", ""), "the next error is another one"


def test_a_limit_of_claude_for_one_model_has_its_name() -> None:
    replayed = claude_in_a_turn()
    info = {"status": "allowed_warning", "rateLimitType": "seven_day_opus", "utilization": 0.8, "resetsAt": 10**17}
    replayed.replay({"dir": "<-", "msg": {"type": "rate_limit_event", "rate_limit_info": info}})
    assert replayed.transcript.status.usage is not None
    assert replayed.transcript.status.usage.limits == (UsageLimit("seven_day_opus", 0.8, 10080, 0, "Opus", 1),)


def test_claude_with_a_process_for_each_turn_reports_its_limits_too() -> None:
    rules = StructuredRules(OneShotDialect, Start(directory="/home/user/project"), "s")
    rules.begin(1)
    transcript = Transcript()
    ready = {"type": "ready", "format": "claude"}
    for message in (ready, *({"type": "line", "data": each} for each in of_claude("2.1.329")[:3])):
        for change in rules.receive_lines([AgentLine(json.dumps(message).encode())], 1).changes:
            transcript.apply(change, 1)
    assert shares(transcript) == {"five_hour": 0.93, "seven_day": 0.3}
    assert notices(transcript) == ["The usage limit is nearly reached until 2026-11-23 10:03 UTC (five hour)."]


def test_codex_reports_windows_of_each_pool_and_an_update_without_them_changes_nothing() -> None:
    chat = CodexChat(reloads=True)
    chat.open()
    tokens = {"last": {"totalTokens": 15}, "total": {"totalTokens": 90}, "modelContextWindow": 1000}
    found = []
    for message in CODEX[2:]:
        chat.hear(message)
        chat.notify("thread/tokenUsage/updated", tokenUsage=tokens)
        if message["method"] == "account/rateLimits/updated":
            found.append(tuple(shares(chat.transcript).values()))
    assert found == [(0.63, 0.2), (0.81, 0.2), (0.81, 0.2, 0.4), (1.0, 0.2, 0.4), (1.0, 0.2, 0.4)]
    usage = chat.transcript.status.usage
    assert usage is not None
    assert (usage.used, usage.window, usage.total) == (15, 1000, 90)
    assert usage.limits == (
        UsageLimit("codex/primary", 1.0, 300, 1795428188000, "", 1),
        UsageLimit("codex/secondary", 0.2, 10080, 1795719188000, "", 1),
        UsageLimit("codex_other/primary", 0.4, 60, 1795419788000, "Other Model", 1),
    )
    assert "try again at 10:03 AM" in notices(chat.transcript)[-1]
    assert stopped(chat.transcript) == ("limit", "2026-11-23T10:03:08.000Z")
    assert [each for each in chat.transcript if each.kind == "raw"] == []


def test_codex_is_asked_for_the_limits_of_a_subscription_when_a_chat_opens() -> None:
    chat = CodexChat()
    chat.reply({})
    chat.reply({"thread": {"id": "t"}})
    chat.reply(CODEX[0]["result"])
    assert chat.last_request()["method"] == "account/rateLimits/read"
    chat.reply(CODEX[1]["result"])
    assert shares(chat.transcript) == {"codex/primary": 0.42, "codex/secondary": 0.77, "codex_other/primary": 0.05}


@pytest.mark.parametrize("account", [None, {"type": "apiKey"}])
def test_codex_without_a_subscription_is_not_asked(account: object) -> None:
    chat = CodexChat()
    chat.reply({})
    chat.reply({"thread": {"id": "t"}})
    chat.reply({"account": account, "requiresOpenaiAuth": False})
    assert chat.last_request()["method"] == "account/read"


def test_wrong_values_are_no_limits() -> None:
    assert [share({"a": each}, "a") for each in ("1", None, True, -1, 10**30)] == [None, None, None, 0.0, None]
    assert [reset_ms({"a": each}, "a") for each in (0, -5, 10**12, 7, 1_795_000_000)] == [0, 0, 0, 0, 1_795_000_000_000]
    many = [UsageLimit(str(number), 0.5) for number in range(2 * KEPT)]
    assert merged((), many) == tuple(many[-KEPT:])
