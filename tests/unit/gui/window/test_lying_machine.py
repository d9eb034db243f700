"""A machine that tells the window values of the right types, of which nothing is right: the window takes no harm."""

from __future__ import annotations

import contextlib
import logging
import random
import sys
import typing
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from gui.window.actions.action_table import TABLE
from session_host.client import control
from session_host.client.machine import Machine
from session_host.client.sessions.store_calls import changes_since
from session_host.errors import OutliveError, ProtocolViolation
from session_host.machines import calls
from session_host.protocol.facts import ChatFacts, Entry, Origin, Outcome, Program
from session_host.protocol.messages import Done, Event, Request
from session_host.structured.items import AnyChange, Item, Put
from session_host.structured.transcript import Transcript
from tests.support.fuzzing import chance, fields_of, fitting, some, times
from tests.support.other_machine import Alpha
from tests.unit.gui.conftest import WAIT_S, WindowHarness
from tests.unit.gui.window.machines import chats_on

IDS = [f"chat-{number}" for number in range(6)]
TIMES = ("2026-01-02T03:04:05Z", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "", "\x1b[2J")
ACTIONS = (
    "explain",
    "show_changes",
    "continue",
    "fork",
    "send",
    "search",
    "switch_chat",
    "choose_model",
    "palette",
    "rename",
)


class Liar(Alpha):
    """The machine."""

    def __init__(self, choose: random.Random) -> None:
        self._choose = choose

    async def call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """See ``RemoteMachine``."""
        calls.encode_arguments(function, args, kwargs)
        kind = typing.get_type_hints(function)["return"]
        for _ in range(20):
            answer = fitting(self._choose, kind)
            if function is changes_since:
                answer = [answer[0], [self._record(each) for each in IDS], None]
            with contextlib.suppress(ProtocolViolation):
                return calls.decode_result(function, calls._encode(answer))
        raise OutliveError("no lie was found")

    def _record(self, session_id: str) -> list[Any]:
        choose, values = self._choose, fields_of(self._choose, ChatFacts)
        assert isinstance(values, list)
        for part, kind, chosen in (
            (
                0,
                Origin,
                {"id": session_id, "created_at": some(choose, TIMES), "resumed_from": some(choose, [None, *IDS])},
            ),
            (1, Entry, {"continued_by": some(choose, [None, None, *IDS])}),
            (3, Program, {"size": some(choose, [[0, 0], [80, 24], [65_535, 1]])}),
            (2, Outcome, {"state": some(choose, ["running", "exited", "lost"]), "ended_at": some(choose, TIMES)}),
        ):
            for field, value in chosen.items():
                values[part][kind.__struct_fields__.index(field)] = value
        return values


def _some_of(choose: random.Random, kind: Any) -> Any:
    """A valid message or change of one of these types."""
    while True:
        one = some(choose, typing.get_args(kind) or [kind])
        values = fields_of(choose, one)
        assert isinstance(values, list)
        with contextlib.suppress(msgspec.MsgspecError, UnicodeEncodeError):
            return msgspec.msgpack.decode(msgspec.msgpack.encode([one.__name__, *values]), type=kind)


def _transcript(choose: random.Random) -> Transcript:
    transcript = Transcript()
    for _ in range(8):
        transcript.apply(Put(msgspec.convert(fields_of(choose, Item), Item)), 1)
        transcript.apply(_some_of(choose, AnyChange), some(choose, [1, 2**64 - 1]))
    return transcript


@pytest.mark.parametrize("_run", range(times(3)))
async def test_whatever_another_machine_tells_the_window_has_no_unexpected_error(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, _run: int
) -> None:
    errors: list[BaseException] = []
    monkeypatch.setattr(sys, "excepthook", lambda _kind, error, _trace: errors.append(error))

    async def reply(_session_id: str, request: Request, _machine: Machine) -> Any:
        return _some_of(choose, control._REPLIES.get(type(request), Done))

    monkeypatch.setattr(control, "request", reply)
    sessions = harness.sessions
    with chance() as choose:
        choose.seed(choose.random() + _run)
        chats = sessions.machines.by_name["alpha"] = chats_on(sessions, Liar(choose))
        await chats.refresh_now()
        harness.open_window()
        await chats.find_agents()
        for session_id in IDS:
            chat = sessions.chats.get(f"alpha/{session_id}")
            if chat is None:
                continue
            harness.window.open_chat(chat)
            viewer: Any = chat.looks.first.viewer
            if viewer is not None:
                if chat.record.origin.runtime == "structured":
                    viewer.show_transcript(_transcript(choose))
                else:
                    viewer.go_live()
                for _ in range(10):
                    viewer.tell(_some_of(choose, Event))
            harness.settle()
            for action in TABLE:
                if action.name in ACTIONS and choose.random() < 0.5:
                    action.run(harness.window.commands)
                    harness.settle()
        await sessions.tasks.wait_for_others(WAIT_S)
        harness.settle()
        if errors:
            raise errors[0]
        assert not [each for each in caplog.records if each.levelno >= logging.ERROR]
