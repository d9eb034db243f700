"""A real agent that types into another chat is refused, unless the user allows it."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from session_host.paths import config_dir
from tests.support.commands import OUTLIVE, REPOSITORY, new, outlive
from tests.support.real_agents import ENDPOINT, PROVEN
from tests.support.real_chats import Chat

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.real_agents,
    pytest.mark.timeout(400),
    pytest.mark.parametrize(
        "agent", [each for each in PROVEN if each is not ENDPOINT], ids=lambda agent: agent.label, indirect=True
    ),
]


def test_a_tool_that_types_into_another_chat_is_refused_until_the_user_allows_it(chat: Chat, project: Path) -> None:
    other = new("command", "-n", "api-fix", "--", "cat")
    sending = shlex.join(["env", f"PYTHONPATH={REPOSITORY}", *OUTLIVE, "send", "api-fix", "typed"])
    for code in (8, 0):
        answer = project / f"answer-{code}"
        script = project / f"send-{code}.sh"
        script.write_text(f"{sending} 2>said-{code}; echo $? >{answer}.new; mv {answer}.new {answer}\n")
        chat.ask(chat.agent.wish.format(command=f"sh {script.name}"))
        chat.sees(chat.agent.asks)
        chat.allow(answer.exists)
        assert answer.read_text().strip() == str(code), (project / f"said-{code}").read_text()
        assert ("agents_may_control" in (project / f"said-{code}").read_text()) is bool(code)
        assert outlive("peek", other).output.strip() == ("" if code else "typed")
        chat.until_idle()
        config_dir().mkdir(parents=True, exist_ok=True)
        (config_dir() / "chats.toml").write_text('agents_may_control = "all"\n')
