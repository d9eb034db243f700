"""With any number of viewers, a real agent gets exactly the typed input and one reply to each query."""

from __future__ import annotations

import re
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.conftest import Sessions
from tests.fakes.model_server import ModelServer
from tests.support.area import Area
from tests.support.commands import OnTerminal
from tests.support.pty_traffic import put_recorder_before, read_traffic
from tests.support.real_agents import CLAUDE, CLAUDE_OF_NODE_20, RealAgent
from tests.support.real_chats import SIZE, TIMEOUT_S, Chat

pytestmark = [pytest.mark.e2e, pytest.mark.real_agents, pytest.mark.timeout(400)]

PASTE = re.compile(rb"\x1b\[200~(.*?)\x1b\[201~", re.DOTALL)


@pytest.mark.shows("input")
def test_an_agent_gets_the_typed_input_and_one_reply_per_query(
    agent: RealAgent,
    server: ModelServer,
    project: Path,
    area: Area,
    sessions: Sessions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log, directory = area.root / "traffic", area.root / "recorded"
    put_recorder_before(agent.install(), agent.name, directory, log)
    monkeypatch.setenv("PATH", str(directory), prepend=":")
    words = []

    chat = Chat.start(agent, server, project)
    for viewers in (0, 1, 3):
        with ExitStack() as stack:
            shown = [stack.enter_context(OnTerminal("attach", chat.id, size=SIZE)) for _ in range(viewers)]
            for viewer in shown:
                viewer.see(agent.ready, timeout_s=TIMEOUT_S)
            words.append(f"with {viewers} viewers")
            if shown:
                for character in words[-1]:
                    shown[-1].type(character)
                chat.sees(words[-1])
                shown[0].type("\r")
            else:
                chat.send(words[-1], "--enter")
            server.wait_asked(words[-1], timeout_s=TIMEOUT_S)
            chat.sees(f"echo: {words[-1]}")
            for viewer in shown:
                viewer.see(f"echo: {words[-1]}", timeout_s=TIMEOUT_S)
            chat.until_idle()

    traffic = read_traffic(log)
    assert not traffic.replies()
    assert PASTE.sub(rb"\1", traffic.typed()) == b"".join(b"%b\r" % each.encode() for each in words)
    assert chat.prompts() == words


@pytest.mark.parametrize("agent", [CLAUDE, CLAUDE_OF_NODE_20], ids=lambda agent: agent.label, indirect=True)
def test_left_detaches_while_nothing_is_typed(
    agent: RealAgent, server: ModelServer, project: Path, sessions: Sessions
) -> None:
    chat = Chat.start(agent, server, project)
    for prompt in ("", "first"):
        with OnTerminal("attach", chat.id, size=SIZE) as viewer:
            viewer.see(agent.ready, timeout_s=TIMEOUT_S)
            if prompt:
                viewer.type("frst")
                viewer.see("❯\u00a0frst")
                for key in ("\x1b[D", "\x1b[D", "\x1b[D", "i"):
                    viewer.type(key)
                viewer.see("❯\u00a0first")
                viewer.type("\r")
                viewer.see(f"echo: {prompt}", timeout_s=TIMEOUT_S)
            chat.until_idle()  # Before the agent says so, its line does not count as empty.
            viewer.type("\x1b[D")
            assert viewer.end() == 0
    with OnTerminal("attach", chat.id, size=SIZE) as viewer:
        viewer.see(agent.ready, timeout_s=TIMEOUT_S)
        # This opens a menu in which Left has a meaning.
        viewer.type("/config")
        viewer.see("/config")
        viewer.type("\r")
        viewer.not_see("❯\u00a0/config")
        viewer.type("\x1b[D\x1b[D")
        viewer.type("\x02d")
        assert viewer.end() == 0
        assert "Unknown key" not in viewer.text()
