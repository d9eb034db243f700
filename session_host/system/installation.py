"""This installation: its program, what it was installed with, and the command that adds the rest."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Literal

from session_host.paths import state_dir
from session_host.version import VERSION

Extra = Literal["window", "web"]

_MODULES: Final[dict[Extra, tuple[str, ...]]] = {
    "window": ("PySide6", "qasync", "qtawesome"),
    "web": ("cryptography", "starlette", "uvicorn"),
}
"""Modules that only the extra installs, of those without which it shows nothing."""

_CLONE: Final = Path(__file__).parents[2]
_PACKAGES: Final = Path("/var/lib")
"""Where a system's package manager keeps what it has installed."""


def own_interpreter() -> list[str]:
    """The interpreter of this installation.

    The ``outlive`` of a system's package ignores Python's variables, which are the chats'; so do its other processes.
    """
    return [sys.executable, *(["-E"] if sys.flags.ignore_environment else [])]


def own_python() -> list[str]:
    """The interpreter of this installation, with the options by which it finds its own modules."""
    return [*own_interpreter(), "-P"]


def outlive_command() -> list[str]:
    """The command line of this installation's ``outlive``, without arguments."""
    program = Path(sys.executable).with_name("outlive")
    return [str(program)] if program.exists() else [*own_python(), "-m", "session_host.cli"]


def lasting_command() -> list[str]:
    """The same for a file that a later version reads: a system's package has a link to the newest one."""
    newest = Path(sys.prefix).with_name("current")
    return [str(newest / "bin" / "outlive")] if newest.is_symlink() else outlive_command()


def own_programs() -> str:
    """The directory of this installation's programs, among them its Python; "" if these are the system's."""
    return str(Path(sys.executable).parent) if sys.prefix != sys.base_prefix else ""


def command_directory() -> str:
    """A directory that holds the command ``outlive`` alone, for the PATH of chats; "" if it cannot be made."""
    directory = state_dir() / "bin"
    script = f'#!/bin/sh\nexec {shlex.join(outlive_command())} "$@"\n'
    try:
        with contextlib.suppress(FileNotFoundError):
            if (directory / "outlive").read_text(encoding="utf-8") == script:
                return str(directory)
        directory.mkdir(mode=0o700, exist_ok=True)
        made = directory / f".{os.getpid()}"
        made.write_text(script, encoding="utf-8")
        made.chmod(0o700)
        made.replace(directory / "outlive")
    except (OSError, UnicodeDecodeError):
        return ""  # A full disk: the chat starts without it.
    return str(directory)


def missing_modules(extra: Extra) -> list[str]:
    """The modules of an extra that are missing; empty if it is installed."""
    return [name for name in _MODULES[extra] if find_spec(name) is None]


def install_command(extra: Extra) -> str:
    """The shell command that adds an extra to this installation, which keeps those that it has.

    pipx and uv leave a file in the environments that they create; a clone has its own installer. If the package was
    installed from a file or an address, the command names that: an index may lack the package, or have another one.
    An environment without pip is a package's of the system, which nothing can be added to: beside it, a wheel can be
    installed, which is built from a clone.
    """
    installer = _CLONE / "installers" / "run.sh"
    if installer.is_file():
        return f"bash {shlex.quote(str(installer))} --setup-only"
    extras = ",".join(each for each in _MODULES if each == extra or not missing_modules(each))
    package = shlex.quote(f"outlive[{extras}]{_origin()}")
    if Path(sys.prefix, "pipx_metadata.json").is_file():
        return f"pipx install --force {package}"
    if Path(sys.prefix, "uv-receipt.toml").is_file():
        return f"uv tool install {package}"
    if find_spec("pip") is None:
        wheel = shlex.quote(f"dist/outlive-{VERSION}-py3-none-any.whl[{extras}]")
        return f"bash installers/build.sh wheel && pipx install {wheel}, in a clone of Outlive"
    return f"{shlex.quote(sys.executable)} -m pip install {package}"


def removal_command() -> str:
    """The shell command that removes this installation; in words for a clone, which may have the user's work."""
    if (_CLONE / "installers" / "run.sh").is_file():
        return f"delete the clone {_CLONE}, and the link ~/.local/bin/outlive"
    if Path(sys.prefix, "pipx_metadata.json").is_file():
        return "pipx uninstall outlive"
    if Path(sys.prefix, "uv-receipt.toml").is_file():
        return "uv tool uninstall outlive"
    if find_spec("pip") is None:
        commands = {"dpkg/info/outlive.list": "sudo apt purge outlive", "pacman/local": "sudo pacman -R outlive"}
        return next((commands[each] for each in commands if (_PACKAGES / each).exists()), "sudo dnf remove outlive")
    return f"{shlex.quote(sys.executable)} -m pip uninstall outlive"


def _origin() -> str:
    """`` @ URL`` of the file or address that was installed; "" for a package of an index (PEP 610)."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        origin = distribution("outlive").read_text("direct_url.json")
    except PackageNotFoundError:
        return ""
    return f" @ {json.loads(origin)['url']}" if origin else ""
