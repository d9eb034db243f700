"""One agent of the catalog: how it is called, found and started."""

from __future__ import annotations

import os
import pwd
import shutil
from collections.abc import Mapping, Sequence

import msgspec

from session_host.errors import AgentNotFound, UsageError

ARGUMENTS = "{arguments}"
"""Stands in ``Agent.start`` for the arguments that the user gave, none or many."""

SHELL = "{shell}"
"""Stands in ``Agent.start`` for the user's shell."""

_LAST_RESORT_SHELL = "/bin/sh"


class Agent(msgspec.Struct, frozen=True, kw_only=True):
    """How one agent is started, as its file in the catalog says."""

    name: str
    """What the user calls it; the stem of its file."""
    title: str
    """Its own name, for people: ``Claude Code``."""
    executable: str
    """The program that must be on PATH; "" for the user's shell or whatever the user names."""
    start: tuple[str, ...]
    """The argv, with ``{arguments}`` (once) and ``{shell}`` to be filled in."""
    arguments_replace: bool = False
    """Given arguments are the whole argv: ``outlive new shell -- top`` runs top."""
    install_hint: str = ""
    """The command that installs it."""
    website: str = ""
    monogram: str
    """One or two letters for its tile."""
    env: dict[str, str] = {}
    """Set for it beyond the inherited environment."""
    scrub_env: tuple[str, ...] = ()
    """Removed for it from the inherited environment, beyond what is removed for all; fnmatch patterns."""
    position: int = 100
    """Its place in lists; equal places go by name."""

    def argv(self, arguments: Sequence[str] = (), environment: Mapping[str, str] | None = None) -> list[str]:
        """The argument vector that starts it with these arguments.

        Args:
            arguments: what the user put behind ``--``.
            environment: where ``SHELL`` is looked up; this process's own if None.

        Raises:
            UsageError: nothing is left to run.
        """
        if arguments and self.arguments_replace:
            return list(arguments)
        argv: list[str] = []
        for word in self.start:
            if word == ARGUMENTS:
                argv.extend(arguments)
            elif word == SHELL:
                argv.append(login_shell(environment))
            else:
                argv.append(word)
        if not argv:
            raise UsageError(f"{self.name} needs a program to run: outlive new {self.name} -- PROGRAM [ARGUMENT…]")
        return argv

    def find(self, path: str) -> str | None:
        """Where its program is on this PATH (directories joined by colons), or None if it is not installed.

        One without an executable of its own is always there; the answer is then the user's shell.
        """
        if not self.executable:
            return login_shell()
        found = shutil.which(self.executable, path=path)
        return os.path.abspath(found) if found else None  # noqa: PTH100 - no symlink is to be resolved

    def not_found(self) -> AgentNotFound:
        """The error that says it is not installed, and what installs it."""
        message = f"{self.title} is not installed: {self.executable} is not on PATH"
        if self.install_hint:
            message += f"; install it with: {self.install_hint}"
        elif self.website:
            message += f"; see {self.website}"
        return AgentNotFound(message)


def login_shell(environment: Mapping[str, str] | None = None) -> str:
    """The absolute path of the user's shell: ``SHELL``, else the account's, else /bin/sh."""
    candidates = [(os.environ if environment is None else environment).get("SHELL", "")]
    try:
        candidates.append(pwd.getpwuid(os.getuid()).pw_shell)
    except KeyError:
        pass  # A user without an account entry, as in containers.
    for shell in candidates:
        if shell.startswith("/") and os.access(shell, os.X_OK):
            return shell
    return _LAST_RESORT_SHELL
