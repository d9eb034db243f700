"""Small disks for tests that fill them, and directories that are removed while they are in use."""

from __future__ import annotations

import ctypes
import errno
import itertools
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from session_host.client.sessions.store_access import open_store


@contextmanager
def small_disk(mount_point: Path, size_kib: int, *, files: int = 0) -> Iterator[Path]:
    """Mount a file system in memory, with room for ``files`` files if not 0; skips the test if that is not allowed."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    mount_point.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size_kib}k,mode=0700,nr_inodes={files}", "tmpfs", mount_point],
        check=False,
        capture_output=True,
        text=True,
    )
    if mounted.returncode != 0:
        pytest.skip(f"mount is not allowed here: {mounted.stderr.strip()}")
    try:
        yield mount_point
    finally:
        subprocess.run(["umount", "--lazy", mount_point], check=True)


@contextmanager
def hanging_disk(mount_point: Path) -> Iterator[Path]:
    """Mount a disk that answers nothing, as a network mount without its server; skips the test if not allowed."""
    if os.geteuid() != 0 or not os.access("/dev/fuse", os.R_OK | os.W_OK):
        pytest.skip("mounting a file system with FUSE needs root and /dev/fuse")
    mount_point.mkdir()
    descriptor = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    try:
        options = f"fd={descriptor},rootmode=40000,user_id=0,group_id=0".encode()
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.mount(b"fuse", os.fsencode(mount_point), b"fuse", 0, options):
            pytest.skip(f"mount is not allowed here: {os.strerror(ctypes.get_errno())}")
        try:
            yield mount_point
        finally:
            os.close(descriptor)  # All that wait get an error.
            descriptor = -1
            subprocess.run(["umount", "--lazy", mount_point], check=True)
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def fill_disk(directory: Path, leave_bytes: int = 0) -> Path:
    """Fill the disk except for this many bytes; returns the file that fills it."""
    ballast = directory / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\x00" * 4096)
        except OSError:
            pass
        file.truncate(max(0, file.tell() - leave_bytes))
    return ballast


@contextmanager
def full_disk(directory: Path) -> Iterator[None]:
    """Keep the disk of the state directory full.

    Who closes the store last removes SQLite's files beside it, and would give back 100 KB and more. So it is open here.
    """
    with open_store() as store:
        store.running()
        ballast = fill_disk(directory)
        yield
    ballast.unlink()


def use_all_files(directory: Path) -> list[Path]:
    """Make files until the file system has no room for another; returns them."""
    files: list[Path] = []
    for number in itertools.count():
        path = directory / f"file {number}"
        try:
            path.touch()
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            return files
        files.append(path)
    raise AssertionError


def make_read_only(mount_point: Path) -> None:
    """Make the disk read-only."""
    subprocess.run(["mount", "-o", "remount,ro", mount_point], check=True)


def remove_in_use(directory: Path) -> None:
    """Remove a directory, and try again while hosts bind sockets in it."""
    while True:
        try:
            shutil.rmtree(directory)
        except OSError as error:
            if error.errno != errno.ENOTEMPTY:
                raise
        else:
            return


@contextmanager
def bind_mount(source: Path, target: Path) -> Iterator[None]:
    """Show a directory at another place, which is made, by a bind mount; skips the test if that is not allowed."""
    if os.geteuid() != 0:
        pytest.skip("a bind mount needs root")
    target.mkdir(parents=True)
    mounted = subprocess.run(["mount", "--bind", source, target], check=False, capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"mount is not allowed here: {mounted.stderr.strip()}")
    descriptor = os.open(target, os.O_PATH | os.O_CLOEXEC)
    try:
        yield
    finally:
        moved_to = os.readlink(f"/proc/self/fd/{descriptor}")  # noqa: PTH115
        os.close(descriptor)
        subprocess.run(["umount", "--lazy", moved_to], check=True)
