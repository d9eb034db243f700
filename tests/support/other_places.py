"""The ``outlive`` command in another container, or on another machine, which shares this test's state directory."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path

from tests.support.area import Area
from tests.support.commands import TIMEOUT_S, Done, environment

_AS_USER = [] if os.getuid() == 0 else ["--user", "--map-root-user"]
_BOOT_ID = "/proc/sys/kernel/random/boot_id"


def in_container(area: Area, *words: str) -> Done:
    """Run a command where neither this machine's processes nor its sockets are visible."""
    return _run(area, "", words)


def on_machine(area: Area, *words: str) -> Done:
    """Run a command where, beyond that, boot and machine have other ids."""
    with tempfile.TemporaryDirectory(dir=area.temporary) as directory:
        ids = {"boot_id": str(uuid.uuid4()), "machine-id": uuid.uuid4().hex}
        for name, value in ids.items():
            Path(directory, name).write_text(f"{value}\n")
        boot, machine = (shlex.quote(f"{directory}/{name}") for name in ids)
        # Without a machine-id, as in some containers, the host's name is the machine's id.
        prepare = f"mount --bind {boot} {_BOOT_ID}; hostname elm"
        if Path("/etc/machine-id").exists():
            prepare += f"; mount --bind {machine} /etc/machine-id"
        return _run(area, f"{prepare}; ", words)


def on_read_only_disk(area: Area, *words: str) -> Done:
    """Run a command where the state directory cannot be written, as after an error of the disk."""
    state = shlex.quote(str(area.state))
    return _run(area, f"mount --bind {state} {state}; mount -o remount,ro,bind {state}; ", words)


def _run(area: Area, prepare: str, words: tuple[str, ...]) -> Done:
    command = shlex.join([sys.executable, "-m", "session_host.cli", *words])
    script = f"set -e; mount -t tmpfs -o mode=700 none {shlex.quote(str(area.runtime))}; {prepare}exec {command}"
    done = subprocess.run(
        ["unshare", *_AS_USER, "--mount", "--pid", "--uts", "--fork", "--mount-proc", "sh", "-c", script],
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
        timeout=TIMEOUT_S,
        stdin=subprocess.DEVNULL,
    )
    return Done(done.returncode, done.stdout, done.stderr)
