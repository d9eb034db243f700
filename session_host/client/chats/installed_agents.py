"""A machine's facts for the sheet for a new chat: its agents, the defaults of its settings."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from session_host.agents.agent import Agent
from session_host.agents.catalog import is_agent_name, load_catalog, load_valid_agents
from session_host.errors import ConfigError
from session_host.paths import config_dir
from session_host.protocol.untrusted_text import plain
from session_host.toml_file import TomlFile

MAX_AGENTS = 100
MAX_AGENT_BYTES = 64 * 1024
MAX_TEXT = 200
MAX_TITLE = 40
MAX_STALE_S = 10 * 86400.0


class EndpointDefaults(NamedTuple):
    """The values for fields that the user leaves empty; "" for none."""

    url: str
    model: str


class InstalledAgents(NamedTuple):
    """A machine's agents.

    Attributes:
        agents: all agents of its catalog.
        installed: the names of those that are installed.
        endpoint: the defaults of the chat with a model server.
    """

    agents: list[Agent]
    installed: list[str]
    endpoint: EndpointDefaults


def installed_agents(environment: Mapping[str, str] | None = None) -> InstalledAgents:
    """The agents of this machine; those are installed that are on the environment's PATH, by default this process's."""
    directory, path = config_dir(), (os.environ if environment is None else environment).get("PATH", os.defpath)
    catalog, _problem = load_valid_agents(directory, load_catalog(directory / "none"))
    installed = [agent.name for agent in catalog.values() if agent.find(path) is not None]
    return InstalledAgents(list(catalog.values()), installed, endpoint_defaults())


def harmless(found: InstalledAgents) -> InstalledAgents:
    """Another machine's answer with clean and short texts, and without agents that cannot be."""
    agents = [_harmless_agent(agent) for agent in found.agents[:MAX_AGENTS] if _can_be(agent)]
    endpoint = EndpointDefaults(*(plain(text, MAX_TEXT) for text in found.endpoint))
    return InstalledAgents(agents, found.installed, endpoint)


def _can_be(agent: Agent) -> bool:
    try:
        return is_agent_name(agent.name) and len(msgspec.msgpack.encode(agent)) <= MAX_AGENT_BYTES
    except UnicodeEncodeError:
        return False


def _harmless_agent(agent: Agent) -> Agent:
    texts = {name: plain(getattr(agent, name), MAX_TEXT) for name in ("executable", "website", "install_hint")}
    signals = agent.signals
    if not 0 < signals.stale_after_s <= MAX_STALE_S:
        signals = msgspec.structs.replace(signals, stale_after_s=MAX_STALE_S)
    return msgspec.structs.replace(
        agent,
        title=plain(agent.title, MAX_TITLE) or agent.name,
        monogram=plain(agent.monogram, 2),
        signals=signals,
        presets={plain(name, MAX_TITLE): words for name, words in agent.presets.items()},
        accounts={name: each for name, each in agent.accounts.items() if is_agent_name(name)},
        **texts,
    )


def endpoint_defaults() -> EndpointDefaults:
    """Read the defaults; empty if the file is unreadable, which the chat itself reports."""
    try:
        found = TomlFile.read(config_dir() / "endpoint.toml").values()
    except ConfigError:
        found = {}
    url, model = (value if isinstance(value := found.get(key), str) else "" for key in ("url", "model"))
    return EndpointDefaults(url or os.environ.get("OPENAI_BASE_URL", ""), model)
