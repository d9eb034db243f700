"""Store conversations as Claude Code (2.1) and Codex (0.169) do: ``conversing.py claude|codex ARGUMENTS``.

Each typed line is a prompt: the program stores it and answers ``you said: LINE``. At the start of a resumed
conversation, the program prints the stored messages, one on each line. Some lines are orders:

    /clear, /new      leave the conversation for a new one
    /resume ID        codex: resume another conversation in this process
    quick …           a turn of no duration
    late …            claude: store the answer some time after it was said
    stub              claude: write only the lines before the first prompt, as if killed at that point
    farewell          from now on, at SIGTERM, leave the alternate screen and say how to resume it
    modes             switch on the alternate screen, mouse, paste and keyboard modes
    leave             exit

In a directory with a file ``untrusted`` it asks whether to trust the directory. Any answer means no, and it exits.
The variable ``CONVERSING_LACKS`` names an option that this version lacks.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import sys
import threading
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.programs.typed_input import typed_lines

VERSIONS = {"claude": "2.1.329 (Claude Code)", "codex": "codex-cli 0.169.0"}

HELPS = {
    "claude": """\
Usage: claude [options] [command] [prompt]
  --model <model>            Model for the current session
  -r, --resume [value]       Resume a conversation by session ID
  --session-id <uuid>        Use a specific session ID for the conversation
  --settings <file-or-json>  Path to a settings JSON file
  --verbose                  Verbose
  -v, --version              Output the version number
""",
    "codex": """\
Usage: codex [OPTIONS] [PROMPT]
  -c, --config <key=value>
  -m, --model <MODEL>
      --no-daemon
  -s, --sandbox <SANDBOX_MODE>
  -h, --help
""",
}

LATE_S = 1.5
"""How long after the end of a turn the answer is stored that belongs to it."""

WORK_S = 0.2
"""The duration of a turn, long enough for observers to see its status."""

MODES = "\x1b[?1049h\x1b[?1003h\x1b[?2004h\x1b[>7u\x1b[?25l"


class Refused(Exception):
    """The program prints this message and exits with 1."""


class Claude:
    """A process that behaves like Claude Code."""

    def __init__(self, arguments: list[str]) -> None:
        self.home = Path(os.environ.get("CLAUDE_CONFIG_DIR") or os.environ["HOME"] + "/.claude")
        self.directory = self.home / "projects" / re.sub("[^a-zA-Z0-9]", "-", str(Path.cwd()))
        options, self.prompts = parse(arguments, {"--model", "--resume", "-r", "--session-id", "--settings"})
        resumed = options.get("--resume", options.get("-r", ""))
        self.id = resumed or options.get("--session-id") or str(uuid.uuid4())
        if resumed and not any('"type":"user"' in line for line in self.lines()):
            raise Refused(f"No conversation found with session ID: {resumed}")
        if not resumed and self.transcript.exists():
            raise Refused(f"Error: Session ID {self.id} is already in use.")
        self.write_status("idle")

    @property
    def transcript(self) -> Path:
        """The transcript file of the current conversation."""
        return self.directory / f"{self.id}.jsonl"

    def lines(self) -> list[str]:
        return self.transcript.read_text().splitlines() if self.transcript.exists() else []

    def write_status(self, status: str) -> None:
        """Write the state file of this process."""
        started = Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]
        fields = {
            "pid": os.getpid(),
            "sessionId": self.id,
            "procStart": started,
            "cwd": str(Path.cwd()),
            "status": status,
        }
        (self.home / "sessions").mkdir(parents=True, exist_ok=True)
        (self.home / "sessions" / f"{os.getpid()}.json").write_text(json.dumps(fields))

    def keep(self, *lines: str) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        with self.transcript.open("a") as file:
            file.writelines(f"{line}\n" for line in lines)

    def history(self) -> list[str]:
        return [json.loads(line)["message"]["content"] for line in self.lines() if '"type":"user"' in line]

    def take(self, line: str) -> str:
        if line == "/clear":
            self.id = str(uuid.uuid4())
            self.write_status("idle")
            return "cleared"
        if line == "stub":
            self.keep('{"type":"mode","mode":"normal"}', '{"type":"permission-mode","permissionMode":"default"}')
            return "stubbed"
        if not self.transcript.exists():
            self.keep('{"type":"mode","mode":"normal"}')
        answer = f"you said: {line}"
        self.keep(self.record("user", line))
        if line.startswith("late"):
            self.keep(self.record("assistant", [{"type": "tool_use"}], "tool_use"))
            threading.Timer(LATE_S, self.keep, [self.record("assistant", [{"type": "text", "text": answer}])]).start()
        else:
            self.keep(self.record("assistant", [{"type": "text", "text": answer}]))
        return answer

    @staticmethod
    def record(kind: str, content: object, stop_reason: str = "end_turn") -> str:
        """A line of the transcript."""
        message = {"content": content, **({"stop_reason": stop_reason} if kind == "assistant" else {})}
        fields = {"parentUuid": None, "type": kind, "message": message, "timestamp": datetime.now(UTC).isoformat()}
        return json.dumps(fields, separators=(",", ":"))

    def leave(self) -> None:
        (self.home / "sessions" / f"{os.getpid()}.json").unlink()


class Codex:
    """A process that behaves like Codex."""

    def __init__(self, arguments: list[str]) -> None:
        self.home = Path(os.environ.get("CODEX_HOME") or os.environ["HOME"] + "/.codex")
        _, words = parse(arguments, {"-c", "--config", "-m", "--model"})
        self.open: list[object] = []
        self.rollout: TextIO | None = None
        self.read_only = False
        if words[:1] == ["resume"]:
            self.prompts = words[2:]
            self.resume(words[1])
        else:
            self.prompts = words
            self.begin()

    def begin(self) -> None:
        """Begin a new thread, which has only a lock."""
        self.id = uuid7()
        self.lock()

    def resume(self, thread: str) -> None:
        found = list(self.home.glob(f"sessions/*/*/*/rollout-*-{thread}.jsonl"))
        if not found:
            raise Refused(f"ERROR: No saved session found with ID {thread}.")
        self.id = thread
        self.lock()
        if not self.read_only:
            self.rollout = found[0].open("a+")
            self.open.append(self.rollout)

    def lock(self) -> None:
        self.rollout = None
        path = self.home / "thread-writer-locks" / f"{self.id}.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.read_only = True
            print("This conversation is open in another app", flush=True)
            file.close()
        else:
            self.open.append(file)

    def history(self) -> list[str]:
        if self.rollout is None:
            return []
        self.rollout.seek(0)
        return [json.loads(line)["message"] for line in self.rollout.read().splitlines() if '"message"' in line]

    def take(self, line: str) -> str:
        if line == "/new":
            self.begin()
            return "begun"
        if line.startswith("/resume "):
            self.resume(line.split()[1])
            return f"resumed {self.history()}"
        if self.rollout is None:
            directory = self.home / "sessions" / "2026" / "11" / "20"
            directory.mkdir(parents=True, exist_ok=True)
            self.rollout = (directory / f"rollout-2026-11-20T14-00-00-{self.id}.jsonl").open("a+")
            self.open.append(self.rollout)
            head = {"type": "session_meta", "payload": {"id": self.id, "source": "cli", "thread_source": "user"}}
            self.rollout.write(json.dumps(head) + "\n")
        self.rollout.write(json.dumps({"message": line}) + "\n")
        self.rollout.flush()
        return f"you said: {line}"

    def write_status(self, status: str) -> None:
        """Do nothing, since Codex has no state file."""

    def leave(self) -> None:
        """Do nothing; the lock files remain."""


def uuid7() -> str:
    """A UUID of version 7 (RFC 9562): its first 48 bits are the time in ms."""
    number = time.time_ns() // 1_000_000 << 80 | uuid.uuid4().int & (1 << 80) - 1
    return str(uuid.UUID(int=number & ~(0xF << 76) & ~(3 << 62) | 7 << 76 | 2 << 62))


def parse(arguments: list[str], valued: set[str]) -> tuple[dict[str, str], list[str]]:
    """Divide arguments into options with their values, and other words."""
    options: dict[str, str] = {}
    words: list[str] = []
    left = iter(arguments)
    for word in left:
        if word in valued:
            options[word] = next(left, "")
        elif word.startswith("-"):
            options[word] = ""
        else:
            words.append(word)
    return options, words


def answer_with_status(agent: Claude | Codex, line: str) -> str:
    """Report the status "working" (OSC 7501), and return the answer, followed by the status "done"."""
    working, done = (f"\x1b]7501;state={state}:app=x\x1b\\" for state in ("working", "done"))
    print(working, end="", flush=True)
    agent.write_status("busy")
    if not line.startswith("quick"):
        time.sleep(WORK_S)
    agent.write_status("idle")
    if line == "farewell":
        signal.signal(signal.SIGTERM, _say_farewell)
    if line == "modes":
        return f"{MODES}switched{done}"
    return f"{agent.take(line)}{done}"


def _say_farewell(*_: object) -> None:
    print("\x1b[?1049l\x1b[2J\x1b[Hresume me", flush=True)
    os._exit(0)


def main(kind: str, arguments: list[str]) -> int:
    """Run the agent; return the exit code."""
    if "--version" in arguments:
        print(VERSIONS[kind])
        return 0
    lacking = os.environ.get("CONVERSING_LACKS", "an option that is not there")
    if "--help" in arguments:
        print("\n".join(line for line in HELPS[kind].splitlines() if lacking not in line))
        return 0
    if lacking in arguments:
        print(f"error: unknown option '{lacking}'")
        return 1
    try:
        agent = (Claude if kind == "claude" else Codex)(arguments)
    except Refused as error:
        print(error)
        return 1
    typed = typed_lines()
    if Path("untrusted").exists():
        print("ready? do you trust this folder? Enter: no", flush=True)
        next(typed, "")
        agent.leave()
        return 1
    for line in agent.history():
        print(f"kept: {line}", flush=True)
    for line in agent.prompts:
        print(answer_with_status(agent, line), flush=True)
    print("\x1b]0;ready\x07ready", flush=True)
    for line in typed:
        if line.strip() == "leave":
            break
        print(answer_with_status(agent, line.strip()), flush=True)
    agent.leave()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
