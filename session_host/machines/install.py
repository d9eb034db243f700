"""Installs Outlive on another machine for its user, from this installation: the part without the window.

Everything is sent from here, so the other machine needs no internet. If that has another Python or processor, the pip
here fetches the libraries for it; if there is no pip here, or there are no such builds, the pip there fetches them.

An installation is a directory of its own in ``~/.local/share/outlive``, and the link ``~/.local/bin/outlive`` leads to
the newest; running chats keep the directory of the version that they were started with.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import io
import platform
import re
import secrets
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from session_host.errors import NotInstalled, OutliveError, Unreachable
from session_host.protocol.untrusted_text import one_line
from session_host.system.event_loop import to_its_end
from session_host.version import VERSION

from . import ssh
from .names import MachineEntry

MARK = "outlive-install"
LEAST_PYTHON = (3, 11)
PYTHONS = "python3.14 python3.13 python3.12 python3.11 python3"
PROBE_TIMEOUT_S = 30.0
INSTALL_TIMEOUT_S = 600.0
MAX_PRINTED_BYTES = 256 * 1024
TAR_ENDS = "tar: Exiting with failure status"
"""The last line of tar's messages, which gives no reason."""

PLACE = "~/.local/share/outlive"
LINK = "~/.local/bin/outlive"

_SCRIPT = """\
# Arguments: the Python, the name of the directory, "pip" if its pip is to fetch the libraries.
set -e
umask 077
here=$(pwd)
target=$(dirname "$here")/$2
if [ "$3" = pip ]; then
    "$1" -m venv "$here/venv" &&
    "$here/venv/bin/python" -m pip install -q --disable-pip-version-check -r "$here/requirements.txt" >&2 || {
        echo "its pip cannot fetch the libraries; it needs internet and python3-venv, or the Python of this machine" >&2
        exit 1
    }
else
    "$1" -m venv --without-pip "$here/venv"
fi
cp -R "$here/site/." "$("$here/venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
rm -rf "$here/site"
printf '#!/bin/sh\\nexec "%s/venv/bin/python" -P -m session_host.cli "$@"\\n' "$target" > "$here/outlive"
chmod 755 "$here/outlive"
rm -rf "$target.replaced"
if [ -e "$target" ]; then mv "$target" "$target.replaced"; fi
mv "$here" "$target"
mkdir -p "$HOME/.local/bin"
ln -sfn "$target/outlive" "$HOME/.local/bin/outlive"
"$HOME/.local/bin/outlive" --version
"""


class Plan(NamedTuple):
    """What an installation does.

    Attributes:
        python: the command of the other machine's Python.
        fetches: the libraries are fetched from a package index, since those here do not fit its Python.
        why: why they are, one line; "" if they are not.
        builds: the options with which the pip here fetches builds for its Python; () if it cannot.
    """

    python: str
    fetches: bool
    why: str
    builds: tuple[str, ...] = ()

    def describe(self, entry: MachineEntry) -> str:
        """What will be written and where, one line."""
        source = (
            f"the libraries for it are fetched, since {self.why}" if self.fetches else "all of it is sent from here"
        )
        return f"Outlive {VERSION} will be written to {PLACE} on {entry.name}, and the link {LINK}; {source}"


def plan(entry: MachineEntry) -> Plan:
    """Find out how Outlive can be installed on a machine. Blocks.

    Raises:
        Unreachable: the machine cannot be reached.
        NotInstalled: it has no Python that Outlive can run with.
    """
    code = "import sys, platform; print(*sys.version_info[:2], sys.platform, platform.machine(), *platform.libc_ver())"
    script = (
        f'for each in {PYTHONS}; do command -v $each >/dev/null 2>&1 && echo "$each" $($each -c "{code}"); done; echo'
    )
    lines = _answer(entry, script, b"", PROBE_TIMEOUT_S)
    found = [words for words in (line.split() for line in lines) if len(words) >= 5]
    usable = [words for words in found if _version(words) >= LEAST_PYTHON]
    if not usable:
        has = f"Python {found[-1][1]}.{found[-1][2]}"[:20] if found else "no Python"
        raise NotInstalled(f"{entry.name} has {has}, and Outlive needs Python 3.11 or newer; install it there")
    own = [str(sys.version_info[0]), str(sys.version_info[1]), sys.platform, platform.machine()]
    for words in usable:
        if words[1:5] == own and _libc(words[5:]) >= _libc(list(platform.libc_ver())):
            return Plan(words[0], fetches=False, why="")
    words = usable[0]
    why = f"it has Python {words[1]}.{words[2]} for {words[4]}, and this machine {own[0]}.{own[1]} for {own[3]}"
    return Plan(words[0], fetches=True, why=one_line(why)[:120], builds=_builds(words))


def _builds(words: list[str]) -> tuple[str, ...]:
    """The options of pip for builds of libraries that a Python there can use."""
    (library, version), processor = _libc(words[5:]), words[4]
    if (library, words[3], version[:1]) != ("glibc", "linux", (2,)) or not re.fullmatch(r"[a-z0-9_]{1,20}", processor):
        return ()
    tags = ["2014", *(f"_2_{minor}" for minor in range(5, min(version[-1], 99) + 1))]
    options = (f"--platform=manylinux{tag}_{processor}" for tag in tags)
    return ("--implementation=cp", "--python-version={}.{}".format(*_version(words)), *options)


def _version(words: list[str]) -> tuple[int, int]:
    return (int(words[1]), int(words[2])) if words[1].isdecimal() and words[2].isdecimal() else (0, 0)


def _libc(words: list[str]) -> tuple[str, tuple[int, ...]]:
    """The C library and its version, which newer ones can stand in for; libraries are compiled against it."""
    name, version = [*words, "", ""][:2]
    return name, tuple(map(int, re.findall(r"\d+", version)[:2]))


def install(entry: MachineEntry, chosen: Plan) -> str:
    """Install Outlive on a machine; returns the version that answers there. Blocks, for minutes on a slow line.

    Raises:
        Unreachable: the connection was lost; nothing that was there has changed.
        OutliveError: the installation failed there; nothing that was there has changed.
    """
    new = f"new-{secrets.token_hex(4)}"
    place = f'd="$HOME/.local/share/outlive/{new}"; mkdir -p "$d" && cd "$d" && tar xzf -'
    with tempfile.TemporaryDirectory(prefix="outlive-") as directory:
        fetched = Path(directory) if chosen.builds and _fetch(chosen.builds, directory) else None
        is_whole = not chosen.fetches or fetched is not None
        archive = _archive(with_libraries=not chosen.fetches, fetched=fetched)
    arguments = f"{chosen.python} {VERSION}-{secrets.token_hex(4)} {'sent' if is_whole else 'pip'}"
    script = f'{place} && sh ./install.sh {arguments} || {{ cd /; rm -rf "$d"; }}'
    lines = _answer(entry, script, archive, INSTALL_TIMEOUT_S)
    found = [line for line in lines if re.fullmatch(r"outlive [0-9][0-9a-z.+-]{0,30}", line)]
    if not found:
        raise OutliveError(f"{entry.name}: the installation failed; nothing was changed")
    return found[-1].split()[1]


def _fetch(builds: tuple[str, ...], directory: str) -> bool:
    """Fetch the libraries into a directory with the pip here; returns whether it could."""
    command = [sys.executable, "-P", "-m", "pip", "install", "-q", "--target", directory, "--no-deps", "--no-compile"]
    try:
        done = subprocess.run(
            [*command, "--only-binary=:all:", *builds, *_pinned()],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=INSTALL_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _answer(entry: MachineEntry, script: str, data: bytes, timeout_s: float) -> list[str]:
    """The lines that a script prints there; ``data`` is its standard input."""
    mark = f"{MARK} {secrets.token_hex(8)}"
    command = f"exec sh -c 'echo; echo {mark}; {script}'"
    argv = ssh.argv(entry, command, shared=ssh.has_login(entry) is not None)
    code, output, errors = asyncio.run(_run_ssh(entry, argv, data, timeout_s))
    _noise, found, rest = output.partition(mark)
    if not found or code == ssh.FAILED:
        raise ssh.error_of(entry, errors)
    lines = [one_line(line)[:200] for line in rest.splitlines()]
    problems = [line for line in errors.splitlines() if line.strip() and not line.startswith(TAR_ENDS)]
    if problems and not any(line.strip() for line in lines):
        raise OutliveError(f"{entry.name}: {one_line(problems[-1])[-200:]}")  # The reason is at its end.
    return lines


async def _run_ssh(entry: MachineEntry, argv: list[str], data: bytes, timeout_s: float) -> tuple[int | None, str, str]:
    """Run ssh; returns its exit code, and what it printed."""
    try:
        transport, answer = await asyncio.get_running_loop().subprocess_exec(
            lambda: _Answer(entry, data), *argv, cwd="/"
        )
    except OSError as error:
        raise OutliveError(f"cannot start ssh: {error.strerror}") from error
    try:
        async with asyncio.timeout(timeout_s):
            await answer.complete
        return transport.get_returncode(), answer.text(1), answer.text(2)
    except TimeoutError as error:
        raise Unreachable(f"{entry.name}: no answer within {timeout_s:g} s") from error
    finally:
        transport.close()  # It also kills ssh if that still runs.
        await to_its_end(answer.exited.wait())


class _Answer(asyncio.SubprocessProtocol):
    """Collects the output of ssh.

    Attributes:
        complete: done when ssh has exited and nothing more can come; fails if it prints too much.
        exited: set when ssh has exited.
    """

    def __init__(self, entry: MachineEntry, data: bytes) -> None:
        """Begin; ``data`` is what ssh reads."""
        self._entry, self._data = entry, data
        self._printed = {1: bytearray(), 2: bytearray()}
        self.complete: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.exited = asyncio.Event()

    def text(self, descriptor: int) -> str:
        """The output on a descriptor: 1 is standard output, 2 standard error."""
        return self._printed[descriptor].decode(errors="replace")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.SubprocessTransport)
        stdin = transport.get_pipe_transport(0)
        assert isinstance(stdin, asyncio.WriteTransport)
        stdin.write(self._data)
        stdin.close()

    def pipe_data_received(self, descriptor: int, data: bytes) -> None:
        printed = self._printed[descriptor]
        printed += data
        if len(printed) > MAX_PRINTED_BYTES and not self.complete.done():
            text = f"{self._entry.name}: it prints too much; see the start files of its login shell"
            self.complete.set_exception(Unreachable(text))

    def process_exited(self) -> None:
        self.exited.set()

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.complete.done():
            self.complete.set_result(None)


def _archive(*, with_libraries: bool, fetched: Path | None) -> bytes:
    """The compressed tar file that is sent: it has ``install.sh``, ``requirements.txt`` and the directory ``site``.

    Args:
        with_libraries: ``site`` has the libraries of this installation.
        fetched: a directory with libraries, which ``site`` has, too.
    """
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w:gz", compresslevel=1) as archive:
        _add_text(archive, "install.sh", _SCRIPT)
        _add_text(archive, "requirements.txt", "\n".join(_pinned()))
        root = Path(__file__).parents[2]
        for part in ("session_host", "resources"):
            archive.add(root / part, f"site/{part}", filter=_without_owner)
        if fetched is not None:
            archive.add(fetched, "site", filter=_without_owner)
        for _name, library in _libraries() if with_libraries else ():
            for file in library.files or ():
                path = Path(str(library.locate_file(file)))
                if ".." not in file.parts and path.is_file():
                    archive.add(path, f"site/{file}", filter=_without_owner)
    return output.getvalue()


def _pinned() -> list[str]:
    """The libraries with their versions, as pip takes them."""
    return [f"{name}=={library.version}" for name, library in _libraries()]


def _libraries() -> Iterator[tuple[str, importlib.metadata.Distribution]]:
    """The installed libraries that the part without the window needs, with their own ones."""
    waiting, seen = ["outlive"], {"outlive"}
    while waiting:
        name = waiting.pop()
        try:
            found = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # It is for another system.
        if name != "outlive":
            yield name, found
        for requirement in found.requires or ():
            needed = re.match(r"[A-Za-z0-9._-]+", requirement)
            if needed is not None and "extra ==" not in requirement:
                library = re.sub(r"[-_.]+", "-", needed.group()).lower()
                if library not in seen:
                    seen.add(library)
                    waiting.append(library)


def _add_text(archive: tarfile.TarFile, name: str, text: str) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(text.encode())
    info.mode = 0o600
    archive.addfile(info, io.BytesIO(text.encode()))


def _without_owner(info: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """The entry without this user's name and bytecode."""
    if "__pycache__" in info.name or info.name.endswith(".pyc"):
        return None
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    return info
