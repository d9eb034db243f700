"""``outlive skill``: a text that teaches an agent to use Outlive, printed or put into the agent's own place."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from session_host.agents.agent import Agent
from session_host.agents.catalog import load_catalog
from session_host.cli.arguments import did_you_mean
from session_host.cli.output import print_line
from session_host.errors import OutliveError, UsageError
from session_host.paths import config_dir, home_dir
from session_host.system.files import replace_file
from session_host.version import VERSION

_FILE: Final = Path(__file__).parents[2] / "resources" / "skill" / "SKILL.md"
_OURS: Final = "Written by Outlive "


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments to the parser."""
    parser.add_argument("--install", metavar="AGENT", help="put it where AGENT finds it, in place of an older one")
    parser.epilog = "It is for agents inside of Outlive's chats: how they start other chats, and get their answers."


def run(options: argparse.Namespace) -> int:
    """Print or install the skill."""
    if options.install is None:
        print(skill(), end="")
        return 0
    agents = {name: each for name, each in load_catalog(config_dir()).items() if each.skills is not None}
    if (agent := agents.get(options.install)) is None:
        meant = did_you_mean(options.install, agents)
        raise UsageError(
            f"{options.install} reads no skills that Outlive knows of; choose one of {', '.join(agents)}; "
            f"{meant} `outlive skill --help`"
        )
    paths = places(agent, os.environ)
    for path in paths:
        if path.exists() and not is_ours(path):
            raise OutliveError(f"{path} is not of Outlive; move it away first")
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, skill().encode())
        print_line(f"{agent.title} finds the skill from its next start: {path}")
    return 0


def skill() -> str:
    """The skill of this version."""
    return _FILE.read_text(encoding="utf-8").replace("{version}", VERSION)


def places(agent: Agent, environment: Mapping[str, str]) -> list[Path]:
    """The paths of this skill for an agent, one for each of its accounts; none if it reads no skills."""
    if (skills := agent.skills) is None:
        return []
    default = skills.default.replace("~", str(home_dir()), 1)
    environments = [environment, *({**environment, **account.env} for account in agent.accounts.values())]
    found = (Path(each.get(skills.variable) or default, skills.below, "outlive", "SKILL.md") for each in environments)
    return list(dict.fromkeys(found))


def is_ours(path: Path) -> bool:
    """Whether a file is a skill that Outlive wrote, of this version or another."""
    return _OURS in path.read_text(encoding="utf-8", errors="replace")
