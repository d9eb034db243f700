"""Has an interactive bash, zsh or fish mark its prompts, through its environment alone.

The scripts in ``resources/shell`` write the marks (OSC 133, OSC 7). Each shell reads its script by a variable, and the
script gives the variable back, so that programs and shells within see the user's own value::

    bash   ENV, which a shell in POSIX mode reads (POSIXLY_CORRECT)
    zsh    ZDOTDIR
    fish   XDG_DATA_DIRS

The user's files stay unchanged, and are read as always.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

DIRECTORY: Final = Path(__file__).parents[2] / "resources" / "shell"
OFF_VARIABLE: Final = "OUTLIVE_SHELL_INTEGRATION"
"""Set to ``0``, a chat's shell is left alone."""

_INTERACTIVE: Final = frozenset({"-i", "-l", "-il", "-li", "--login", "--interactive"})
"""Options with which a shell is interactive and reads its usual files."""

_DEFAULT_DATA_DIRECTORIES: Final = "/usr/local/share:/usr/share"


def shell_integration(argv: Sequence[str], environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that make an interactive shell mark its prompts; none for another program.

    Args:
        argv: the program and its arguments.
        environment: the environment that the program starts with.
    """
    if environment.get(OFF_VARIABLE) == "0" or not _INTERACTIVE.issuperset(argv[1:]):
        return {}
    match Path(argv[0]).name:
        case "bash":
            return {} if "POSIXLY_CORRECT" in environment else _bash(environment)
        case "zsh":
            previous = environment.get("ZDOTDIR")
            return {"ZDOTDIR": str(DIRECTORY / "zsh")} | _previous("OUTLIVE_ZDOTDIR", previous)
        case "fish":
            previous = environment.get("XDG_DATA_DIRS")
            directories = f"{DIRECTORY}:{previous or _DEFAULT_DATA_DIRECTORIES}"
            return {"XDG_DATA_DIRS": directories} | _previous("OUTLIVE_XDG_DATA_DIRS", previous)
        case _:
            return {}


def _bash(environment: Mapping[str, str]) -> dict[str, str]:
    return (
        {"ENV": str(DIRECTORY / "bash.sh"), "POSIXLY_CORRECT": "1"}
        | _previous("OUTLIVE_ENV", environment.get("ENV"))
        | _previous("OUTLIVE_HISTFILE", environment.get("HISTFILE"))
    )


def _previous(name: str, value: str | None) -> dict[str, str]:
    return {} if value is None else {name: value}
