"""How ssh is called, and what its messages mean. The user's configuration of ssh decides how a machine is reached."""

from __future__ import annotations

import glob
import os
import re
import shlex
import shutil
import subprocess
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from session_host.errors import HostKeyChanged, LoginNeeded, OutliveError, Unreachable
from session_host.paths import SOCKET_PATH_BYTES, ensure_private, home_dir, runtime_dir
from session_host.protocol.untrusted_text import one_line
from session_host.system.login_sockets import make_links

from .names import MachineEntry, problem_of_destination

CONTROL_NAME = "ssh-%C"
"""The socket of a connection that later ones ride on; ssh replaces %C by a hash of user, host and port."""

_AGENT_NAME = "forwarded"
"""With ``.ssh``, the link to the ssh agent of the newest login here. A connection that later ones ride on forwards the
agent of this link: the agent of the login in which it began may end before it."""

_CONTROL_NAME_BYTES = len("/ssh-") + 40
_TEMPORARY_SUFFIX_BYTES = 17
"""ssh makes the socket with this suffix, and then renames it."""

RIDE = ("-o", "ControlMaster=no")
"""Ride on a login, and start none."""

CONTROL_PERSIST = "10m"
"""How long a login lasts after the last connection that rode on it."""

ALIVE_INTERVAL_S = 15
"""ssh asks so often whether a silent machine is there; after three questions a login on a dead connection ends."""

CONFIG_TIMEOUT_S = 5.0

LOGIN_ANSWER_S = 2.0
"""A login that does not answer a question from here in this time hangs: its process may be stopped."""

_HOST_LINE = re.compile(r"\s*(host|include)(?:\s*=\s*|\s+)(.*)", re.IGNORECASE)
_PATTERN = frozenset("*?!")

_INTERNAL = re.compile("mux_client_|ssh_dispatch_run_fatal|Failed to connect to new control master")

FAILED = 255
"""ssh's exit code for errors of its own."""

QUIET = ("-o", "BatchMode=yes", "-o", "LogLevel=INFO")
"""Options with which ssh asks nothing, and says why it fails, as ``error_of`` reads it."""

COMMAND = ("-T", "-o", "RemoteCommand=none", "-o", "ClearAllForwardings=yes")
"""Options with which ssh runs our command, and takes no port that the user's own `ssh` forwards."""

_LATER_DEFAULTS = {"stdinnull": "no", "sessiontype": "default", "forkafterauthentication": "no"}
"""Such options, too, and their values: they are given where the user's configuration has others, since OpenSSH knows
them only from 8.7 on."""


def check_ssh() -> None:
    """Check that ssh is installed.

    Raises:
        OutliveError: it is not.
    """
    if shutil.which("ssh") is None:
        raise OutliveError("ssh is not installed; install it (Debian: openssh-client)")


def forget_configuration() -> None:
    """Ask ssh again for the options of each destination: the user may have changed its configuration."""
    _options_in.cache_clear()


def control_options(destination: str) -> tuple[str, ...]:
    """The options with which connections share one login; where the user's configuration says how, they ride on that.

    Blocks: ssh reads its configuration.
    """
    return _options(destination).control


class _Options(NamedTuple):
    """The options for a destination: with which ssh runs our command, and with which connections share a login."""

    command: tuple[str, ...]
    control: tuple[str, ...]


def _options(destination: str) -> _Options:
    directory = ensure_private(runtime_dir())
    with suppress(OSError):  # Another process is making it.
        make_links({"SSH_AUTH_SOCK": os.environ.get("SSH_AUTH_SOCK", "")}, directory / _AGENT_NAME)
    return _options_in(destination, directory)


@lru_cache(maxsize=64)
def _options_in(destination: str, directory: Path) -> _Options:
    users = configuration(destination)
    later = [f"-o{key}={value}" for key, value in _LATER_DEFAULTS.items() if users.get(key, value) != value]
    return _Options((*COMMAND, *later), _control_options(users, directory))


def _control_options(users: dict[str, str], directory: Path) -> tuple[str, ...]:
    if users.get("controlpath", "none") != "none":
        # The others would end with a connection of ours that they ride on, unless it persists.
        return RIDE if users.get("controlpersist", "no") == "no" else ()
    if len(str(directory)) + _CONTROL_NAME_BYTES + _TEMPORARY_SUFFIX_BYTES > SOCKET_PATH_BYTES:
        return ()
    path = str(directory / CONTROL_NAME).replace("%", "%%").replace("%%C", "%C")
    options: tuple[str, ...]
    options = ("-o", "ControlMaster=auto", "-o", f"ControlPath={path}", "-o", f"ControlPersist={CONTROL_PERSIST}")
    agent = (directory / _AGENT_NAME).with_suffix(".ssh")
    # OpenSSH takes a path only from 8.2 on; one that shows ``sessiontype``, of _LATER_DEFAULTS, is newer.
    if users.get("forwardagent") == "yes" and "sessiontype" in users and agent.is_symlink():
        options = (*options, "-o", f"ForwardAgent={str(agent).replace('%', '%%')}")
    if users.get("serveraliveinterval", "0") != "0":
        return options
    return (*options, "-o", f"ServerAliveInterval={ALIVE_INTERVAL_S}")


def configuration(destination: str, *options: str) -> dict[str, str]:
    """What ssh would use for a destination (``ssh -G``): the last value of each lower-case keyword.

    Args:
        destination: the destination.
        options: options of ssh that count before its configuration.

    Raises:
        OutliveError: ssh refuses the configuration or the destination.
    """
    check_ssh()
    try:
        done = subprocess.run(
            ["ssh", "-G", *options, "--", destination],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=CONFIG_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise OutliveError(f"ssh cannot read its configuration: {error}") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace")
        if "usage:" in said:
            raise OutliveError(
                f"{destination!r} is no destination of ssh; write it as HOST, USER@HOST or ssh://HOST:PORT"
            )
        raise OutliveError(f"ssh: {_last_line(said) or 'cannot read its configuration'}")
    lines = done.stdout.decode(errors="replace").splitlines()
    return {key: value for key, _, value in (line.partition(" ") for line in lines)}


def argv(entry: MachineEntry, command: str, *, shared: bool = True) -> list[str]:
    """The command line of a connection that asks nothing, and runs a command of the login shell.

    Args:
        entry: the machine.
        command: the command.
        shared: ride on a login, if there is one.
    """
    own, control = _options(entry.destination)
    control = control if shared else ("-o", "ControlPath=none")
    return ["ssh", *QUIET, *own, *control, "--", entry.destination, command]


def login_argv(entry: MachineEntry) -> list[str]:
    """The command line that logs in once, in a terminal, for later connections to ride on."""
    own, control = _options(entry.destination)
    if control == RIDE:
        control = ("-o", "ControlMaster=auto", "-o", f"ControlPersist={CONTROL_PERSIST}")
    return ["ssh", *own, *control, "--", entry.destination, "true"]


def has_login(entry: MachineEntry) -> bool | None:
    """Whether there is a login that connections ride on, ours or one of the user's configuration. Blocks.

    Returns:
        None if there is one that hangs.
    """
    command = ["ssh", *control_options(entry.destination), "-O", "check", "--", entry.destination]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=LOGIN_ANSWER_S, check=False
        )
    except subprocess.TimeoutExpired:
        return None
    except OSError:
        return False
    return done.returncode == 0


def leave_login(entry: MachineEntry) -> bool:
    """Let no later connection ride on a login that hangs; one of the user's configuration is left alone. Blocks.

    Returns:
        Whether the login is ours.
    """
    path = Path(configuration(entry.destination, *control_options(entry.destination)).get("controlpath", "none"))
    is_ours = path.parent == runtime_dir()
    if is_ours:
        path.unlink(missing_ok=True)
    return is_ours


def error_of(entry: MachineEntry, output: str) -> Unreachable:
    """The error that ssh's messages mean; ``output`` is what it wrote to standard error."""
    name = entry.name
    if "REMOTE HOST IDENTIFICATION HAS CHANGED" in output:
        file = re.search(r"^Offending .* in (\S+):\d+\s*$", output, re.MULTILINE)
        host = re.search(r"host key for (\S+) has changed", output, re.IGNORECASE)
        of_file = f" -f {shlex.quote(one_line(file[1]))}" if file is not None else ""
        of_host = f" {shlex.quote(one_line(host[1]))}" if host is not None else ""
        return HostKeyChanged(
            f"{name}: its host key has changed, as after a reinstallation or by an attack; if you know why, "
            f"run `ssh-keygen{of_file} -R{of_host}`, then `outlive machines login {name}`"
        )
    if re.search(r"host key verification failed|host key is known", output, re.IGNORECASE):
        return LoginNeeded(f"{name}: its host key is not known yet; run `outlive machines login {name}`")
    if re.search(
        r"permission denied|too many authentication failures|no supported authentication", output, re.IGNORECASE
    ):
        return LoginNeeded(f"{name}: a login is needed; run `outlive machines login {name}`")
    # What ssh says of a connection that ends before its login; OpenSSH 10.0 says the second only.
    if re.search(
        r"exchange_identification: (read: )?Connection (closed|reset)|^Connection (closed|reset) by \S+ port \d+\s*$",
        output,
        re.MULTILINE,
    ):
        return Unreachable(f"{name}: its sshd takes no connection now; it may be full (MaxStartups) or starting")
    return Unreachable(f"{name}: {_last_line(output) or 'the connection was closed'}")


def _last_line(output: str) -> str:
    """The last line that ssh wrote for its user, without the name of ssh; those about a shared login are left out."""
    lines = [one_line(line)[:200] for line in output.splitlines() if line.strip() and not _INTERNAL.match(line)]
    return re.sub(r"^ssh: |\.$", "", lines[-1]) if lines else ""


def configured_hosts() -> list[str]:
    """The hosts that the user's configuration of ssh names, without patterns, then the system's. Blocks."""
    found: dict[str, None] = {}
    read = set[Path]()
    for directory, name in ((home_dir() / ".ssh", "config"), (Path("/etc/ssh"), "ssh_config")):
        _add_hosts(directory / name, directory, found, read)
    return list(found)


def _add_hosts(file: Path, directory: Path, found: dict[str, None], read: set[Path]) -> None:
    """Add the hosts of a file and of those that it includes, also where it does that for some hosts only."""
    if file in read:
        return
    read.add(file)
    try:
        lines = file.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return
    for line in lines:
        if (setting := _HOST_LINE.match(line)) is None:
            continue
        try:
            words = shlex.split(setting[2], comments=True)
        except ValueError:
            continue  # ssh refuses the file, and says so.
        if setting[1].lower() == "host":
            found.update(
                (word, None) for word in words if not problem_of_destination(word) and not set(word) & _PATTERN
            )
        else:
            for word in words:
                for each in sorted(glob.glob(str(directory / Path(word).expanduser()))):  # noqa: PTH207 - also absolute
                    _add_hosts(Path(each), directory, found, read)
