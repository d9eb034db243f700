"""Checks the agents: which are installed, where, whether they run, and whether the login shell finds them."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Iterator, Sequence

from session_host.agents.agent import Agent, Probe
from session_host.agents.probe import probes
from session_host.cli import skill
from session_host.cli.doctor.check import Check, Status, fail, ok, warn
from session_host.errors import ConfigError
from session_host.paths import config_dir, state_dir


def agents() -> Iterator[Check]:
    """Check which agents run, and where they are: on this PATH, and on the login shell's, which desktop icons use."""
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
    environment = {**os.environ, "PATH": login.path}
    answers = probes(shown, environment, directory=_current_directory(), are_kept=state_dir().is_dir())
    for agent in known:
        here, there = paths[agent.name]
        yield _agent(agent, answers.get(here or there or "", Probe()), here, there)
    yield from _skills(catalog.values())


def _skills(known: Iterable[Agent]) -> Iterator[Check]:
    """The skills of Outlive that agents have."""
    current = skill.skill()
    for agent, path in ((each, path) for each in known for path in skill.places(each, os.environ)):
        if not path.exists() or not skill.is_ours(path):
            continue
        if path.read_text(encoding="utf-8", errors="replace") == current:
            yield ok(f"skill of {agent.name}", f"of this version: {path}")
        else:
            remedy = f"run `outlive skill --install {agent.name}`"
            yield warn(f"skill of {agent.name}", f"of another version of Outlive: {path}", remedy)


def _current_directory() -> str:
    try:
        return os.getcwd()  # noqa: PTH109
    except FileNotFoundError:
        return "/"


def _login_shell(login_path: str, own: str, problem: str) -> Check:
    name = "login shell's PATH"
    if problem:
        return warn(name, problem, "start `outlive` from a terminal, or fix the shell's startup files")
    missing = [entry for entry in login_path.split(":") if entry not in own.split(":")]
    if not missing:
        return ok(name, "same as here")
    return ok(name, f"also has: {', '.join(missing)}")


def _describe_version(version: str, tested: Sequence[str]) -> str:
    """A version, marked if it was never tested."""
    if not version or not tested or version in tested:
        return version
    return f"{version} (untested; tested versions: {', '.join(tested)})"


def _agent(agent: Agent, probe: Probe, here: str | None, there: str | None) -> Check:
    """The check of one agent, from its paths on this PATH and on the login shell's."""
    name, how_to_install = f"agent {agent.name}", agent.install_hint or agent.website
    if here is None and there is None:
        # A missing agent is not a problem: nobody needs all of them.
        return Check(name, Status.OK, "not installed", how_to_install)
    path = here or there or ""
    version = _describe_version(probe.version, agent.tested)
    found = f"{version}, {_path_and_target(path)}" if version else _path_and_target(path)
    if agent.tested and not probe.version:
        # Not for agents of the user's own, which need not be able to print a version.
        asked = shlex.join([path, *agent.version])
        message = f"{found}: prints no version of {agent.title}, so it may not run"
        return warn(name, message, f"run `{asked}` to see why; install it again: {how_to_install}")
    if why := agent.why_too_old(probe):
        return warn(name, f"{_path_and_target(path)}: {why}", f"update it: {how_to_install}")
    if probe.version not in agent.tested and (missing := agent.missing_options(probe)):
        message = f"{found}: has no {' and no '.join(missing)}, so its status or its resume may not work"
        return warn(name, message, f"update it: {how_to_install}")
    if here is None:
        remedy = "found when the window starts from its icon, but not by commands here"
        return Check(name, Status.OK, f"{found} (only on your login shell's PATH)", remedy)
    if there is not None and os.path.realpath(there) != os.path.realpath(here):
        return ok(name, f"{found} (your login shell's PATH has {_path_and_target(there)})")
    return ok(name, found)


def _path_and_target(path: str) -> str:
    """A program's path, and its target if it is a link, as npm, brew and others install them."""
    real = os.path.realpath(path)
    return path if real == path else f"{path} → {real}"
