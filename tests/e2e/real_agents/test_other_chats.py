"""A real agent that types into another chat is refused, unless the user allows it."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from session_host.paths import config_dir
from tests.support.commands import OUTLIVE, REPOSITORY, new, outlive
from tests.support.real_agents import ALL_AGENTS
from tests.support.real_chats import TIMEOUT_S, Chat
from tests.support.waiting import wait_until

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.real_agents,
    pytest.mark.timeout(400),
    pytest.mark.parametrize("agent", ALL_AGENTS, ids=lambda agent: agent.label, indirect=True),
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


def test_a_tool_sends_its_own_chat_prompts_and_raises_no_permission(chat: Chat, project: Path) -> None:
    """Keys that change the mode, commands of the agent's program and answers are refused."""
    send = shlex.join(["env", f"PYTHONPATH={REPOSITORY}", *OUTLIVE, "send", chat.id])
    tried = (
        "--key Shift+Tab",
        "--key Ctrl+y",
        "'!touch F' --enter",
        "' !touch F' --enter",
        "/model --enter",
        "! ",
        "y",
    )
    lines = [f"{send} {each} >>said 2>&1; echo $?" for each in (*tried, "'a second prompt' --enter")]
    (project / "own.sh").write_text("{\n" + "\n".join(lines) + "\n} >codes.new; mv codes.new codes\n")
    chat.ask(chat.agent.wish.format(command="sh own.sh"))
    chat.sees(chat.agent.asks)
    chat.allow(lambda: chat.changes()[-1].activity == "working")  # A further Enter would be typed into its line.
    wait_until((project / "codes").exists, TIMEOUT_S, "the commands to end", every_s=0.1)
    codes = (project / "codes").read_text().split()
    assert codes == ["8"] * len(tried) + ["0"], (project / "said").read_text()
    # Claude Code tells the model that it came in the middle of a turn.
    wait_until(
        lambda: any("a second prompt" in each for each in chat.prompts()[1:]), TIMEOUT_S, "the prompt", every_s=0.1
    )
    chat.until_idle()
    assert not (project / "F").exists()
