"""Checks the agents: which are installed, where, and whether the login shell finds them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from session_host.cli.doctor.check import Check, Status, fail, ok, warn
from session_host.errors import ConfigError
from session_host.paths import config_dir, state_dir

if TYPE_CHECKING:
    from session_host.agents.agent import Agent


def agents() -> Iterator[Check]:
    """Check which agents are installed, and where: on this PATH, and on the login shell's, which desktop icons use."""
    from session_host.agents.catalog import load_catalog
    from session_host.agents.login_shell import login_path

    own = os.environ.get("PATH") or os.defpath
    login = login_path(os.environ)
    yield _login_shell(login.path, own, login.problem)
    try:
        catalog = load_catalog(config_dir())
    except ConfigError as error:
        yield fail("agents", str(error), "fix the file, or move it away")
        return
    known = [agent for agent in catalog.values() if agent.executable]
    paths = {agent.name: (agent.find(own), agent.find(login.path)) for agent in known}
    if not any(path for both in paths.values() for path in both):
        yield warn("agents", "none installed; shells and commands still work", "the lines below say how to install one")
    shown = {here or there or "": agent for agent in known for here, there in [paths[agent.name]] if here or there}
    versions = _versions(shown, {**os.environ, "PATH": login.path})
    for agent in known:
        here, there = paths[agent.name]
        version = versions.get(here or there or "", "")
        described = _describe_version(version, agent.tested)
        yield _agent(f"agent {agent.name}", described, here, there, agent.install_hint or agent.website)


def _login_shell(login_path: str, own: str, problem: str) -> Check:
    name = "login shell's PATH"
    if problem:
        return warn(name, problem, "start `outlive` from a terminal, or fix the shell's startup files")
    missing = [entry for entry in login_path.split(":") if entry not in own.split(":")]
    if not missing:
        return ok(name, "same as here")
    return ok(name, f"also has: {', '.join(missing)}")


def _versions(agents: Mapping[str, Agent], environment: Mapping[str, str]) -> dict[str, str]:
    """The versions of agents, by the paths of their programs, without creating a state directory."""
    from session_host.agents.probe import LONG_TIMEOUT_S, ask, versions

    if state_dir().is_dir():
        return versions(agents, environment)
    with ThreadPoolExecutor(max_workers=4) as threads:
        answers = {
            path: threads.submit(ask, path, agent.version, environment, LONG_TIMEOUT_S)
            for path, agent in agents.items()
        }
        return {path: answer.result().version for path, answer in answers.items()}


def _describe_version(version: str, tested: Sequence[str]) -> str:
    """A version, marked if it was never tested."""
    if not version or not tested or version in tested:
        return version
    return f"{version} (untested; tested versions: {', '.join(tested)})"


def _agent(name: str, version: str, here: str | None, there: str | None, how_to_install: str) -> Check:
    """The check of one agent, from its paths on this PATH and on the login shell's."""
    prefix = f"{version}, " if version else ""
    if here is None and there is None:
        # A missing agent is not a problem: nobody needs all of them.
        return Check(name, Status.OK, "not installed", how_to_install)
    if here is None:
        remedy = "found when the window starts from its icon, but not by commands here"
        return Check(name, Status.OK, f"{prefix}{_place(there)} (only on your login shell's PATH)", remedy)
    if there is not None and os.path.realpath(there) != os.path.realpath(here):
        return Check(name, Status.OK, f"{prefix}{_place(here)} (your login shell's PATH has {_place(there)})")
    return ok(name, f"{prefix}{_place(here)}")


def _place(path: str | None) -> str:
    """A program's path, and its target if it is a link, as npm, brew and others install them."""
    real = os.path.realpath(path or "")
    return str(path) if real == path else f"{path} → {real}"
