#!/usr/bin/python3
"""Keeps the versions of Outlive below /opt/outlive for as long as chats need them.

    versions.py install VERSION   puts the package's files there, and makes it the version that new commands use
    versions.py clean             removes old versions that nobody needs any more
    versions.py remove            the same for all versions, and says what stays

Run by the package's scripts, and at each start of the computer. A process needs a version if it runs from it. A chat's
agent needs the versions that were installed when it was started: its hooks run a program of Outlive's.

The package owns the files below /usr/lib/outlive; those below /opt/outlive are links to the same data, which dpkg, rpm
and pacman do not remove when the next version comes.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

PACKAGE = Path(os.environ.get("OUTLIVE_PACKAGE_DIR", "/usr/lib/outlive"))
VERSIONS = Path(os.environ.get("OUTLIVE_VERSIONS_DIR", "/opt/outlive"))
CURRENT = "current"
"""The name of the link to the version that new commands use."""

UNSURE_S = 2.0
"""The kernel tells the time of its start in whole seconds."""


def install(version: str) -> None:
    """Put a version of the package in its place, and use it from now on."""
    VERSIONS.mkdir(parents=True, exist_ok=True)
    VERSIONS.chmod(0o755)
    directory, new, old = VERSIONS / version, VERSIONS / f".new-{version}", VERSIONS / f".old-{version}"
    for left in (new, old):
        _remove(left)
    shutil.copytree(PACKAGE / version, new, symlinks=True, copy_function=_link)
    if directory.exists():
        directory.rename(old)  # The same version once more.
    new.rename(directory)
    _remove(old)
    link = VERSIONS / ".new-current"
    link.unlink(missing_ok=True)
    link.symlink_to(version)
    link.replace(VERSIONS / CURRENT)


def clean(*, keeps_current: bool = True) -> list[Path]:
    """Remove the versions that nobody needs; returns those that stay beside the current one."""
    if not VERSIONS.is_dir():
        return []
    current = (VERSIONS / CURRENT).resolve() if keeps_current else None
    others = [each for each in VERSIONS.iterdir() if each.is_dir() and not each.is_symlink() and each != current]
    installed_s = current.stat().st_ctime if current is not None and current.is_dir() else float("inf")
    needed = set(_needed(others, installed_s))
    for each in others:
        if each not in needed:
            _remove(each)
    return sorted(needed)


def remove() -> None:
    """Remove all versions but those that running chats need."""
    chats = len(_chats())
    (VERSIONS / CURRENT).unlink(missing_ok=True)
    if kept := clean(keeps_current=False):
        print(
            f"outlive: {chats} running chat{'' if chats == 1 else 's'} will not be ended. "
            f"To end the chats, their users run: {kept[-1]}/bin/outlive kill-all. "
            f"The files that they use stay in {' and '.join(map(str, kept))}; then delete {VERSIONS}"
        )
    else:
        with suppress(OSError):
            VERSIONS.rmdir()


def _needed(versions: list[Path], installed_s: float) -> Iterator[Path]:
    """The versions that processes need: those that they run from; all, if a chat is older than the current one."""
    has_older_chat = False
    found = set()
    for process in _processes():
        text = b"\0".join(_read(process / name) for name in ("cmdline", "environ", "maps"))
        found |= {each for each in versions if f"{each}/".encode() in text}
        has_older_chat = has_older_chat or (bool(_chat_of(process)) and _started_s(process) < installed_s + UNSURE_S)
    yield from versions if has_older_chat else found


def _chats() -> set[bytes]:
    return {chat for process in _processes() if (chat := _chat_of(process))}


def _chat_of(process: Path) -> bytes:
    """The id of the chat that a process belongs to; b"" for none."""
    variables = _read(process / "environ").split(b"\0")
    return next((each for each in variables if each.startswith(b"OUTLIVE_SESSION=")), b"")


def _processes() -> list[Path]:
    own = str(os.getpid())
    return [each for each in Path("/proc").iterdir() if each.name.isdigit() and each.name != own]


def _started_s(process: Path) -> float:
    """When a process began, in seconds since 1970; now if it has ended."""
    fields = _read(process / "stat").rpartition(b")")[2].split()
    booted = next(line for line in _read(Path("/proc/stat")).splitlines() if line.startswith(b"btime "))
    if not fields:
        return float("inf")
    return int(booted.split()[1]) + int(fields[19]) / os.sysconf("SC_CLK_TCK")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""  # The process has ended.


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)  # /opt is on another file system.


def _remove(path: Path) -> None:
    if path.exists():
        shutil.rmtree(path)


def main(words: list[str]) -> int:
    """Run one of the commands."""
    match words:
        case ["install", version]:
            install(version)
            clean()
        case ["clean"]:
            clean()
        case ["remove"]:
            remove()
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
