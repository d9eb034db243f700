"""Behave like Claude Code for its observers: a state file, hooks, and text on its terminal.

``claude_like.py [--settings FILE] [--session-id ID] [--help | --version]``

It reads orders, one in each line, from the FIFO that the variable ``CLAUDE_LIKE_ORDERS`` names, so orders need no user
input. It shows typed input, writes ``took LINE`` after Enter, and ignores it. After each order it writes ``did LINE``
to its terminal.

    state STATUS [WAITING FOR]     rewrite its state file in place, as the real one does
    torn                           write half of that file
    mended                         write the whole file
    hook EVENT [JSON]              run the hooks of that event in FILE, with a payload that includes JSON
    asks JSON                      open its dialog, and run the dialog's hooks; the first answer counts
    held JSON                      ask as a sub-agent in the background does: the dialog opens once the hooks have ended
    dialog WORD                    answer in the dialog, as a user; the hooks continue, as with the real one
    escape                         leave the dialog, as a user, which ends the hooks
    say TEXT                       write TEXT to the terminal, with its escapes decoded
    conversation ID                change to another conversation, as /clear does
    nested STATUS                  start another such agent by a tool, with this status; it lives until the end
    touch PATH                     create a file
    gone                           remove the state file, as at the end
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.programs.typed_input import typed_lines

OPTIONS = ("--settings <file>", "--session-id <id>", "--resume [id]", "--model <model>", "--print", "--debug")


class Agent:
    """The agent's state, state file, hooks and dialog."""

    def __init__(self, settings: str, conversation: str) -> None:
        base = os.environ.get("CLAUDE_CONFIG_DIR") or os.environ["HOME"] + "/.claude"
        self.path = Path(base, "sessions", f"{os.getpid()}.json")
        self.hooks = json.loads(Path(settings).read_text(encoding="utf-8"))["hooks"] if settings else {}
        self.conversation = conversation
        self.status, self.waiting_for = "idle", ""
        self.children: list[subprocess.Popen[bytes]] = []
        self.dialogs = 0
        self.open_dialog = 0
        self.dialog_hooks: list[subprocess.Popen[bytes]] = []
        self.lock = threading.Lock()

    def content(self) -> bytes:
        """The content of the state file."""
        started = Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
        fields = {
            "pid": os.getpid(),
            "sessionId": self.conversation,
            "cwd": str(Path.cwd()),
            "procStart": started,
            "version": "2.1.329",
            "kind": "interactive",
            "status": self.status,
            "statusUpdatedAt": 1,
        }
        if self.waiting_for:
            fields["waitingFor"] = self.waiting_for
        return json.dumps(fields).encode()

    def write(self, data: bytes) -> None:
        """Rewrite the state file in place."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT, 0o600)
        os.write(descriptor, data)
        os.ftruncate(descriptor, len(data))
        os.close(descriptor)

    def carry_out(self, order: str, rest: str) -> None:
        """Carry out one order."""
        match order:
            case "state":
                self.status, _, self.waiting_for = rest.partition(" ")
                self.write(self.content())
            case "torn":
                self.status = rest
                self.write(self.content()[:40])
            case "mended":
                self.write(self.content())
            case "hook":
                event, _, more = rest.partition(" ")
                self.run_hooks(event, json.loads(more) if more else {})
            case "asks":
                self.ask(json.loads(rest))
            case "held":
                self.ask(json.loads(rest), is_held=True)
            case "dialog":
                self.close_dialog(self.open_dialog, f"the dialog decides {rest}", "busy")
            case "escape":
                for hook in self.dialog_hooks:
                    os.killpg(hook.pid, signal.SIGTERM)
                self.close_dialog(self.open_dialog, "the dialog is left", "idle")
            case "say":
                os.write(1, rest.encode().decode("unicode_escape").encode("latin-1"))
            case "conversation":
                self.conversation = rest
                self.write(self.content())
            case "nested":
                code = f"from claude_like import Agent; a = Agent('', 'other'); a.carry_out('state', {rest!r}); input()"
                words = ["sh", "-c", '"$1" -S -c "$2"; true', "tool", sys.executable, code]
                environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
                self.children.append(subprocess.Popen(words, stdin=subprocess.PIPE, env=environment))
            case "touch":
                Path(rest).touch()
            case "gone":
                self.path.unlink()

    def run_hooks(self, event: str, more: dict[str, object]) -> None:
        """Run the event's hooks as the real one does: by a shell, each in its own session."""
        payload = {"session_id": self.conversation, "hook_event_name": event, **more}
        for entry in self.hooks.get(event, []):
            for hook in entry["hooks"]:
                subprocess.run(
                    ["/bin/sh", "-c", hook["command"]],
                    input=json.dumps(payload).encode(),
                    start_new_session=True,
                    check=True,
                    stdout=sys.stderr,
                )

    def ask(self, more: dict[str, object], *, is_held: bool = False) -> None:
        """Open the dialog, and run its hooks. A hook without ``async`` may decide by its output."""
        self.dialogs += 1
        if not is_held:
            self.open_dialog, self.dialog_hooks = self.dialogs, []
            self.carry_out("state", "waiting permission prompt")
        payload = {"session_id": self.conversation, "cwd": str(Path.cwd()), "hook_event_name": "PermissionRequest"}
        for entry in self.hooks.get("PermissionRequest", []):
            for hook in entry["hooks"]:
                process = subprocess.Popen(
                    ["/bin/sh", "-c", hook["command"]],
                    start_new_session=True,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL if hook.get("async") else subprocess.PIPE,
                )
                assert process.stdin is not None
                process.stdin.write(json.dumps({**payload, **more}).encode())
                process.stdin.close()
                self.dialog_hooks.append(process)
                threading.Thread(
                    target=self.hear, args=(process, self.dialogs), kwargs={"is_held": is_held}, daemon=True
                ).start()

    def hear(self, hook: subprocess.Popen[bytes], dialog: int, *, is_held: bool) -> None:
        """Wait for a hook, and apply its decision unless the dialog is closed."""
        output = hook.stdout.read() if hook.stdout is not None else b""
        hook.wait()
        print(f"hook {dialog} ended", flush=True)
        if output:
            decision = json.loads(output)["hookSpecificOutput"]["decision"]
            words = " ".join(f"{name}={value}" for name, value in sorted(decision.items()))
            if is_held:
                print(f"hook {dialog} decides {words}", flush=True)
            else:
                self.close_dialog(dialog, f"the hook decides {words}", "busy")
        elif is_held:
            self.open_dialog = dialog
            self.carry_out("state", "waiting permission prompt")

    def close_dialog(self, dialog: int, why: str, status: str) -> None:
        """Close a dialog; later answers to it have no effect."""
        with self.lock:
            late = dialog != self.open_dialog
            print(f"too late: {why}" if late else why, flush=True)
            if not late:
                self.open_dialog = 0
                self.carry_out("state", status)


def take(lines: Iterable[str]) -> None:
    """Say that each line was taken."""
    for line in lines:
        print(f"took {line}", flush=True)


def main() -> None:
    """Carry out orders until the FIFO's end."""
    parser = argparse.ArgumentParser(add_help=False)
    for option in ("--settings", "--session-id", "--resume"):
        parser.add_argument(option, default="")
    for option in ("--help", "--version"):
        parser.add_argument(option, action="store_true")
    options = parser.parse_args()
    if options.help or options.version:
        print("".join(f"  {each}  x\n" for each in OPTIONS) if options.help else "2.1.329 (Claude Code)")
        return
    agent = Agent(options.settings, options.session_id or options.resume)
    threading.Thread(target=take, args=(typed_lines(),), daemon=True).start()
    print("ready", flush=True)
    # Opened read-write, so that several writers can send orders, one after another.
    with open(os.environ["CLAUDE_LIKE_ORDERS"], "r+b", buffering=0) as orders:  # noqa: PTH123 - as a FIFO is opened
        while line := orders.readline().decode().rstrip("\n"):
            agent.carry_out(*(line.split(" ", 1) if " " in line else (line, "")))
            print(f"did {line}", flush=True)
    for child in agent.children:
        child.communicate(b"\n")


if __name__ == "__main__":
    main()
