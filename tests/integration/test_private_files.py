"""Files of a chat are private to the user, and in the user's directories only."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from gui.window.remote_control import single_instance
from session_host.client.chats import retention
from session_host.client.sessions.store_access import open_store
from session_host.errors import OutliveError
from session_host.machines import names
from session_host.machines.names import MachineEntry
from session_host.paths import ensure_private, window_socket
from tests.support.area import Area
from tests.support.commands import new, outlive
from tests.support.hosts import end, see, watching
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("sessions")


@pytest.fixture
def no_umask() -> Iterator[None]:
    """Sets the umask to 0, so that the user's shell removes no rights from files."""
    before = os.umask(0)
    yield
    os.umask(before)


def open_to_others(root: Path) -> list[str]:
    """The paths at and below ``root`` that users other than the owner could enter, read or write."""
    found = []
    for path in (root, *root.rglob("*")):
        mode = path.lstat().st_mode
        is_run = path.parent.name == "bin"  # the command, for the PATH of chats
        wanted = 0o700 if stat.S_ISDIR(mode) or is_run else 0o600
        if stat.S_IMODE(mode) & ~wanted:
            found.append(f"{path.relative_to(root)} {stat.filemode(mode)}")
    return found


async def test_all_files_of_a_busy_chat_are_private_to_its_user(
    area: Area, no_umask: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = area.root / "made" / "on" / "the" / "way"
    monkeypatch.setenv("OUTLIVE_STATE_DIR", str(deep / "state"))
    area.runtime.rmdir()  # The first process that needs the directory creates it.
    busy = new("-n", "busy", "-e", "KEY=value", "--", "sh", "-c", "printf '\\033]2;a title\\007'; umask; cat")
    claim = single_instance.claim_or_raise()
    assert claim is not None
    async with watching(busy) as (viewer, watcher):
        await see(viewer, watcher, "0000")  # The program has the user's umask.
        viewer.text("something\r")
        await see(viewer, watcher, "something")
        outlive("rename", busy, "busier")
        outlive("peek", busy)
        outlive("ls", "--all", "--json")
        ended = new("--", "sh", "-c", "echo the end")
        outlive("wait", ended, "--exited", "--timeout", "60")
        assert open_to_others(area.root / "made") == []
        assert open_to_others(area.runtime) == []
        kinds = {stat.S_IFMT(path.lstat().st_mode) for path in area.runtime.iterdir()}
        assert stat.S_IFSOCK in kinds
    claim.release()
    await end(busy)
    outlive("rm", ended)
    assert open_to_others(area.root / "made") == []


def test_all_files_of_a_used_state_directory_are_private_to_the_user(area: Area, no_umask: None) -> None:
    """What a resumed shell begins with, and the log of removed chats, could be read by others."""
    shell = str(outlive("new", "shell", "-d", "--json").json()["id"])
    outlive("send", shell, "echo fo''und", "--enter")
    assert outlive("wait", shell, "--text", "found", "--timeout", "60").code == 0
    assert outlive("kill", shell).code == 0
    resumed = str(outlive("resume", shell, "-d", "--json").json()["id"])
    assert outlive("search", "found").code == 0
    assert outlive("export", shell, str(area.root / "exported.txt")).code == 0
    assert outlive("kill", resumed).code == 0
    with open_store() as store:
        retention._log_removal(store.find(resumed))
    names.add(MachineEntry("near", "user@127.0.0.1:1"))
    outlive("ls", "--on", "all")
    assert (area.state / "sessions" / resumed).is_dir()
    assert open_to_others(area.state) == []
    assert open_to_others(area.runtime) == []


@pytest.mark.parametrize("which", ["runtime", "state"])
@pytest.mark.parametrize("what", ["a symbolic link", "a file"])
def test_every_command_refuses_a_directory_replaced_by_a_link_or_a_file(area: Area, which: str, what: str) -> None:
    session = new("-n", "x", "--", "cat")
    place: Path = getattr(area, which)
    aside = place.rename(area.root / "aside")
    replacement = area.root / "replacement"
    if what == "a symbolic link":
        replacement.symlink_to(aside)
    else:
        replacement.touch()

    def replaced() -> bool:
        with suppress(IsADirectoryError):
            replacement.rename(place)
            return True
        shutil.rmtree(place, ignore_errors=True)  # The keeper has made it anew meanwhile.
        return False

    wait_until(replaced, 60, f"{what} in the place of the directory")
    try:
        for words in (["ls"], ["new", "--", "true"], ["peek", "x"], ["kill", "x"]):
            done = outlive(*words)
            assert done.code == 1, (words, done)
            assert str(place) in done.complaint()
    finally:
        place.unlink()
        aside.rename(place)
    done = outlive("kill", session)

    def is_killed() -> bool:
        """If the keeper has bound the chat's socket in a directory of its own meanwhile, it does so again."""
        nonlocal done
        done = done if done.code == 0 else outlive("kill", session)
        return done.code == 0

    wait_until(is_killed, 60, lambda: f"the end of the chat, which has lived through it: {done}", every_s=0.5)


@pytest.mark.parametrize("kind", ["a file", "a symbolic link", "a dangling link", "a stale socket"])
def test_a_link_in_place_of_the_windows_socket_is_replaced_and_its_target_kept(area: Area, kind: str) -> None:
    precious = area.home / "precious"
    precious.write_text("precious")
    match kind:
        case "a file":
            window_socket().write_text("")
        case "a symbolic link":
            window_socket().symlink_to(precious)
        case "a dangling link":
            window_socket().symlink_to(area.home / "nothing")
        case _:
            with socket.socket(socket.AF_UNIX) as left:
                left.bind(str(window_socket()))
    claim = single_instance.claim_or_raise()
    assert claim is not None
    assert stat.S_ISSOCK(window_socket().lstat().st_mode)
    assert precious.read_text() == "precious"
    claim.release()


def test_a_symbolic_link_in_place_of_the_windows_lock_is_refused_in_one_line(area: Area) -> None:
    (area.runtime / "window.lock").symlink_to(area.home / "elsewhere")
    with pytest.raises(OutliveError, match="cannot create the lock file") as caught:
        single_instance.claim_or_raise()
    assert "\n" not in str(caught.value)
    assert not (area.home / "elsewhere").exists()


@pytest.mark.parametrize("kind", ["a file", "a symbolic link", "a directory", "a stale socket", "a pipe"])
def test_foreign_files_in_the_runtime_directory_do_no_harm(area: Area, kind: str) -> None:
    """Also foreign files with names that the product uses itself."""
    for name in ("keeper.sock", "keeper.lock", f"{uuid.uuid4()}.sock", "window.sock"):
        path = area.runtime / name
        match kind:
            case "a file":
                path.write_text("junk")
            case "a symbolic link":
                path.symlink_to(area.home / "precious")
            case "a directory" if not name.endswith(".lock"):
                path.mkdir()
            case "a stale socket" if not name.endswith(".lock"):
                with socket.socket(socket.AF_UNIX) as left:
                    left.bind(str(path))
            case "a pipe" if not name.endswith(".lock"):
                os.mkfifo(path)
            case _:
                pass
    (area.home / "precious").write_text("precious")
    done = outlive("new", "--json", "-n", "one", "--", "cat")
    if done.code == 0:
        assert outlive("send", "one", "heard", "--enter").code == 0
        assert outlive("wait", "one", "--text", "heard", "--timeout", "60").code == 0
        assert [info["name"] for info in outlive("ls", "--json").json()] == ["one"]
        assert outlive("doctor").code in {0, 1}
        assert outlive("kill", "one").code == 0
    else:
        assert "\n" not in done.complaint(), "what cannot be put aside is said in one line"
        assert kind in {"a directory", "a symbolic link"}
    assert (area.home / "precious").read_text() == "precious"


def test_created_directories_are_private_and_existing_ones_keep_their_modes(area: Area, no_umask: None) -> None:
    there = area.home / "there"
    there.mkdir(mode=0o755)
    ensure_private(there / "one" / "two")
    assert [stat.S_IMODE(path.stat().st_mode) for path in (there, there / "one", there / "one" / "two")] == [
        0o755,
        0o700,
        0o700,
    ]
