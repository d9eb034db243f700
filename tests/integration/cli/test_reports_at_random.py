"""Reports to an agent, while the hosts of both chats are killed at random moments."""

from __future__ import annotations

import asyncio
import random
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.area import Area
from tests.support.commands import outlive
from tests.support.fuzzing import times
from tests.support.hosts import kill_host
from tests.support.reporting import Parent, answer, id_of, send, start

pytestmark = pytest.mark.usefixtures("sessions")

TURNS_APART_S = 1.1
"""Prompts that are a second apart are told apart by their times in the agent's record."""


@pytest.mark.parametrize("runtime", ["terminal", "structured"])
def test_hosts_that_are_killed_lose_and_double_no_report(area: Area, agents: Path, project: Path, runtime: str) -> None:
    parent = Parent(area, runtime)
    assert start(parent, project).code == 0
    parent.wait_for(1)
    child = id_of("child")

    def kill_later(chat: str, after_s: float) -> None:
        time.sleep(after_s)
        asyncio.run(kill_host(chat))

    instants, rounds = [], times(10)
    for number in range(rounds):
        send("child", f"round {number}")
        assert outlive("wait", "child", "--turn", str(number + 2), "--timeout", "60").code == 0
        ended_s = time.monotonic()
        instants.append([random.uniform(0.0, 1.2) for _ in range(2)])
        with ThreadPoolExecutor(2) as threads:
            pairs = zip((child, parent.id), instants[-1], strict=True)
            for each in [threads.submit(kill_later, *pair) for pair in pairs]:
                each.result()
        time.sleep(max(0.0, ended_s + TURNS_APART_S - time.monotonic()))
    send("child", "the last one")

    expected = [answer(1, "you said: first")]
    expected += [answer(number + 2, f"you said: round {number}") for number in range(rounds)]
    expected += [answer(rounds + 2, "you said: the last one")]
    assert parent.wait_for(len(expected)) == expected, instants
