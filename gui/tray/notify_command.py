"""Runs the user's command for each notification, for example to notify a phone."""

from __future__ import annotations

import os
import re
import shlex
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QProcess

from gui.timers import single_shot
from gui.wording import settings_texts
from session_host.client.sessions.store_access import is_session_id
from session_host.web.places import page_link

from .notifier import Notifications

INTERVAL_S = 2.0
"""A notification that replaces one of the same key within this time, such as a question with buttons, runs nothing."""

TIMEOUT_MS = 30_000
"""A command that runs longer is killed, with all that it started in its Unix session."""

_ERROR_BYTES = 4096
"""The last part of a command's standard error is kept: its last line is shown if it fails."""

CLOSE_TIMEOUT_MS = 2000
"""How long the end of the window's process waits for a running command; then it is killed."""

_NAMED = re.compile(r"\{(title|text|link)\}")


class NotifyCommand(QObject):
    """Shows notifications by ``notifications``, and runs a command for each of them; see ``Notifications``.

    Attributes:
        command: the command, split as a shell does; "" for none.
    """

    def __init__(self, notifications: Notifications, report: Callable[[str], object], parent: QObject) -> None:
        """Set up without a command; ``report`` gets one line if the command fails."""
        super().__init__(parent)
        self._notifications = notifications
        self._report = report
        self.command = ""
        self._ran_at_s: dict[str, float] = {}
        """For each key, when the command ran last (CLOCK_MONOTONIC); older times than the interval are dropped."""

    def show(self, key: str, title: str, text: str, actions: Sequence[tuple[str, str]] = ()) -> None:
        """Show a notification, and run the command for it."""
        self._notifications.show(key, title, text, actions)
        now_s = time.monotonic()
        self._ran_at_s = {known: at_s for known, at_s in self._ran_at_s.items() if now_s - at_s < INTERVAL_S}
        if self.command and key not in self._ran_at_s:
            self._ran_at_s[key] = now_s
            self._run(filled(self.command, title, text, link_to(key)))

    def withdraw(self, key: str) -> None:
        """Withdraw a notification."""
        self._notifications.withdraw(key)

    def tell(self, key: str, title: str, text: str) -> None:
        """Run the command for these texts, without a notification: what it has shown elsewhere is out of date."""
        if self.command:
            self._run(filled(self.command, title, text, link_to(key)))

    def close(self) -> None:
        """Let running commands end, because the window's process ends; later notifications run nothing."""
        self.command = ""
        for process in self.findChildren(QProcess):
            if not process.waitForFinished(CLOSE_TIMEOUT_MS):
                _kill(process)
                process.waitForFinished(CLOSE_TIMEOUT_MS)

    def _run(self, argv: list[str]) -> None:
        process = QProcess(self)
        process.setStandardInputFile(QProcess.nullDevice())
        process.setStandardOutputFile(QProcess.nullDevice())
        process.setUnixProcessParameters(QProcess.UnixProcessFlag.UseVFork | QProcess.UnixProcessFlag.CreateNewSession)
        errors = bytearray()
        process.readyReadStandardError.connect(partial(_read_errors, process, errors))
        process.finished.connect(partial(self._on_finished, process, errors))
        process.errorOccurred.connect(partial(self._on_error, process))
        limit = single_shot(process, TIMEOUT_MS)
        limit.timeout.connect(partial(_kill, process))
        limit.start()
        process.start(str(Path(argv[0]).expanduser()), argv[1:])

    def _on_finished(self, process: QProcess, errors: bytearray, code: int, status: QProcess.ExitStatus) -> None:
        _read_errors(process, errors)
        said = errors.decode(errors="replace").strip().split("\n")[-1]
        process.deleteLater()
        if status is QProcess.ExitStatus.CrashExit:
            self._report(settings_texts.NOTIFY_COMMAND_KILLED(program=process.program()))
        elif code:
            self._report(settings_texts.notify_command_failed(process.program(), code, said))

    def _on_error(self, process: QProcess, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart:  # After other errors, it has finished.
            process.deleteLater()
            self._report(
                settings_texts.CANNOT_RUN_NOTIFY_COMMAND(program=process.program(), reason=process.errorString())
            )


def _read_errors(process: QProcess, errors: bytearray) -> None:
    """Read a command's standard error, and keep its last part."""
    errors += process.readAllStandardError().data()
    del errors[:-_ERROR_BYTES]


def _kill(process: QProcess) -> None:
    """Kill a running command, and all that it started in its process group."""
    if pid := process.processId():
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
    process.kill()


def link_to(key: str) -> str:
    """The address of a notification's chat on the page for the phone; of the list for a group. See ``page_link``."""
    chat = key.partition(" ")[0]
    return page_link(chat if is_session_id(chat.rpartition("/")[2]) else "")


def filled(command: str, title: str, text: str, link: str) -> list[str]:
    """The command's argv with a notification's texts and its link: where it names them, else with the texts at its end.

    Each text stays within one argument; no shell reads it.
    """
    argv, texts = shlex.split(command), {"title": title, "text": text, "link": link}
    if not any(_NAMED.search(argument) for argument in argv):
        return [*argv, title, text]
    return [_NAMED.sub(lambda found: texts[found[1]], argument) for argument in argv]
