"""Commands about chats on other machines."""

from __future__ import annotations

import json
import re
import socket
from functools import partial

import pytest

from session_host.client.chats.settings import remember_colors
from session_host.terminal.base import DefaultColors
from session_host.version import VERSION
from tests.support import processes
from tests.support.commands import OnTerminal, outlive
from tests.support.disks import fill_disk, remove_in_use, small_disk
from tests.support.ssh_machines import SshMachine
from tests.support.waiting import wait_until

DETACH = b"\x02d"


def test_a_chat_on_a_machine_is_started_listed_used_and_ended(alpha: SshMachine) -> None:
    started = outlive("new", "-d", "--on", "alpha", "-n", "echo", "--", "cat")
    assert re.fullmatch(r"echo [0-9a-f-]{36}\n", started.output), started.error
    assert outlive("send", "alpha:echo", 'it\'s "here" ünd thére', "--enter").code == 0
    assert outlive("wait", "alpha:echo", "--text", "thére\n.*thére", "--timeout", "60").code == 0
    assert 'it\'s "here" ünd thére' in outlive("peek", "alpha:echo").output
    assert "echo" not in outlive("ls").output
    [chat] = json.loads(outlive("ls", "--on", "alpha", "--json").output)
    assert (chat["machine"], chat["name"], chat["cwd"]) == ("alpha", "echo", str(alpha.home))
    assert outlive("stop", "alpha:echo").code == 0
    assert outlive("peek", "alpha:none").code == 3
    assert json.loads(outlive("ls", "--on", "alpha", "--json").output) == []


def test_a_question_of_a_command_there_is_answered_here(alpha: SshMachine) -> None:
    assert outlive("new", "-d", "--on", "alpha", "-n", "echo", "--", "cat").code == 0
    refused = outlive("kill-all", "--on", "alpha")
    assert (refused.code, refused.complaint()) == (2, "kill-all kills every running chat; confirm with --yes")
    for answer, said, code in (
        ("n\r", "no chats were killed", 1),
        ("\x04", "no chats were killed", 1),
        ("\x03", "", 130),
        ("yes\r", "killed 1 chat", 0),
    ):
        with OnTerminal("kill-all", "--on", "alpha") as terminal:
            terminal.see("Kill 1 running chat: echo? [y/N]")
            terminal.type(answer)
            assert (terminal.end(), terminal.text().splitlines()[1:]) == (code, [said] if said else [])


def test_a_long_text_for_a_machine_comes_whole(alpha: SshMachine) -> None:
    kept = alpha.home / "kept"
    command = ("sh", "-c", f"stty raw -echo; echo ready; exec cat > {kept}")
    assert outlive("new", "-d", "--on", "alpha", "-n", "log", "--", *command).code == 0
    assert outlive("wait", "alpha:log", "--text", "ready", "--timeout", "60").code == 0
    text = "0123456789abcde\n" * 12_000
    sent = outlive("send", "alpha:log", "-", typed=text)
    assert sent.code == 0, sent.error
    wait_until(lambda: kept.stat().st_size == len(text), 20, lambda: f"all of it; {kept.stat().st_size} came")


def test_wait_goes_on_after_a_lost_connection(alpha: SshMachine) -> None:
    assert outlive("new", "-d", "--on", "alpha", "-n", "echo", "--", "cat").code == 0

    def waiting() -> set[int]:
        pids = processes.with_environment("OUTLIVE_RUNTIME_DIR", str(alpha.runtime))
        return {pid for pid in pids if "wait" in processes.command_line(pid)}

    def is_another_waiting(earlier: set[int]) -> bool:
        return bool(waiting() - earlier)

    for limit in ("--timeout", "8"), ():
        is_waiting = partial(is_another_waiting, waiting())  # One there may not know yet that its connection is lost.
        with OnTerminal("wait", "alpha:echo", "--text", "done", *limit) as terminal:
            wait_until(is_waiting, 60, "the command there")
            alpha.stop()
            terminal.see("alpha: the connection was lost; waiting until it is back")
            if limit:
                assert terminal.end() == 7
            alpha.start()
            if not limit:
                assert outlive("send", "alpha:echo", "done").code == 0
                assert terminal.end() == 0


def test_this_machine_is_called_here(alpha: SshMachine) -> None:
    assert outlive("new", "-d", "--on", "here", "-n", "near", "--", "cat").code == 0
    [chat] = json.loads(outlive("ls", "--on", "here", "--json").output)
    assert (chat["machine"], chat["name"]) == ("here", "near")
    assert outlive("send", "here:near", "hello", "--enter").code == 0
    assert outlive("wait", f"here:{chat['id']}", "--text", "hello\nhello", "--timeout", "60").code == 0
    assert "hello" in outlive("peek", "--", "here:near").output
    assert outlive("rename", "here:near", "here:near").complaint().startswith("'here:near': a name has no colon")
    assert outlive("rename", "here:near", "x").code == 0
    with OnTerminal("attach", "here:x") as terminal:
        terminal.see("hello\nhello")
        terminal.type(DETACH)
        assert terminal.wait() == 0
    assert outlive("kill", "here:x").code == 0
    assert outlive("peek", "here:none").complaint().startswith("no chat")


def test_what_is_after_two_dashes_and_names_with_a_dash_are_the_same_there(alpha: SshMachine) -> None:
    assert outlive("new", "-d", "--on", "alpha", "-n", "x", "--", "cat").code == 0
    assert outlive("send", "--enter", "--", "alpha:x", "--help").output.startswith("sent to x")
    assert outlive("wait", "--text", "--help", "--timeout", "60", "--", "alpha:x").code == 2, (
        "an option needs its value"
    )
    assert outlive("wait", "--text=--help", "--timeout", "60", "--", "alpha:x").code == 0
    for words in (("new", "--on", "alpha", "-d", "--name=-x", "--", "cat"), ("rename", "alpha:x", "--", "-x")):
        refused = outlive(*words)
        assert (refused.code, "a dash" in refused.error) == (2, True), refused
    assert "begins with a dash" in outlive("peek", "alpha:-x").complaint()
    assert outlive("kill", "--", "alpha:x").code == 0
    assert outlive("rm", "--on", "alpha", "--", "x").code == 0


def test_the_list_of_all_machines_tells_which_one_does_not_answer(
    alpha: SshMachine, machines: list[SshMachine]
) -> None:
    assert outlive("machines", "add", "second", "beta").code == 0
    assert outlive("new", "-d", "--on", "alpha", "-n", "there", "--", "cat").code == 0
    assert outlive("new", "-d", "-n", "near", "--", "cat").code == 0
    machines[1].stop()
    listed = outlive("ls", "--on", "all", "--json")
    assert {(chat["machine"], chat["name"]) for chat in json.loads(listed.output)} == {
        ("here", "near"),
        ("alpha", "there"),
    }
    assert listed.code == 0
    assert re.fullmatch(r"outlive: second: .*refused\n", listed.error)
    assert outlive("peek", "second:any").code == 7
    states = {each["name"]: each["state"] for each in json.loads(outlive("machines", "--json").output)}
    assert states == {"alpha": "reachable", "second": "unreachable"}
    assert re.fullmatch(r"outlive: second: .*refused\n", outlive("machines").error)
    assert outlive("machines", "remove", "second").code == 0
    unknown = outlive("peek", "second:any")
    assert unknown.code == 3
    assert "no chat matches 'second:any', and no machine is called 'second'; see " in unknown.error


def test_a_machine_with_a_full_disk_is_reachable_and_its_disk_is_named(alpha: SshMachine) -> None:
    remove_in_use(alpha.home / "state")
    with small_disk(alpha.home / "state", 64) as disk:
        fill_disk(disk)
        full = f"outlive: alpha: {disk}/outlive.db: the disk is full; free some space and try again\n"
        for words, code in (
            (("ls", "--on", "all"), 0),
            (("ls", "--on", "alpha"), 1),
            (("machines",), 0),
            (("peek", "alpha:x"), 1),
        ):
            done = outlive(*words)
            assert (done.code, done.error) == (code, full), words
        [row] = json.loads(outlive("machines", "--json").output)
        assert (row["state"], row["problem"]) == ("reachable", full.removeprefix("outlive: ").strip())


@pytest.mark.usefixtures("patient_lists")
def test_all_machines_are_searched_at_once(alpha: SshMachine, machines: list[SshMachine]) -> None:
    assert outlive("machines", "add", "second", "beta").code == 0
    for place, name, text in (
        ("here", "near", "near needle"),
        ("alpha", "far", "needle 1\\nneedle 1\\nneedle 2"),
        ("alpha", "other", "hay"),
    ):
        assert outlive("new", "-d", "--on", place, "-n", name, "--", "printf", f"{text}\\n").code == 0
        assert outlive("wait", f"{place}:{name}", "--exited", "--timeout", "60").code == 0
    found = outlive("search", "--on", "all", "needle")
    lines = [line.split("  ") for line in found.output.splitlines()]
    assert [line[0] or line[-1] for line in lines] == ["alpha:far", "needle 2", "×2", "near", "near needle"]
    assert (found.code, found.error) == (0, "")
    machines[1].stop()
    found = outlive("search", "needle", "--on=all", "--json")
    assert {(each["machine"], each["name"], each["text"]) for each in json.loads(found.output)} == {
        ("here", "near", "near needle"),
        ("alpha", "far", "needle 1"),
        ("alpha", "far", "needle 2"),
    }
    assert found.code == 0
    assert re.fullmatch(r"outlive: second: .*refused\n", found.error)
    first = outlive("search", "--on", "all", "needle", "--limit", "1")
    assert re.search(r"\n  \+2 in this chat: outlive search --session alpha:[0-9a-f]{8} needle\n$", first.output)
    assert first.error.endswith("newest line; use --limit for more\n")
    more = first.output.splitlines()[-1].split()
    assert outlive("search", *more[more.index("--session") :]).output.count("needle") == 2
    assert "no matches for 'hay' in 0 chats" in outlive("search", "--on", "all", "hay", "--agent", "claude").error
    assert outlive("search", "--on", "all", "hay", "--since", "today").output.startswith("alpha:other  ")


def test_outlive_is_installed_on_a_machine_that_has_none(machines: list[SshMachine]) -> None:
    beta = machines[1]
    beta.program.unlink()
    asked = outlive("machines", "add", "beta")
    assert asked.code == 7
    assert "will be written to ~/.local/share/outlive on beta, and the link ~/.local/bin/outlive" in asked.output
    assert asked.error == "outlive: beta is not added; to install Outlive there as said, add --install\n"
    assert outlive("machines").output.startswith("no machine is added")
    assert not (beta.home / ".local").exists()
    done = outlive("machines", "add", "beta", "--install")
    assert done.code == 0, done.error
    assert outlive("new", "-d", "--on", "beta", "-n", "echo", "--", "cat").code == 0
    assert outlive("send", "beta:echo", "hello", "--enter").code == 0
    [place] = (beta.home / ".local/share/outlive").iterdir()
    assert place.name.startswith(f"{VERSION}-")
    assert (beta.home / ".local/bin/outlive").readlink() == place / "outlive"


def test_what_start_files_print_is_no_part_of_the_answer(alpha: SshMachine) -> None:
    alpha.log_in_with("bash")
    (alpha.home / ".bashrc").write_text("echo welcome; echo outlive-bridge 0; echo to stderr >&2\n")
    done = outlive("ls", "--on", "alpha")
    nothing = "no running chats; `outlive new AGENT --on alpha` starts one\n"
    assert (done.code, done.output, done.error) == (0, nothing, "")


def test_names_that_machines_cannot_have(machines: list[SshMachine]) -> None:
    for name, destination in (("all", "alpha"), ("a:b", "alpha"), ("x", "-oProxyCommand=touch /tmp/x"), ("y", "a b")):
        done = (
            outlive("machines", "add", name, "--", destination)
            if destination[0] == "-"
            else outlive("machines", "add", name, destination)
        )
        assert done.code == 2, done.error


def test_a_name_that_another_machine_has_is_refused_before_anything_is_installed(
    alpha: SshMachine, machines: list[SshMachine]
) -> None:
    beta = machines[1]
    beta.program.unlink()
    done = outlive("machines", "add", alpha.name, beta.name, "--install")
    assert (done.code, done.error) == (2, "outlive: alpha is a machine already; see `outlive machines`\n")
    assert not (beta.home / ".local").exists()


def test_a_chat_uses_the_ssh_agent_that_the_newest_login_forwards(alpha: SshMachine) -> None:
    places = []
    for name in ("first", "second"):
        place = alpha.home / name
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(str(place))
        listening.close()
        places.append(place)
    alpha.stop()
    alpha.more_environment["SSH_AUTH_SOCK"] = str(places[0])
    alpha.start()
    command = ("sh", "-c", "while read line; do readlink $SSH_AUTH_SOCK; done")
    assert outlive("new", "-d", "--on", "alpha", "-n", "keys", "--", *command).code == 0
    assert outlive("send", "alpha:keys", "--enter").code == 0
    assert outlive("wait", "alpha:keys", "--text", "first", "--timeout", "60").code == 0
    alpha.stop()
    alpha.more_environment["SSH_AUTH_SOCK"] = str(places[1])
    alpha.start()
    with OnTerminal("attach", "alpha:keys", is_executed=True) as terminal:
        [link] = alpha.runtime.glob("*.ssh")
        wait_until(lambda: link.readlink() == places[1], 20, "the link to point to the second agent")
        terminal.type(DETACH)
        assert terminal.end() == 0


def test_a_chat_that_is_started_there_gets_the_colours_of_the_terminals_here(alpha: SshMachine) -> None:
    remember_colors(DefaultColors(0x1A1E24, 0xFFFFFF, 0x1A1E24, dark=False))
    asks = (
        "stty -echo -icanon; printf '\\033]11;?\\033\\\\'; head -c 24 | tr '\\033' E; echo;"
        ' echo "<$OUTLIVE_COLORS>"; exec cat'
    )
    assert outlive("new", "-d", "--on", "alpha", "-n", "asks", "--", "sh", "-c", asks).code == 0
    assert outlive("wait", "alpha:asks", "--text", "<>", "--timeout", "60").code == 0
    assert "E]11;rgb:ffff/ffff/ffff" in outlive("peek", "alpha:asks").output


def test_attach_to_a_chat_on_a_machine_that_reboots_says_how_to_go_on(alpha: SshMachine) -> None:
    assert outlive("new", "-d", "--on", "alpha", "-n", "echo", "--", "cat").code == 0
    with OnTerminal("attach", "alpha:echo", is_executed=True) as terminal:
        terminal.type("hello\r")
        terminal.see("hello\nhello")
        alpha.reboot()
        assert terminal.end() == 6
        assert "was interrupted by a restart; go on with: outlive resume alpha:echo" in terminal.text()
    [chat] = json.loads(outlive("ls", "--all", "--on", "alpha", "--json").output)
    assert chat["reason"] == "interrupted"
