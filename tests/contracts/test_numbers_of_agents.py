"""A number that cannot be true loses itself, and nothing else of its line: each numeric field of each decoder.

The fields are found in the source (``read``): a new one fails until a conversation below has it.
"""

from __future__ import annotations

import ast
import math
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from session_host.agents.conversations.base import ConversationQuery
from session_host.agents.conversations.counting.counting import count
from session_host.agents.conversations.stores import record_path, turns_in
from session_host.endpoint.server.client import TextPiece, Tokens
from session_host.protocol.messages import ChatInput, Prompt
from session_host.structured.dialects.acp.dialect import AcpDialect
from session_host.structured.dialects.base import Dialect, DialectPort, Start
from session_host.structured.dialects.claude.dialect import ClaudeDialect
from session_host.structured.dialects.codex.dialect import CodexDialect
from session_host.structured.dialects.one_shot import OneShotDialect
from session_host.structured.items import AnyChange, RequestOpened
from session_host.structured.lines import AgentLine
from session_host.structured.log import Cause, encode_record
from session_host.structured.rules import Step, StructuredRules
from session_host.structured.transcript import Transcript
from session_host.structured.turns import facts_of
from tests.unit.agents.conversations.test_counting import put
from tests.unit.agents.conversations.test_turns import RECORDINGS
from tests.unit.endpoint.test_client import events, serving

SOURCE: Final = Path(__file__).parents[2] / "session_host"

VALUES: Final = {
    "-1": "-1",
    "-2^63": str(-(2**63)),
    "2^53+1": str(2**53 + 1),
    "2^63-1": str(2**63 - 1),
    "2^63": str(2**63),
    "2^64": str(2**64),
    "400 digits": "9" * 400,
    "0.1": "0.1",
    "1e308": "1e308",
    "-1e308": "-1e308",
    "1e999": "1e999",
    "NaN": "NaN",
    "text": '"12"',
    "true": "true",
    "null": "null",
}

# ---------------------------------------------------------------- what is read as a number

_READERS: Final = frozenset(
    "integer natural tokens money time_ms reset_ms share number exit_code counted_tokens int float".split()  # noqa: SIM905
)
_OTHERS: Final = frozenset({"text", "mapping", "array"})
_PLACES: Final = (
    "structured/dialects",
    "agents/conversations",
    "agents/status.py",
    "host/watchers",
    "hook",
    "one_shot",
    "endpoint/server/client.py",
)
_HELPERS: Final = frozenset({"structured/dialects/reading.py"})
_NO_FIELDS: Final = {
    "agents/conversations/codex.py: int(words[4])": "/proc/net/unix",
    "agents/conversations/copilot.py: int(match[1])": "a file's name, of at most 10 digits",
    "agents/conversations/counting/gemini.py: int(code[1])": "at most 9 digits",
    "agents/conversations/opencode.py: int(since_s * 1000)": "a time of ours",
    "agents/conversations/records.py: int(started)": "at most 20 digits",
    "endpoint/server/client.py: tokens(model.get(field))": "of a list of models, by several names",
    "agents/conversations/turns.py: time_ms(at_s, 1000)": "a text",
    "agents/conversations/opencode.py: time_ms(created_ms)": "a column: ``test_a_time_of_a_column``",
    "agents/conversations/counting/base.py: tokens(said)": "a helper",
    "host/watchers/background.py: int(time.clock_gettime(time.CLOCK_BOOTTIME) * _TICKS_A_SECOND)": "a clock",
    "host/watchers/state_file.py: int(stem)": "a file's name, of digits",
    "host/watchers/suspension.py: int(proc.status_field(process.pid, 'SigCgt') or '0', 16)": "/proc",
    "structured/dialects/claude/saved.py: time_ms(datetime.fromisoformat(timestamp).timestamp(), 1000)": "a text",
    "structured/dialects/claude/tools.py: int(found[1])": "at most 9 digits",
    "structured/dialects/forms.py: int(value)": "the user's own",
    "structured/dialects/forms.py: float(value)": "the user's own",
    "structured/dialects/one_shot.py: money(state.cost)": "our own sum",
    "structured/dialects/limits.py: time_ms(value, *path, unit_ms=_SECOND_MS)": "a helper",
    "structured/dialects/limits.py: number(value, *path)": "a helper",
    "structured/dialects/codex/dialect.py: integer(number, default=-1)": "an id, by which it is answered",
}
"""Calls that read no field of an agent's message, and why."""
_NO_NUMBERS: Final = {
    **{
        ("structured/dialects/acp/items.py", name): "a text"
        for name in ("diff", "metadata", "newText", "oldText", "terminal")
    },
    **{("structured/dialects/codex/turns.py", name): "a word" for name in ("interrupted", "running", "total")},
    ("structured/dialects/acp/dialect.py", "cost"): "has the amount",
    ("structured/dialects/acp/dialect.py", "protocolVersion"): "another one is another protocol",
}
"""Words in functions that read numbers, and what they are."""
_OWN_FIELDS: Final = {
    ("agents/conversations/own_files.py", "keep"): "our own record",
    ("agents/conversations/records.py", "pid"): "names the process: without it there is nothing to tell",
    ("host/watchers/state_file.py", "pid"): "as above",
    ("host/watchers/state_file.py", "proc_start"): "as above",
}
"""Fields whose type is a number."""


def _sources() -> Iterator[tuple[str, ast.Module]]:
    for place in _PLACES:
        path = SOURCE / place
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            name = str(file.relative_to(SOURCE))
            if name not in _HELPERS:
                yield name, ast.parse(file.read_text(encoding="utf-8"))


def _name(call: ast.Call) -> str:
    function = call.func
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def _words(node: ast.AST) -> set[str]:
    """The names of fields among the constants of a part of the source."""
    constants = {each.value for each in ast.walk(node) if isinstance(each, ast.Constant)}
    return {each for each in constants if isinstance(each, str) and re.fullmatch(r"[A-Za-z_]{3,}", each)}


def _fields_of(call: ast.Call, function: ast.AST, module: ast.Module) -> set[str]:
    """The fields that a call may read: the constant it names, else all that its function names and no other reads."""
    if fixed := [each.value for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]:
        return {fixed[-1]}
    if isinstance(call.args[0], ast.Call) and (words := _words(call.args[0])):
        return words  # As ``tokens(usage.get("prompt_tokens"))``.
    if len(call.args) < 2 or all(isinstance(each, ast.Constant) for each in call.args[1:]):
        return set()
    found = _words(function)
    used = {each.id for each in ast.walk(function) if isinstance(each, ast.Name)}
    for each in module.body:
        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name) and each.target.id in used:
            found |= _words(each.value) if each.value is not None and not isinstance(each.value, ast.Dict) else set()
    others = [each for each in ast.walk(function) if isinstance(each, ast.Call) and _name(each) in _OTHERS | {"get"}]
    return found - {word for each in others for word in _words(each)}


@cache
def read() -> tuple[frozenset[tuple[str, str]], frozenset[str], frozenset[tuple[str, str]]]:
    """Fields that are read as numbers, with their files; calls that name none; fields with the type of a number."""
    fields, calls, typed = set(), set(), set()
    for name, module in _sources():
        functions = [each for each in ast.walk(module) if isinstance(each, ast.FunctionDef)]
        inside = {id(each): function for function in functions for each in ast.walk(function)}
        said = set()
        for each in (each for each in ast.walk(module) if isinstance(each, ast.ClassDef)):
            is_record = any("Struct" in ast.unparse(base) for base in each.bases)
            for part in (part for part in each.body if is_record and isinstance(part, ast.AnnAssign)):
                annotation, target = ast.unparse(part.annotation), ast.unparse(part.target)
                if annotation == "Said":
                    said.add(target)
                elif re.search(r"\b(int|float)\b", annotation) and not name.startswith("structured/"):
                    typed.add((name, target))
        fields |= {(name, each) for each in said}
        for call in (each for each in ast.walk(module) if isinstance(each, ast.Call) and _name(each) in _READERS):
            attributes = {each.attr for each in ast.walk(call) if isinstance(each, ast.Attribute)}
            found = _fields_of(call, inside.get(id(call), module), module)
            fields |= {(name, each) for each in found}
            if not found and not attributes & said:
                calls.add(f"{name}: {ast.unparse(call)}")
    return frozenset(fields), frozenset(calls), frozenset(typed)


# ---------------------------------------------------------------- chat views

_NOW_MS: Final = 1_796_000_000_000
_SOON_MS: Final = _NOW_MS + 3_600_000
_USED: Final = (
    '{"input_tokens":<usage.input_tokens>,"cache_creation_input_tokens":<usage.cache_creation_input_tokens>,'
    '"cache_read_input_tokens":<usage.cache_read_input_tokens>,"output_tokens":<usage.output_tokens>}'
)
_ANSWER: Final = '{"type":"text","text":"Hello"}'
_INITIALIZED: Final = (
    '{"type":"control_response","response":{"subtype":"success","request_id":"outlive-1","response":{}}}'
)
_CALLS: Final = "".join(
    f',{{"type":"tool_use","id":"{call}","name":"{name}","input":{values}}}'
    for call, name, values in [
        ("c1", "Edit", '{"file_path":"/src/a","old_string":"x","new_string":"y"}'),
        ("c2", "CronCreate", "{}"),
        ("c3", "ScheduleWakeup", "{}"),
    ]
)


def _claude_result(call: str, detail: str) -> str:
    content = f'[{{"type":"tool_result","tool_use_id":"{call}","content":"ok"}}]'
    return f'{{"type":"user","message":{{"role":"user","content":{content}}},"tool_use_result":{detail}}}'


_CLAUDE: Final = [
    (
        '{"type":"system","subtype":"api_retry","error_status":<error_status>,"retry_delay_ms":<retry_delay_ms>,'
        '"attempt":<attempt>,"max_retries":<max_retries>}'
    ),
    '{"type":"system","subtype":"compact_boundary","compact_metadata":{"pre_tokens":<pre_tokens>}}',
    (
        '{"type":"rate_limit_event","rate_limit_info":{"status":"allowed_warning","rateLimitType":"five_hour",'
        '"resetsAt":<limit.resetsAt=1796003600>,"utilization":<limit.utilization=0.5>,"unifiedWindows":{'
        '"seven_day":{"utilization":<window.utilization=0.25>,"resetsAt":<window.resetsAt=1796003600>}}}}'
    ),
    f'{{"type":"stream_event","event":{{"type":"message_start","message":{{"id":"m1","usage":{_USED}}}}}}}',
    (
        '{"type":"stream_event","event":{"type":"content_block_start","index":<index=0>,'
        '"content_block":{"type":"text","text":""}}}'
    ),
    (
        '{"type":"stream_event","event":{"type":"content_block_delta","index":<index=0>,'
        '"delta":{"type":"text_delta","text":"Hel"}}}'
    ),
    '{"type":"stream_event","event":{"type":"content_block_stop","index":<index=0>}}',
    f'{{"type":"stream_event","event":{{"type":"message_delta","delta":{{}},"usage":{_USED}}}}}',
    f'{{"type":"assistant","message":{{"id":"m1","content":[{_ANSWER}{_CALLS}]}}}}',
    _claude_result(
        "c1",
        '{"type":"update","structuredPatch":[{"oldStart":<oldStart>,"oldLines":<oldLines>,"newStart":<newStart>,'
        '"newLines":<newLines>,"lines":["-x","+y"]}]}',
    ),
    _claude_result(
        "c2", f'{{"id":"j1","humanSchedule":"at 3 pm","recurring":false,"nextFireAt":<nextFireAt={_SOON_MS}>}}'
    ),
    _claude_result("c3", f'{{"scheduledFor":<scheduledFor={_SOON_MS}>}}'),
    (
        '{"type":"result","subtype":"success","result":"Hello","total_cost_usd":<total_cost_usd=0.5>,"modelUsage":{"m":{'
        '"inputTokens":<inputTokens=10>,"cacheCreationInputTokens":<cacheCreationInputTokens=20>,'
        '"cacheReadInputTokens":<cacheReadInputTokens=30>,"outputTokens":<outputTokens=40>,'
        f'"contextWindow":<contextWindow=1000>}}}},"usage":{_USED}}}'
    ),
]
_CLAUDE_LIMIT: Final = [
    (
        '{"type":"assistant","error":"rate_limit","message":{"content":[]},'
        '"api_error_params":{"rate_limit_info":{"resetsAt":<error.resetsAt=1796003600>}}}'
    ),
    '{"type":"result","subtype":"success","is_error":true,"result":"You\'ve hit your limit"}',
]


def _codex(method: str, fields: str) -> str:
    return f'{{"method":"{method}","params":{{"threadId":"t","turnId":"u1",{fields}}}}}'


_CODEX_TOKENS: Final = (
    '{{"totalTokens":<{of}.totalTokens=100>,"cachedInputTokens":<{of}.cachedInputTokens=30>,'
    '"outputTokens":<{of}.outputTokens=20>}}'
)
_COMMAND: Final = '"item":{"id":"i1","type":"commandExecution","command":"make","startedAtMs":<startedAtMs>'
_CODEX: Final = [
    _codex("item/started", '"item":{"id":"i0","type":"reasoning","summary":[],"content":[]}'),
    _codex("item/reasoning/summaryTextDelta", '"itemId":"i0","delta":"so","summaryIndex":<summaryIndex=0>'),
    _codex("item/reasoning/textDelta", '"itemId":"i0","delta":"so","contentIndex":<contentIndex=0>'),
    _codex("item/started", _COMMAND + ',"status":"inProgress"}'),
    _codex(
        "item/completed",
        _COMMAND + ',"status":"completed","exitCode":<exitCode=0>,"completedAtMs":<completedAtMs>}',
    ),
    _codex("item/completed", '"item":{"id":"i2","type":"sleep","durationMs":<durationMs>}'),
    _codex("item/completed", '"item":{"id":"i3","type":"agentMessage","text":"Hello"}'),
    _codex(
        "thread/tokenUsage/updated",
        f'"tokenUsage":{{"total":{_CODEX_TOKENS.format(of="total")},"last":{_CODEX_TOKENS.format(of="last")},'
        '"modelContextWindow":<modelContextWindow=1000>}',
    ),
    (
        '{"method":"account/rateLimits/updated","params":{"rateLimits":{"limitId":"codex","primary":{'
        '"usedPercent":<usedPercent=50>,"windowDurationMins":<windowDurationMins=300>,"resetsAt":<resetsAt=1796003600>}}}}'
    ),
    '{"method":"turn/completed","params":{"threadId":"t","turn":{"id":"u1","status":"completed"}}}',
]
_CODEX_EARLIER: Final = [
    (
        '{"id":<<id>>,"result":{"data":[{"id":"u0","status":"completed","startedAt":<startedAt=1795000000>,'
        '"completedAt":<completedAt=1795000010>,"items":[{"id":"i1","type":"agentMessage","text":"Hello",'
        '"startedAtMs":<earlier.startedAtMs=1795000000000>,"completedAtMs":<earlier.completedAtMs=1795000005000>}]}],'
        '"nextCursor":null}}'
    ),
]
_CODEX_REFUSED: Final = ['{"id":<<id>>,"error":{"code":<code=-32600>,"message":"no"}}']


def _acp(kind: str, fields: str) -> str:
    update = f'{{"sessionUpdate":"{kind}",{fields}}}'
    return f'{{"jsonrpc":"2.0","method":"session/update","params":{{"sessionId":"s","update":{update}}}}}'


def _acp_asks(number: int, method: str, fields: str) -> str:
    return f'{{"jsonrpc":"2.0","id":{number},"method":"{method}","params":{{"sessionId":"s",{fields}}}}}'


_ACP_TOKENS: Final = (
    '"usage":{{"totalTokens":<{of}.totalTokens=100>,"cachedReadTokens":<{of}.cachedReadTokens=30>,'
    '"outputTokens":<{of}.outputTokens=20>}}'
)
_FORM: Final = '{"type":"object","properties":{"n":{"type":"integer","minimum":<minimum=0>,"maximum":<maximum=9>}}}'
_ACP: Final = [
    _acp(
        "agent_message_chunk",
        f'"content":{{"type":"text","text":"Hello"}},"_meta":{{{_ACP_TOKENS.format(of="request")}}}',
    ),
    _acp("usage_update", '"used":<used=10>,"size":<size=100>,"cost":{"amount":<amount=0.5>,"currency":"USD"}'),
    *(
        _acp("tool_call", f'"toolCallId":"c{place}","title":"make","kind":"execute","status":"completed",{output}')
        for place, output in [
            ("1", '"rawOutput":{"exitCode":<exitCode=0>}'),
            ("2", '"rawOutput":{"exit_code":<exit_code=0>}'),
            ("3", '"rawOutput":{"metadata":{"exit":<metadata.exit=0>}}'),
        ]
    ),
    _acp_asks(7, "fs/read_text_file", '"path":"/src/a","line":<line=2>,"limit":<limit=3>'),
    _acp_asks(8, "terminal/create", '"command":"make","outputByteLimit":<outputByteLimit=100>'),
    _acp_asks(9, "elicitation/create", f'"mode":"form","message":"How many?","requestedSchema":{_FORM}'),
    f'{{"jsonrpc":"2.0","id":<<id>>,"result":{{"stopReason":"end_turn",{_ACP_TOKENS.format(of="turn")}}}}}',
]
_ACP_QUOTA: Final = [
    (
        '{"jsonrpc":"2.0","id":<<id>>,"result":{"stopReason":"end_turn","_meta":{"quota":{"token_count":{'
        '"input_tokens":<input_tokens=10>,"output_tokens":<output_tokens=20>}}}}}'
    )
]
_ACP_REFUSED: Final = ['{"jsonrpc":"2.0","id":<<id>>,"error":{"code":<code=-32603>,"message":"no"}}']


def _process(*lines: str, end: str = "") -> list[str]:
    return [
        '{"type":"started","id":"<<prompt>>"}',
        *(f'{{"type":"line","data":{line}}}' for line in lines),
        end or '{"type":"ended","id":"<<prompt>>","code":0,"signal":0,"stderr":""}',
    ]


_ONE_CODEX: Final = _process(
    '{"type":"item.completed","item":{"id":"i1","type":"command_execution","command":"make","status":"completed",'
    '"exit_code":<exit_code=0>}}',
    '{"type":"item.completed","item":{"id":"i2","type":"agent_message","text":"Hello"}}',
    '{"type":"turn.completed","usage":{"input_tokens":<input_tokens=100>,"cached_input_tokens":<cached_input_tokens=30>,'
    '"output_tokens":<output_tokens=20>}}',
)
_ONE_OPENCODE: Final = _process(
    '{"type":"text","part":{"id":"p1","text":"Hello"}}',
    '{"type":"tool_use","part":{"callID":"c1","tool":"bash","state":{"status":"completed","input":{"command":"make"},'
    '"metadata":{"exit":<exit=0>}}}}',
    '{"type":"step_finish","part":{"cost":<cost=0.5>,"tokens":{"input":<input=100>,"output":<output=20>,'
    '"reasoning":<reasoning=5>,"cache":{"read":<read=30>,"write":<write=40>}}}}',
)
_ONE_FAILED: Final = _process(
    end='{"type":"ended","id":"<<prompt>>","code":<code=3>,"signal":<signal=9>,"stderr":"no"}'
)

_FRESH: Final = Start(directory="/src")
_RESUMED: Final = Start(directory="/src", conversation="t", resumes=True, has_history=False)
_OPEN_CODEX: Final = (
    '{"id":<<id>>,"result":{"userAgent":"x"}}',
    '{"id":<<id>>,"result":{"thread":{"id":"t","name":null},"model":"m","approvalPolicy":"on-request"}}',
    '{"id":<<id>>,"result":{"account":null,"requiresOpenaiAuth":false}}',
)
_OPEN_ACP: Final = (
    '{"jsonrpc":"2.0","id":<<id>>,"result":{"protocolVersion":1,"agentInfo":{"name":"Agent"}}}',
    '{"jsonrpc":"2.0","id":<<id>>,"result":{"sessionId":"s"}}',
)
_TURN: Final = '{"id":<<id>>,"result":{"turn":{"id":"u1","status":"inProgress"}}}'
_GO: Final = Prompt("go")

CHATS: Final[dict[str, tuple[Callable[[DialectPort], Dialect], Start, list[str | ChatInput]]]] = {
    "claude": (ClaudeDialect, _FRESH, [_INITIALIZED, _GO, *_CLAUDE]),
    "claude, limit": (ClaudeDialect, _FRESH, [_INITIALIZED, _GO, *_CLAUDE_LIMIT]),
    "codex": (CodexDialect, _FRESH, [*_OPEN_CODEX, _GO, _TURN, *_CODEX]),
    "codex, earlier": (CodexDialect, _RESUMED, [*_OPEN_CODEX[:2], *_CODEX_EARLIER]),
    "codex, refused": (CodexDialect, _FRESH, [*_OPEN_CODEX, _GO, *_CODEX_REFUSED]),
    "acp": (AcpDialect, _FRESH, [*_OPEN_ACP, _GO, *_ACP]),
    "acp, quota": (AcpDialect, _FRESH, [*_OPEN_ACP, _GO, *_ACP_QUOTA]),
    "acp, refused": (AcpDialect, _FRESH, [*_OPEN_ACP, _GO, *_ACP_REFUSED]),
    "one shot, codex": (OneShotDialect, _FRESH, ['{"type":"ready","format":"codex"}', _GO, *_ONE_CODEX]),
    "one shot, opencode": (OneShotDialect, _FRESH, ['{"type":"ready","format":"opencode"}', _GO, *_ONE_OPENCODE]),
    "one shot, failed": (OneShotDialect, _FRESH, ['{"type":"ready","format":"text"}', _GO, *_ONE_FAILED]),
}
"""What an agent says and a user does: ``<field=usual>`` is a number, ``<<id>>`` that of our last request."""

_PLACEHOLDER: Final = re.compile(r"(?<!<)<([\w.]+)(?:=([^>]*))?>(?!>)")
_NUMBER: Final = re.compile(r"-?\d[\d.,]*(?:e[-+]?\d+)?")


class Chat:
    """Rules with a dialect, and all that they say."""

    def __init__(self, dialect: Callable[[DialectPort], Dialect], start: Start) -> None:
        self.rules = StructuredRules(dialect, start, "s")
        self.transcript = Transcript()
        self.changes: list[AnyChange] = []
        self.sent: list[dict[str, Any]] = []
        self.operations: list[object] = []
        self.failure = ""
        self._take(self.rules.begin(_NOW_MS))

    def hear(self, line: str) -> None:
        asked = [each["id"] for each in self.sent if "id" in each and ("method" in each or "prompt" in each)]
        line = line.replace("<<id>>", str(asked[-1] if asked else 0)).replace(
            "<<prompt>>", str(asked[-1] if asked else "")
        )
        self._take(self.rules.receive_lines([AgentLine(line.encode())], _NOW_MS))

    def do(self, chat_input: ChatInput) -> None:
        self._take(self.rules.receive_input(chat_input, _NOW_MS, by="window"))

    def _take(self, step: Step) -> None:
        for change in step.changes:
            self.transcript.apply(change, _NOW_MS)
        self.changes += step.changes
        self.operations += step.operations
        self.failure = self.failure or step.failure
        self.sent += [msgspec.json.decode(line) for line in step.lines.splitlines()]
        encode_record(Cause.LINES, step.changes, at_ms=_NOW_MS, raw_end=0)
        msgspec.msgpack.encode(self.rules.save()[0])


def _without_numbers(value: Any) -> Any:
    if isinstance(value, str):
        return _NUMBER.sub("#", value)
    if isinstance(value, dict):
        return {key: _without_numbers(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_numbers(each) for each in value]
    return value


def _facts(chat: Chat) -> dict[str, Any]:
    """All that a chat shows and says, by names."""
    items = [msgspec.to_builtins(dict(msgspec.structs.asdict(each))) for each in chat.transcript]
    codes, times = (
        [each.pop("exit_code") for each in items],
        [(each.pop("at_ms"), each.pop("ended_ms")) for each in items],
    )
    status, usage = chat.transcript.status, chat.transcript.status.usage
    facts = facts_of(status.last_turn) if status.last_turn is not None else None
    work = msgspec.structs.asdict(facts.work) if facts is not None and facts.work is not None else {}
    known = work.pop("known", "")
    own = ("read", "cached", "written", "total", "used", "window")
    requests = [each.request for each in chat.changes if isinstance(each, RequestOpened)]
    questions = [question for each in requests for question in each.questions]
    return {
        "items": [_without_numbers(each) for each in items if each["kind"] != "notice"],
        "notices": [_without_numbers(each["text"]) for each in items if each["kind"] == "notice"],
        "exit codes": codes,
        "times": times,
        "state": (status.state, status.detail),
        "outcome": (facts.outcome, _without_numbers(facts.error)) if facts is not None else None,
        "turn resets": facts.resets_at if facts is not None else "",
        "ends": [(end.turn, end.outcome) for end in chat.transcript.ends.values()],
        "end times": [end.at_ms for end in chat.transcript.ends.values()],
        "known": known,
        "turn": {name: work[name] for name in work if name not in {*own, "cost", "currency", "failed"}},
        "failed": work.get("failed"),
        "sent": _without_numbers(chat.sent),
        "operations": _without_numbers([msgspec.to_builtins(each) for each in chat.operations]),
        "operations' numbers": [msgspec.to_builtins(each) for each in chat.operations],
        "questions": [
            *((each.title, each.subject) for each in requests),
            *((each.id, each.text) for each in questions),
        ],
        "takes": [msgspec.structs.astuple(each.takes) for each in questions],
        "cost": (usage.cost, usage.currency, work.get("cost"), work.get("currency")) if usage else None,
        "limits": {each.id: each.name for each in usage.limits} if usage else {},
        "shares": {each.id: each.used for each in usage.limits} if usage else {},
        "windows": {each.id: each.window_min for each in usage.limits} if usage else {},
        "resets": {each.id: each.resets_ms for each in usage.limits} if usage else {},
        "failure": chat.failure,
        **{name: (getattr(usage, name, 0), work.get(name)) for name in own},
    }


def _filled(line: str, field: str, raw: str) -> str:
    return _PLACEHOLDER.sub(lambda found: raw if found[1] == field else found[2] or "1", line)


def _run(name: str, field: str, raw: str) -> dict[str, Any]:
    dialect, start, lines = CHATS[name]
    chat = Chat(dialect, start)
    for line in lines:
        if isinstance(line, str):
            chat.hear(_filled(line, field, raw))
        else:
            chat.do(line)
    assert not [each for each in chat.transcript if each.kind == "raw"]
    return _facts(chat)


_MORE: Final = frozenset({"total", "known", "used"})
MAY_CHANGE: Final[dict[str, frozenset[str]]] = {
    # Claude
    **{
        f"usage.{name}": frozenset({"used"})
        for name in ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens")
    },
    "error_status": frozenset({"notices"}),
    "limit.resetsAt": frozenset({"notices", "resets"}),
    "limit.utilization": frozenset({"shares", "windows", "resets", "limits"}),
    "window.utilization": frozenset({"shares", "windows", "resets", "limits"}),
    "window.resetsAt": frozenset({"resets"}),
    "error.resetsAt": frozenset({"turn resets"}),
    "nextFireAt": frozenset({"state"}),
    "scheduledFor": frozenset({"state"}),
    "inputTokens": _MORE | {"read"},
    "cacheCreationInputTokens": _MORE | {"read"},
    "cacheReadInputTokens": _MORE | {"cached"},
    "total_cost_usd": frozenset({"cost"}),
    "outputTokens": _MORE | {"written"},
    "contextWindow": frozenset({"window"}),
    # Codex
    "startedAtMs": frozenset({"times"}),
    "completedAtMs": frozenset({"times"}),
    "earlier.startedAtMs": frozenset({"times"}),
    "earlier.completedAtMs": frozenset({"times"}),
    "startedAt": frozenset({"times"}),
    "completedAt": frozenset({"end times", "ends"}),
    "exitCode": frozenset({"exit codes", "failed"}),
    "summaryIndex": frozenset({"items"}),
    "contentIndex": frozenset({"items"}),
    **{  # What was read follows from all three.
        f"total.{name}": _MORE | {"read", "cached", "written"}
        for name in ("totalTokens", "cachedInputTokens", "outputTokens")
    },
    "last.totalTokens": frozenset({"used"}),
    "modelContextWindow": frozenset({"window"}),
    "usedPercent": frozenset({"shares", "windows", "resets", "limits"}),
    "windowDurationMins": frozenset({"windows"}),
    "resetsAt": frozenset({"resets"}),
    # ACP
    "used": frozenset({"used"}),
    "size": frozenset({"window"}),
    "amount": frozenset({"cost"}),
    "exit_code": frozenset({"exit codes", "failed"}),
    "metadata.exit": frozenset({"exit codes", "failed"}),
    "line": frozenset({"operations", "operations' numbers"}),
    "limit": frozenset({"operations", "operations' numbers"}),
    "outputByteLimit": frozenset({"operations", "operations' numbers"}),
    "minimum": frozenset({"takes"}),
    "maximum": frozenset({"takes"}),
    "input_tokens": _MORE | {"read"},
    "output_tokens": _MORE | {"written"},
    **{
        f"{of}.{name}": _MORE | {"read", "cached", "written"}
        for of in ("request", "turn")
        for name in ("totalTokens", "cachedReadTokens", "outputTokens")
    },
    # A process for each turn
    "cached_input_tokens": _MORE | {"read", "cached"},
    "exit": frozenset({"exit codes", "failed"}),
    "cost": frozenset({"cost"}),
    "input": _MORE | {"read"},
    "output": _MORE | {"written"},
    "reasoning": _MORE | {"written"},
    "read": _MORE | {"read", "cached"},
    "write": _MORE | {"read"},
    "code": frozenset({"notices", "outcome"}),
    "signal": frozenset({"notices", "outcome"}),
}
"""The facts that a field is; all others of the conversation stay as they are."""


def _rows() -> list[tuple[str, str]]:
    return [
        (name, field)
        for name, (_, _, lines) in CHATS.items()
        for field in dict.fromkeys(
            found[1] for line in lines if isinstance(line, str) for found in _PLACEHOLDER.finditer(line)
        )
    ]


def _numbers(value: object) -> Iterator[float]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for each in value:
            yield from _numbers(each)
    elif isinstance(value, int | float):
        yield value


@pytest.mark.parametrize(("name", "field"), _rows())
def test_a_bad_number_loses_itself_in_a_chat_view(name: str, field: str) -> None:
    expected = _run(name, field, "1")
    for shown, raw in VALUES.items():
        found = _run(name, field, raw)
        changed = {each for each in found if found[each] != expected[each]}
        assert changed <= MAY_CHANGE.get(field, frozenset()), shown
        assert all(math.isfinite(each) and abs(each) <= 2**63 for each in _numbers(found)), shown
        assert all(each >= 0 for fact in _COUNTS for each in _numbers(found[fact])), shown


_COUNTS: Final = ("read", "cached", "written", "total", "cost", "used", "window", "times", "end times", "resets")


# ---------------------------------------------------------------- records of terminals

_LIMIT: Final = (
    '{"type":"user","message":{"content":"now"},"timestamp":"2026-11-20T12:00:01Z","uuid":"l1","cwd":"/src"}\n'
    '{"type":"assistant","message":{"content":[{"type":"text","text":"Enough."}]},"timestamp":"2026-11-20T12:00:02Z",'
    '"uuid":"l2","parentUuid":"l1","cwd":"/src","isApiErrorMessage":true,"error":"rate_limit",'
    '"apiErrorParams":{"rate_limit_info":{"status":"rejected","resetsAt":1796057939}}}\n'
)
_CALL: Final = frozenset({"commands", "failed", "others", "known"})
RECORDS: Final[dict[tuple[str, str], dict[str, frozenset[str]]]] = {
    ("claude", "claude"): {
        "input_tokens": frozenset({"read", "known"}),
        "cache_creation_input_tokens": frozenset({"read", "known"}),
        "cache_read_input_tokens": frozenset({"cached", "known"}),
        "output_tokens": frozenset({"written", "known"}),
    },
    ("claude", ""): {"resetsAt": frozenset({"resets at"})},
    ("codex", "codex-work"): {
        "input_tokens": frozenset({"read", "known"}),
        "cached_input_tokens": frozenset({"read", "cached", "known"}),
        "output_tokens": frozenset({"written", "known"}),
    },
    ("copilot", "copilot-work"): {
        "inputTokens": frozenset({"read", "known"}),
        "cacheReadTokens": frozenset({"read", "cached", "known"}),
        "outputTokens": frozenset({"written", "known"}),
        "exitCode": frozenset({"failed"}),
    },
    ("gemini", "gemini-work"): {
        "input": frozenset({"read", "known"}),
        "cached": frozenset({"read", "cached", "known"}),
        "output": frozenset({"written", "known"}),
        "thoughts": frozenset({"written", "known"}),
    },
    ("opencode", "opencode-work"): {
        "input": frozenset({"read", "known"}),
        "read": frozenset({"cached", "known"}),
        "write": frozenset({"read", "known"}),
        "output": frozenset({"written", "known"}),
        "reasoning": frozenset({"written", "known"}),
        "cost": frozenset({"cost", "currency"}),
        "exit": frozenset({"failed"}),
    },
    ("qwen", "qwen-work"): {
        "promptTokenCount": frozenset({"read", "written", "known"}),
        "cachedContentTokenCount": frozenset({"read", "cached", "known"}),
        "candidatesTokenCount": frozenset({"written", "known"}),
        "totalTokenCount": frozenset({"written", "known"}),
        "exitCode": frozenset({"failed", "commands"}),
    },
}
"""The numbers of each agent's record, by the store and the recording, and the facts that they are."""
_NOT_IN_SQLITE: Final = "NaN"
"""SQLite reads no JSON with it, and the agent cannot write it: JavaScript writes null."""


def _turns(store: str, query: ConversationQuery) -> list[dict[str, Any]]:
    """What is known of each turn of a record."""
    found = []
    turns = list(turns_in(store, query))[::-1]
    for number, turn in enumerate(turns, 1):
        starts = {each: before.at_s + 0.2 for each, before in enumerate(turns[:number], 1)}
        ended_s = turns[number].at_s - 1.5 if number < len(turns) else turn.at_s + 10
        seen = count(store, query, starts, number, ended_s)
        assert seen is not None
        work = msgspec.structs.asdict(seen.work) if seen.work is not None else {"work": None}
        rest = {"whole": seen.is_whole, "limit": seen.is_limit, "said": seen.said, "error": seen.error}
        found.append({"turn": (turn.prompt, turn.answer, turn.at_s), **rest, "resets at": seen.resets_at, **work})
    return found


def _write(path: Path, lines: str, field: str, raw: str) -> None:
    """Write a record in which each number of a field is another one."""
    number = re.compile(rf'("{field}": ?)-?\d+(?:\.\d+)?(?=[,}}])')
    text, count_ = number.subn(lambda found: found[1] + raw, lines)
    assert count_, "the recording has no such field"
    if path.suffix == ".db":
        path.unlink()
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(f"PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF; {text}")
    else:
        path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("store", "recording", "field"), [(*key, field) for key, fields in RECORDS.items() for field in fields]
)
def test_a_bad_number_loses_itself_in_a_record(store: str, recording: str, field: str, tmp_path: Path) -> None:
    query = put(store, tmp_path, recording)
    path = record_path(store, query)
    assert path is not None
    source = RECORDINGS / f"{recording}{'.sql' if store == 'opencode' else '.jsonl'}"
    lines = source.read_text(encoding="utf-8") if recording else _LIMIT
    _write(path, lines, field, "1")
    expected = _turns(store, query)
    assert expected
    for shown, raw in VALUES.items():
        if store == "opencode" and raw == _NOT_IN_SQLITE:
            continue
        _write(path, lines, field, raw)
        found = _turns(store, query)
        assert len(found) == len(expected), shown
        for before, after in zip(expected, found, strict=True):
            changed = {name for name in before if before[name] != after.get(name)}
            assert changed <= RECORDS[store, recording][field], shown
            assert all(math.isfinite(each) and 0 <= each < 2**63 for each in _numbers(after)), shown


def test_a_time_of_a_column(tmp_path: Path) -> None:
    """A column of SQLite holds at most 64 bits."""
    query = put("opencode", tmp_path, "opencode-work")
    path = record_path("opencode", query)
    assert path is not None
    expected = [(turn.prompt, turn.answer) for turn in turns_in("opencode", query)]
    with closing(sqlite3.connect(path)) as connection:
        for value in (-1, -(2**63), 2**63 - 1, 0.1, 1e308, math.inf, "12"):
            connection.execute("UPDATE message SET time_created = ?", (value,))
            connection.commit()
            turns = list(turns_in("opencode", query))
            assert [(turn.prompt, turn.answer) for turn in turns] == expected, value
            assert {turn.at_s for turn in turns} == {0.0}, value


# ---------------------------------------------------------------- model servers

_CHUNK: Final = 'data: {"id":"1","choices":[{"index":0,"delta":{"content":"Hello"},"finish_reason":"stop"}]}\n\n'
SERVERS: Final = {
    "chat-completions": (
        _CHUNK + 'data: {"id":"1","choices":[],"usage":{"prompt_tokens":<prompt_tokens>,'
        '"completion_tokens":<completion_tokens>}}\n\ndata: [DONE]\n\n'
    ),
    "responses": (
        'data: {"type":"response.output_text.delta","delta":"Hello"}\n\n'
        'data: {"type":"response.completed","response":{"usage":{"input_tokens":<input_tokens>,'
        '"output_tokens":<output_tokens>}}}\n\n'
    ),
}


@pytest.mark.parametrize(
    ("api", "field"), [(api, found[1]) for api, text in SERVERS.items() for found in _PLACEHOLDER.finditer(text)]
)
async def test_a_bad_number_of_a_model_server_loses_itself(api: str, field: str) -> None:
    bodies = [_filled(SERVERS[api], field, raw) for raw in VALUES.values()]
    with serving(*((200, {}, body.encode()) for body in bodies)) as server:
        for shown in VALUES:
            found = await events(server.url, api=api)
            (used,) = [each for each in found if isinstance(each, Tokens)]
            assert found[0] == TextPiece("Hello"), shown
            assert sorted(used, key=bool) == [None, 1], shown


# ---------------------------------------------------------------- the table

_FILES: Final = {
    "claude": ("claude/notices.py", "claude/reader.py", "claude/background.py", "claude/tools.py", "limits.py"),
    "codex": ("codex/items.py", "codex/turns.py", "codex/dialect.py", "limits.py"),
    "acp": ("acp/dialect.py", "acp/items.py", "acp/client_methods.py", "forms.py"),
    "one shot": ("one_shot.py",),
}
_SNAKE: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SHORTENED: Final = {"minimum": "min", "maximum": "max"}


def _covered() -> Iterator[tuple[str, str]]:
    """The fields that a test above has, with their files."""
    for name, field in _rows():
        own = field.rpartition(".")[2]
        for file in _FILES[name.partition(",")[0]]:
            yield f"structured/dialects/{file}", _SHORTENED.get(own, own)
    for (store, _), fields in RECORDS.items():
        for field in fields:
            yield f"agents/conversations/counting/{store}.py", _SNAKE.sub("_", field).lower()
    for text in SERVERS.values():
        yield from (("endpoint/server/client.py", found[1]) for found in _PLACEHOLDER.finditer(text))


def test_each_number_that_is_read_is_tried() -> None:
    fields, calls, typed = read()
    assert fields - set(_NO_NUMBERS) - set(_covered()) == set(), "a line above must have it"
    assert calls - set(_NO_FIELDS) == set(), "a number that nothing here names"
    assert typed == set(_OWN_FIELDS), "a record's field with the type of a number refuses its line: its type is Said"
