"""A chat with a real agent, driven by the ``outlive`` command only, and the agent's work."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from session_host.protocol.values import GridSize
from session_host.session.send_queue import NOT_SHOWN
from tests.fakes.model_server import ModelServer, answer_line
from tests.support.commands import OUTLIVE, Done, environment, outlive
from tests.support.ledger import changes_of
from tests.support.real_agents import RealAgent
from tests.support.terminals import ScreenTerminal
from tests.support.waiting import WaitTimeout, wait_until

TIMEOUT_S = 90.0
"""Agents that run in node are slow while other tests run."""

SIZE = GridSize(120, 40)
"""As large as the window's terminal, so that an answer fits on one screen in both."""

PRESS_AGAIN_S = 3.0


def done(*words: str) -> str:
    """Run a command that must succeed; returns its output."""
    result = outlive(*words, timeout_s=TIMEOUT_S + 30)
    assert result.code == 0, f"outlive {' '.join(words)}: exit {result.code}: {result.error}"
    return result.output


class Change(NamedTuple):
    """A change of a chat's activity, from the ledger."""

    time: str
    activity: str
    source: str
    detail: str


class Chat:
    """One chat with an agent; ``id`` is the session's id."""

    def __init__(self, agent: RealAgent, server: ModelServer, session_id: str) -> None:
        self.agent = agent
        self.server = server
        self.id = session_id

    @classmethod
    def start(
        cls,
        agent: RealAgent,
        server: ModelServer,
        directory: Path,
        *,
        name: str = "chat",
        arguments: tuple[str, ...] = (),
    ) -> Chat:
        """Start the agent by ``outlive new``, and wait until it accepts input."""
        words = ["new", agent.name, "-d", "--json", "-n", name, "-C", str(directory), "--size", str(SIZE)]
        all_arguments = (*agent.arguments, *arguments)
        started = json.loads(done(*words, *(["--", *all_arguments] if all_arguments else [])))
        return cls(agent, server, started["id"]).until_ready()

    def until_ready(self) -> Chat:
        """Wait until the agent accepts input."""
        self.sees(self.agent.ready)
        return self.until_idle() if self.agent.tells_ready else self

    def until_idle(self) -> Chat:
        """Wait until the agent's turn is over."""
        self.becomes("idle")
        return self

    def resumed(self, *words: str) -> Chat:
        """Resume the chat by ``outlive resume``; returns the new chat."""
        answer = json.loads(done("resume", self.id, "--json", *words))
        return Chat(self.agent, self.server, answer["id"])

    # ------------------------------------------------------------ observations

    def info(self) -> dict[str, Any]:
        """The chat's entry in ``outlive ls``, running or ended."""
        listed = json.loads(done("ls", "--all", "--json"))
        [entry] = [each for each in listed if each["id"] == self.id]
        return dict(entry)

    def explained(self) -> dict[str, Any]:
        """The output of ``outlive explain``."""
        explanation: dict[str, Any] = json.loads(done("explain", self.id, "--json"))
        return explanation

    def everything(self) -> str:
        """The host's screen with its history."""
        return done("peek", self.id, "--scrollback", "--lines", "0")

    def screen(self) -> str:
        """The text on the screen."""
        return done("peek", self.id)

    def sees(self, text: str, timeout_s: float = TIMEOUT_S) -> None:
        """Wait for a text on the screen or in its history, by ``outlive wait``."""
        waited = outlive(
            "wait", self.id, "--text", re.escape(text), "--timeout", str(timeout_s), timeout_s=timeout_s + 30
        )
        if waited.code:
            raise WaitTimeout(f"{waited.error}; the screen:\n{self.screen()}")

    def becomes(self, activity: str, timeout_s: float = TIMEOUT_S) -> None:
        """Wait for an activity, by ``outlive wait``."""
        with self.hears(activity, timeout_s):
            pass

    @contextmanager
    def hears(self, activity: str, timeout_s: float = TIMEOUT_S) -> Iterator[None]:
        """Check that an ``outlive wait --activity`` from before the body sees the activity that the body causes."""
        words = [*OUTLIVE, "wait", self.id, "--activity", activity, "--timeout", str(timeout_s)]
        with subprocess.Popen(words, env=environment(), stdin=subprocess.DEVNULL) as waiting:
            try:
                yield
                code = waiting.wait(timeout_s + 30)
            finally:
                waiting.kill()
        if code:
            explanation = json.dumps(self.explained(), indent=1)
            raise WaitTimeout(f"it is not {activity}, but:\n{explanation}\n{self.screen()}")

    def changes(self) -> list[Change]:
        """All changes of its activity so far, oldest first."""
        return [Change(each.at, each.activity, each.source, each.detail) for each in changes_of(self.id)]

    def changed(self, activity: str, after: int) -> Change:
        """Wait for an activity in the activity log after the first ``after`` changes; returns the change."""

        def found() -> list[Change]:
            return [each for each in self.changes()[after:] if each.activity == activity]

        return wait_until(found, TIMEOUT_S, lambda: f"{activity} in {self.changes()[after:]}", every_s=0.05)[0]

    def prompts(self) -> list[str]:
        """The prompts that the model received, without the agent's own requests."""
        errands = self.agent.errands
        # Agents add a blank after a pasted text.
        return [each.strip() for each in self.server.prompts() if not (errands and re.match(errands, each))]

    def was_asked(self, prompt: str) -> None:
        """Wait until the model received this whole prompt."""
        wait_until(
            lambda: prompt in self.prompts(), TIMEOUT_S, lambda: f"{prompt!r} among {self.prompts()}", every_s=0.1
        )

    # ------------------------------------------------------------ actions

    def send(self, *words: str) -> None:
        """Run ``outlive send``."""
        done("send", self.id, *words)

    def ask(self, prompt: str) -> None:
        """Send a prompt with Enter; returns when the model server has it.

        If the agent dropped the text, the prompt is sent again, as the command's error advises.
        """
        sent = outlive("send", self.id, prompt, "--enter", timeout_s=TIMEOUT_S + 30)
        if sent.code and self.agent.drops_input and NOT_SHOWN in sent.error:
            self.send(prompt, "--enter")
        else:
            assert sent.code == 0, sent.error
        try:
            self.server.wait_asked(prompt, timeout_s=TIMEOUT_S)
        except TimeoutError as late:
            raise WaitTimeout(f"{late}; the screen:\n{self.screen()}") from late

    def ask_and_read(self, prompt: str) -> None:
        """As ``ask``, but returns when the answer is on the screen."""
        self.ask(prompt)
        self.sees(f"echo: {prompt}")

    def hold(self, lines: int = 8, at: int = 4) -> str:
        """Prompt for lines: the model sends ``at`` of them, the rest after ``server.release``. Returns the prompt."""
        prompt = f"count: {lines} hold: {at}"
        self.ask(prompt)
        self.server.wait_held(TIMEOUT_S)
        self.sees(answer_line(at))
        return prompt

    def allow(self, is_done: Callable[[], object]) -> None:
        """Allow the agent's request. Agents ignore early keys, so Enter is pressed until it has an effect."""
        questions = [each for each in self.changes() if each.activity == "needs_input"]
        if questions:
            since = datetime.fromisoformat(questions[-1].time)
            wait_until(lambda: (datetime.now(UTC) - since).total_seconds() > 1, 5, "a user's time to read", every_s=0.1)
        deadline_s = time.monotonic() + TIMEOUT_S
        while time.monotonic() < deadline_s:
            self.send("--enter")
            with contextlib.suppress(WaitTimeout):
                wait_until(is_done, PRESS_AGAIN_S, "it", every_s=0.05, is_exact=True)
                return
        raise WaitTimeout(f"it was allowed, and was not done:\n{self.screen()}")

    def interrupt(self) -> None:
        """Press the key that interrupts a turn."""
        for key in self.agent.interrupt:
            self.send("--key", key)

    def stop(self) -> None:
        """Run ``outlive stop``."""
        done("stop", self.id)

    def try_to_resume(self) -> Done:
        """Run ``outlive resume``, which may fail."""
        return outlive("resume", self.id, "--json", timeout_s=TIMEOUT_S)


SCRIPT = """\
{before}
echo $$ > begun
cat pipe
echo "the work is done"
"""

NAME = "work.sh"
BACKGROUND = """\
sleep 5000 &
nohup sleep 5001 >/dev/null 2>&1 &
setsid sleep 5002 &
"""


class Work:
    """A command for the agent's shell tool that runs until the test ends it."""

    def __init__(self, directory: Path, *, before: str = "") -> None:
        self.directory = directory
        self.command = f"sh {NAME}"
        (directory / NAME).write_text(SCRIPT.format(before=before), encoding="utf-8")
        os.mkfifo(directory / "pipe")

    def has_begun(self) -> bool:
        """Whether the command runs."""
        begun = self.directory / "begun"
        return begun.exists() and bool(begun.read_text())

    def end(self) -> None:
        """End the command."""
        wait_until(self._has_ended, TIMEOUT_S, "the command to listen")

    def _has_ended(self) -> bool:
        try:
            os.close(os.open(self.directory / "pipe", os.O_WRONLY | os.O_NONBLOCK))
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            return False  # The command does not read the pipe yet.
        return True

    def wish(self, agent: RealAgent) -> str:
        """The prompt that makes the model call this command."""
        return agent.wish.format(command=self.command)


GRACE_S = 5.0


class BareTerminal(ScreenTerminal):
    """A program on a PTY with an emulator. A context manager. Queries are answered while a test reads the screen."""

    def __init__(self, argv: Sequence[str], cwd: Path) -> None:
        super().__init__(argv, size=SIZE, cwd=cwd, env=environment())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)
            with contextlib.suppress(WaitTimeout):
                self.wait(GRACE_S, is_exact=True)
        # Qwen Code's child process has the conversation open and may end a moment later.
        wait_until(self._is_group_gone, GRACE_S, "the program's children to end")
        super().__exit__(kind, error, trace)

    def _is_group_gone(self) -> bool:
        try:
            os.killpg(self.pid, 0)
        except ProcessLookupError:
            return True
        return False

    def _is_asked(self, replies: bytes) -> None:
        os.write(self.master, replies)
