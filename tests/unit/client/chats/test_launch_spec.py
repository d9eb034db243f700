"""What a chat's programs inherit."""

from __future__ import annotations

from session_host.agents.catalog import load_catalog
from session_host.client.chats.launch_spec import LaunchRequest, _session_variables
from session_host.paths import config_dir
from session_host.storage.store import SessionRecord
from session_host.system.processes.permission import AGENT_CHATS
from tests.support.area import Area


def test_the_terminal_of_a_running_chat_view_is_the_same_agent(area: Area) -> None:
    """Else the agent could type into that terminal what it may not give its own chat."""
    chat = SessionRecord(id="1", name="api", agent="codex", argv=[], cwd="/", created_at="", agent_chats="1:2")
    request = LaunchRequest(agent=load_catalog(config_dir())["codex"], live_chat=chat, directory="/", environment={})
    assert _session_variables(request, "3")[AGENT_CHATS] == "1"
