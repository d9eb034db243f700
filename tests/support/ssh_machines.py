"""Machines for tests: each is a real ``sshd`` on loopback, with a home and directories of its own."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path

from session_host.machines.ssh import control_options
from session_host.storage.store import Store
from tests.support import processes
from tests.support.ports import free_port
from tests.support.reboots import note_reboot
from tests.support.waiting import wait_for_end, wait_until

SSHD = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:" + os.environ.get("PATH", "")) or ""

_SSHD_CONFIG = """
Port {port}
ListenAddress 127.0.0.1
HostKey {directory}/host_key
PidFile none
AuthorizedKeysFile {directory}/client_key.pub
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin yes
PermitUserEnvironment no
SetEnv {environment}
"""


@cache
def _without_penalties() -> str:
    """The option that lets clients in whose logins failed before, where sshd has it: from OpenSSH 9.8 on."""
    said = subprocess.run(["ssh", "-V"], capture_output=True, text=True, check=True).stderr
    version = re.match(r"OpenSSH_(\d+)\.(\d+)", said)
    return "PerSourcePenalties no\n" if version and tuple(map(int, version.groups())) >= (9, 8) else ""


class SshMachine:
    """One machine.

    Attributes:
        name: its name, also in the ssh configuration.
        home: its home; ``state``, ``runtime`` and ``config`` are in it.
        program: its ``outlive``.
        port: the port of its sshd.
        log: what its sshd wrote.
        more_environment: more variables of its users' processes; for the next start.
        options: more lines of its sshd's configuration; for the next start.
        ssh_config: the configuration of ``ssh`` here.
    """

    _start: Sequence[str] = (SSHD,)

    def __init__(self, name: str, directory: Path, client_key: Path) -> None:
        self.name = name
        self.home = directory / "home"
        self.runtime = directory / "r"
        self.log = directory / "sshd.log"
        self.more_environment: dict[str, str] = {}
        self.options = ""
        self.ssh_config = directory.parent / "ssh_config"
        self._directory = directory
        self._client_key = client_key
        self._process: subprocess.Popen[bytes] | None = None
        for each in (self.home, self.runtime, directory / "bin"):
            each.mkdir(parents=True, mode=0o700)
        self.program = program = directory / "bin" / "outlive"
        program.write_text(
            f'#!/bin/sh\ncd "$HOME"\nexec {shlex.quote(sys.executable)} -P -m session_host.cli "$@"\n', encoding="utf-8"
        )
        program.chmod(0o755)
        shutil.copy(client_key.with_suffix(".pub"), directory / "client_key.pub")
        _make_key(directory / "host_key")
        self.port = free_port()

    @property
    def environment(self) -> dict[str, str]:
        """The environment of its users' processes."""
        return {
            "HOME": str(self.home),
            "PATH": f"{self._directory / 'bin'}:/usr/local/bin:/usr/bin:/bin",
            "OUTLIVE_RUNTIME_DIR": str(self.runtime),
            "OUTLIVE_STATE_DIR": str(self.home / "state"),
            "OUTLIVE_CONFIG_DIR": str(self.home / "config"),
        } | self.more_environment

    def start(self) -> None:
        """Start sshd."""
        environment = " ".join(f'"{key}={value}"' for key, value in self.environment.items())
        config = self._directory / "sshd_config"
        text = _SSHD_CONFIG.format(port=self.port, directory=self._directory, environment=environment)
        # Of two lines with MaxStartups, older versions take the last, newer ones the first.
        room = "" if "MaxStartups" in self.options else "MaxStartups 100\n"
        config.write_text(room + _without_penalties() + self.options + text, encoding="utf-8")
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._start, "-D", "-e", "-f", config], stdin=subprocess.DEVNULL, stderr=log
            )
        wait_until(self._listens, 10, lambda: f"sshd: {self.log.read_text(encoding='utf-8')}")

    def log_in_with(self, shell: str) -> None:
        """Start anew; from now on, a program stands for the login shell, whatever this user's own is."""
        self.stop()
        self.options = f'ForceCommand exec {shell} -c "$SSH_ORIGINAL_COMMAND"\n'
        self.start()

    def require_code(self) -> Path:
        """Let it ask for the code 123456 beside the key, by PAM; for the next start. Needs root.

        Returns:
            The file with a line for each code that it was given.
        """
        given, check, pam = (self._directory / name for name in ("given", "check", "pam"))
        given.touch()
        check.write_text(
            f'#!/bin/sh\ncode=$(tr -d "\\0")\necho "$code" >> {given}\n[ "$code" = 123456 ]\n', encoding="utf-8"
        )
        check.chmod(0o755)
        pam.write_text(
            f"auth required pam_exec.so expose_authtok quiet {check}\nauth required pam_permit.so\n"
            "account required pam_permit.so\nsession required pam_permit.so\n",
            encoding="utf-8",
        )
        self.options = (
            "UsePAM yes\nKbdInteractiveAuthentication yes\nAuthenticationMethods publickey,keyboard-interactive\n"
        )
        mount = f'mount --bind {pam} /etc/pam.d/sshd && exec "$@"'
        self._start = ("unshare", "-m", "sh", "-c", mount, "sh", SSHD)
        return given

    def _listens(self) -> bool:
        with closing(socket.socket()) as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def configure(self, *lines: str) -> None:
        """Add lines to the configuration of ``ssh`` here, about this machine; they come before the others."""
        text = self.ssh_config.read_text(encoding="utf-8")
        block = "\n  ".join([f"Host {self.name}", *lines])
        self.ssh_config.write_text(f"{block}\n\n{text}", encoding="utf-8")

    def cut(self) -> None:
        """Kill the sshd of each connection."""
        assert self._process is not None
        for pid in reversed(_below(self._process.pid)):
            with suppress(ProcessLookupError, FileNotFoundError):
                if Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").startswith("sshd"):
                    os.kill(pid, signal.SIGKILL)

    def stop(self) -> None:
        """End sshd, with all of its connections."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)  # A connection that it accepted meanwhile would go on.
            self.cut()
            self._process.kill()
            self._process.wait()
            self._process = None

    def reboot(self) -> None:
        """Kill all of its processes at once, as a power cut does; it is then on again, with another boot id."""
        self.stop()
        processes.kill_at_once(ours := processes.with_environment("OUTLIVE_RUNTIME_DIR", str(self.runtime)))
        for pid in ours:
            wait_for_end(pid, 5)
        with Store.open(self.home / "state" / "outlive.db") as store:
            note_reboot(store)
        self.start()


def _below(pid: int) -> list[int]:
    """The PIDs of a process's descendants, parents first."""
    with suppress(FileNotFoundError, ProcessLookupError):
        direct = [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()]
        return [*direct, *(each for child in direct for each in _below(child))]
    return []


def _make_key(path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)


def end_logins(*destinations: str) -> None:
    """End the logins that connections ride on."""
    for each in destinations:
        command = ["ssh", *control_options(each), "-O", "exit", "--", each]
        subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)


@contextmanager
def stopped_login(destination: str) -> Iterator[None]:
    """Stop the process of the login that connections ride on; at the end, it is killed."""
    pid = _pid_of_login(destination)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGKILL)


def end_login_at_once(destination: str) -> None:
    """Kill the ssh that has the login that connections ride on."""
    os.kill(_pid_of_login(destination), signal.SIGKILL)


def _pid_of_login(destination: str) -> int:
    command = ["ssh", *control_options(destination), "-O", "check", "--", destination]
    said = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True).stderr
    pid = re.search(r"pid=(\d+)", said)
    assert pid is not None, said
    return int(pid[1])


@contextmanager
def ssh_machines(directory: Path, *names: str) -> Iterator[tuple[list[SshMachine], dict[str, str]]]:
    """Start machines; yields them, and the environment in which ``ssh NAME`` reaches each of them."""
    directory.mkdir(parents=True, exist_ok=True)
    key = directory / "client_key"
    _make_key(key)
    machines = [SshMachine(name, directory / name, key) for name in names]
    known = directory / "known_hosts"
    config = directory / "ssh_config"
    blocks = []
    for machine in machines:
        host_key = (directory / machine.name / "host_key.pub").read_text(encoding="utf-8")
        with known.open("a", encoding="utf-8") as file:
            file.write(f"{machine.name} {host_key}")
        blocks.append(
            f"Host {machine.name}\n  HostName 127.0.0.1\n  HostKeyAlias {machine.name}\n  Port {machine.port}\n"
            f"  IdentityFile {key}\n  IdentitiesOnly yes\n  UserKnownHostsFile {known}\n  GlobalKnownHostsFile none\n"
        )
    config.write_text("\n".join(blocks), encoding="utf-8")
    bin_directory = directory / "bin"
    bin_directory.mkdir()
    wrapper = bin_directory / "ssh"
    wrapper.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {config} "$@"\n', encoding="utf-8")
    wrapper.chmod(0o755)
    try:
        for machine in machines:
            machine.start()
        yield machines, {"PATH": f"{bin_directory}:{os.environ['PATH']}"}
    finally:
        for machine in machines:
            machine.stop()
