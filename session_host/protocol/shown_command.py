"""The name of a running command: what lists, tabs, notifications and records show of a command line. Pure.

A command line may have secrets: passwords in options, tokens in addresses. Its first word says what runs. Of the others
one is shown at most, and only if it can hardly be a secret.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from session_host.protocol.untrusted_text import one_line

MAX_CHARACTERS: Final = 120

_GIT: Final = """
add am apply bisect blame branch checkout cherry-pick clean clone commit diff fetch grep init log merge mv pull push
rebase reflog remote reset restore revert rm show stash status submodule switch tag worktree
"""
_CONTAINERS: Final = """
attach build compose cp create exec images inspect kill logs network ps pull push restart rm rmi run start stop volume
"""
_NODE: Final = "add audit build ci dev dlx exec init install link lint outdated publish remove run start test update"
_RUST: Final = "add bench build check clean clippy doc fmt install new publish remove run test tree update"
_PYTHON: Final = "add build download freeze init install list lock pip remove run show sync tool uninstall upgrade venv"
_PACKAGES: Final = """
autoremove clean dist-upgrade full-upgrade info install list purge reinstall remove search show update upgrade
"""
_SERVICES: Final = "daemon-reload disable edit enable list-units mask reload restart start status stop unmask"
_CLUSTERS: Final = """
apply attach config create delete describe drain edit exec explain expose get logs patch port-forward rollout run scale
"""
_SUBCOMMANDS: Final = {
    program: frozenset(subcommands.split())
    for programs, subcommands in (
        ("git", _GIT),
        ("docker podman nerdctl", _CONTAINERS),
        ("npm pnpm yarn bun deno", _NODE),
        ("cargo", _RUST),
        ("go", "build clean doc env fmt generate get install list mod run test tool vet work"),
        ("pip pip3 pipx uv poetry", _PYTHON),
        ("apt apt-get dnf yum brew snap flatpak zypper", _PACKAGES),
        ("systemctl service", _SERVICES),
        ("kubectl oc", _CLUSTERS),
        ("terraform tofu", "apply destroy fmt import init output plan refresh show state validate"),
        ("dotnet", "add build clean format new pack publish restore run test watch"),
        ("tmux", "attach kill-server kill-session list-sessions new new-session"),
    )
    for program in programs.split()
}
"""The subcommands of usual programs."""

_REMOTE: Final = frozenset({"ssh", "mosh", "autossh"})
_SSH_OPTION_WITH_VALUE: Final = re.compile("-[A-Za-z0-9]*[BbcDEeFIiJLlMmOopQRSWw]")
"""A word of ssh's options of which the next word is the value; see ssh(1), mosh(1), autossh(1)."""
_HOST: Final = re.compile(r"[\w.%:\[\]-]+")
_SECRET: Final = re.compile("[=@]|://")
"""Parts of a word that may be, or follow, a secret: ``--token=…``, ``user@host``, ``https://user:password@host``."""
_PROGRAM_END: Final = re.compile(r"[\s=@:]")
"""The end of a program's name: some programs write what they do into their own command line, after a colon."""


def shown_command(words: Sequence[str], is_file: Callable[[str], bool] = lambda _word: False) -> str:
    """The name of a command: its program, and one word more that is no secret; "" without words.

    That word is a known subcommand of the program, the file that it opens, or ssh's host, without the user.

    Args:
        words: the command line.
        is_file: returns whether a word is the name of a file, for the program.
    """
    if not words:
        return ""
    program = _program(words[0])
    word = _host(words[1:]) if program in _REMOTE else _first(words[1:], program, is_file)
    return one_line(f"{program} {word}").strip()[:MAX_CHARACTERS]


def _program(word: str) -> str:
    """The program's name without its directory; a shell that begins a login has a hyphen before it."""
    name = word.partition(": ")[0].rpartition("/")[2]
    return _PROGRAM_END.split(name.lstrip("-"), maxsplit=1)[0] or "-"


def _first(words: Sequence[str], program: str, is_file: Callable[[str], bool]) -> str:
    """The first word that is no option, if it is a subcommand or a file; the values of options are neither."""
    word = next((word for word in words if not word.startswith("-")), "")
    if not word or _SECRET.search(word):
        return ""
    if program in _SUBCOMMANDS:
        return word if word in _SUBCOMMANDS[program] else ""
    return word.rstrip("/").rpartition("/")[2] if is_file(word) else ""


def _host(words: Sequence[str]) -> str:
    """The host in the arguments of ssh."""
    is_value = False
    for word in words:
        if is_value or word.startswith("-"):
            is_value = not is_value and _SSH_OPTION_WITH_VALUE.fullmatch(word) is not None
            continue
        host = word.rpartition("@")[2]
        return host if "://" not in word and _HOST.fullmatch(host) else ""
    return ""
