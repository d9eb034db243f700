"""Copies a mounted file system at random moments while chats write to it, and reports what a power cut would have cost.

``python -m tests.kills.power_cuts [--images N] [--seed S] [--floods F] [--limit SECONDS]``

The state directory is on an ext4 of its own, on a loop device; needs root. The file behind that has what a disk would
have: each copy of it is what is left after a power cut. Chats write the time, line by line; another one is started
every few seconds, so that some are young. In each copy, every chat that had been started must have its row, and its
journal the lines, except those of the last ``--limit`` seconds.

Exit status: 0; 1 if more was lost.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from session_host.errors import OutliveError
from session_host.storage.journal import Output, read
from session_host.storage.store import Store
from tests.support import processes
from tests.support.area import Area, new_area
from tests.support.commands import OUTLIVE, environment

IMAGE_BYTES = 512 * 1024 * 1024
LIMIT_S = 6.0
"""The promise of 5 s, and what a busy machine adds."""
NEW_CHAT_EVERY_S = 7.0
CLOCK = "import time\nwhile True:\n    print(f'at {time.time():.3f}', flush=True)\n    time.sleep(0.05)"
FLOOD = CLOCK.replace("print(", "print('x' * 100_000 + '\\n' + ").replace("0.05", "0.01")
_TIME = re.compile(rb"at (\d+\.\d{3})\r?\n")


class Loss(NamedTuple):
    """What an image lacks of one chat.

    Attributes:
        chat: the chat's name.
        age_s: how long the chat had run.
        lost_s: how many seconds of its lines are missing; its age if it is missing as a whole.
    """

    chat: str
    age_s: float
    lost_s: float


class Disk:
    """An ext4 on a loop device, mounted on a directory."""

    def __init__(self, directory: Path, mount: Path) -> None:
        self.file, self.mount = directory / "disk.img", mount
        with self.file.open("wb") as file:
            file.truncate(IMAGE_BYTES)
        _run("mkfs.ext4", "-q", "-F", str(self.file))
        _run("mount", "-o", "loop", str(self.file), str(mount))
        mount.chmod(0o700)

    def close(self) -> None:
        """Unmount it."""
        _run("umount", "--lazy", str(self.mount))

    def cut(self, image: Path) -> float:
        """Copy what is on the disk now; returns the time."""
        now_s = time.time()
        _run("cp", "--sparse=always", str(self.file), str(image))
        return now_s


@contextmanager
def mounted(image: Path, directory: Path) -> Iterator[Path]:
    """Mount a copy, as after the restart: the file system repeats its own journal."""
    _run("mount", "-o", "loop", str(image), str(directory))
    try:
        yield directory
    finally:
        _run("umount", str(directory))


def losses(state: Path, started: dict[str, tuple[str, float]], cut_s: float) -> list[Loss]:
    """Compare a state directory with the chats that had been started: id → name, and the time of the start."""
    found = []
    try:
        with Store.open(state / "outlive.db") as store:
            rows = {record.id for record in store.all()}
    except OutliveError as error:
        print(f"  the database cannot be opened: {error}")
        rows = set()
    for session_id, (name, began_s) in started.items():
        if began_s > cut_s:
            continue
        age_s = lost_s = cut_s - began_s
        if session_id in rows:
            times = [float(each) for each in _TIME.findall(_recorded(state / "sessions" / session_id / "journal"))]
            lost_s = cut_s - max(times, default=began_s)
        found.append(Loss(name, age_s, lost_s))
    return found


def _recorded(journal: Path) -> bytes:
    return b"".join(entry.data for entry in read(journal) if isinstance(entry, Output))


def main() -> int:
    """Run; see the module."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--images", type=int, default=60)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--floods", type=int, default=0, help="chats that write 10 MB/s")
    parser.add_argument("--limit", type=float, default=LIMIT_S, metavar="SECONDS")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.randrange(1 << 32)
    print(f"seed {seed}")
    with pytest.MonkeyPatch.context() as patch, new_area() as area:
        area.enter(patch)
        return _run_in(area, options, random.Random(seed))


def _run_in(area: Area, options: argparse.Namespace, chance: random.Random) -> int:
    with contextlib.ExitStack() as stack:
        # A copy in memory takes some milliseconds, so that it is of one moment.
        memory = Path("/dev/shm") if Path("/dev/shm").is_dir() else None
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=memory)))
        disk = Disk(directory, area.state)
        stack.callback(disk.close)
        stack.callback(lambda: processes.end_product(lambda: _processes(area)))
        started: dict[str, tuple[str, float]] = {}
        for number in range(options.floods):
            _start(f"flood-{number}", FLOOD, started)
        found: list[Loss] = []
        torn = 0
        next_chat_s = 0.0
        image, copy = directory / "copy.img", directory / "copy"
        copy.mkdir()
        for number in range(1, options.images + 1):
            until_s = time.time() + chance.uniform(0.3, 7.0)
            while (now_s := time.time()) < until_s:
                if now_s >= next_chat_s and len(started) < options.floods + 12:
                    next_chat_s = now_s + NEW_CHAT_EVERY_S
                    _start(f"clock-{len(started)}", CLOCK, started)
                time.sleep(max(0.0, min(until_s, next_chat_s) - time.time()) if next_chat_s > time.time() else 0.05)
            cut_s = disk.cut(image)
            try:
                with mounted(image, copy) as state:
                    lost = losses(state, started, cut_s)
            except subprocess.CalledProcessError:
                torn += 1
                continue
            worst = max(lost, key=lambda each: each.lost_s)
            print(
                f"image {number}: {len(lost)} chats, at most {worst.lost_s:.1f} s lost "
                f"({worst.chat}, {worst.age_s:.1f} s old)"
            )
            found += lost
            image.unlink()
    bad = [each for each in found if each.lost_s > options.limit]
    seconds = sorted(each.lost_s for each in found)
    print(
        f"{options.images} images ({torn} torn by the copy), {len(found)} chats in them: "
        f"lost at most {seconds[-1]:.1f} s, median {statistics.median(seconds):.1f} s; "
        f"{len(bad)} lost more than {options.limit:g} s"
    )
    return 1 if bad or torn > options.images // 10 else 0


def _start(name: str, script: str, started: dict[str, tuple[str, float]]) -> None:
    done = subprocess.run(
        [*OUTLIVE, "new", "-d", "--json", "-n", name, "--", sys.executable, "-c", script],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
        stdin=subprocess.DEVNULL,
    )
    started[json.loads(done.stdout)["id"]] = name, time.time()


def _processes(area: Area) -> list[int]:
    return list(processes.with_environment("OUTLIVE_RUNTIME_DIR", str(area.runtime)))


def _run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)


if __name__ == "__main__":
    if os.getuid() != 0 or shutil.which("mkfs.ext4") is None:
        sys.exit("needs root and mkfs.ext4")
    sys.exit(main())
