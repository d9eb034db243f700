"""What restore, undo, discard and ``rm`` do and say about a chat's worktree on another machine is the same as here."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

from session_host.client.machine import ThisMachine
from session_host.client.worktrees.changes import read_changes
from session_host.client.worktrees.discarding import discard, undo
from session_host.errors import WorktreeError
from session_host.machines.link import Link
from session_host.machines.names import MachineEntry
from session_host.machines.remote import RemoteMachine
from session_host.restore_points.points import About, take
from tests.support.commands import outlive
from tests.support.repositories import Checkout
from tests.support.ssh_machines import SshMachine

REWRITTEN = "1 file stays as it is, which git would write in another way (filter, line ends, ident): mixed"


def test_a_chats_worktree_there_is_restored_and_removed_as_here(alpha: SshMachine) -> None:
    here = said(Path.home(), "")
    assert said(alpha.home, "alpha:") == here
    (restored, undone, discarded_, listed, kept, removed), codes = (
        [output for _, output, _ in here],
        [code for code, _, _ in here],
    )
    assert codes == [0] * 6
    assert restored == (
        "restored the files of x: N files as before the prompt at N:N:N; undo: outlive restore x --undo\n"
        "N file stays as it is, which git would write in another way (filter, line ends, ident): mixed\n"
    )
    assert undone.startswith("undid the restore of x: N files as before the restore at N:N:N; undo: ")
    assert undone.endswith("hidden from git, or not as git would write it): mixed\n")
    assert discarded_.startswith("Discarded(path='file', ")
    assert listed.count("\n") == 6
    assert kept == "removed x (ID)\nkept the worktree WORKTREES/outlive-x: N files not committed\n"
    worktree = "its worktree WORKTREES/outlive-y and its branch outlive/y"
    goes = f"y (ID) with {worktree}, and files in it that git ignores: build/"
    assert removed == f"removing {goes}\nremoved {goes}\n"


def said(home: Path, machine: str) -> list[tuple[int, str, str]]:
    """What commands say on a machine; the files there are as they should be."""
    checkout = Checkout.new(home / "project")
    checkout.commit("mixed")
    checkout.commit(".gitattributes", "mixed text\n")
    checkout.commit(".gitignore", "build/\n")
    lines = []

    def run(*words: str) -> None:
        done = outlive(*words)
        lines.append((done.code, plain(done.output), plain(done.error)))

    def plain(text: str) -> str:
        text = text.replace(str(there.path.parent), "WORKTREES").replace("alpha:", "")
        return re.sub(r"\d+", "N", re.sub(r"\([0-9a-f]{8}\)", "(ID)", text))

    on = ["--on", "alpha"] if machine else []
    chats = {}
    for name in ("x", "y"):
        done = outlive("new", "-d", "-n", name, *on, "-C", str(checkout.path), "--worktree", "--json", "--", "cat")
        assert done.code == 0, done.error
        chats[name] = json.loads(done.output)
    chat, there = chats["x"]["id"], Checkout(chats["x"]["cwd"])
    there.write("made", "before\n")
    (there.path / "mixed").write_bytes(b"one\r\ntwo\r\n")
    take(there.path, chat, About(kind="prompt"))
    (there.path / "mixed").write_bytes(b"three\r\nfour\n")
    (there.path / "made").unlink()
    there.write("file", "changed\n")
    run("restore", f"{machine}x", "1", "-y")
    assert ((there.path / "file").read_text(), (there.path / "made").read_text()) == ("file\n", "before\n")
    assert (there.path / "mixed").read_bytes() == b"three\r\nfour\n"
    run("restore", f"{machine}x", "--undo", "-y")
    assert ((there.path / "file").read_text(), (there.path / "made").exists()) == ("changed\n", False)
    lines.append((0, *asyncio.run(discarded(there, chat, machine))))
    run("restore", f"{machine}x")
    for name in ("x", "y"):
        assert outlive("kill", f"{machine}{name}").code == 0
        Checkout(chats[name]["cwd"]).write("build/result")
        run("rm", f"{machine}{name}", "-y")
    assert checkout.worktrees() == [str(there.path)]
    return lines


async def discarded(there: Checkout, chat: str, machine: str) -> tuple[str, str]:
    """Discard a file's change as the window does, and undo it; what is said of one that cannot be discarded."""
    place = RemoteMachine(Link(MachineEntry("alpha", "alpha"))) if machine else ThisMachine()
    try:
        changes = await place.call(read_changes, there.path)
        file, mixed = (next(each for each in changes.files if each.path == name) for name in ("file", "mixed"))
        done = await place.call(discard, there.path, changes, file, chat)
        assert (there.path / "file").read_text() == "file\n"
        await place.call(undo, there.path, done, chat)
        assert (there.path / "file").read_text() == "changed\n"
        try:
            await place.call(discard, there.path, changes, mixed, chat)
        except WorktreeError as error:
            return repr(done), str(error)
        return repr(done), ""
    finally:
        if isinstance(place, RemoteMachine):
            await place.link.close()
