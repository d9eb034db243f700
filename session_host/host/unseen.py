"""Puts a chat to sleep after hours without a look, if the user wants that (``sleep_after_hours`` of ``chats.toml``).

A look is a viewer that shows the chat, a page that the phone reads (it leaves a mark), a key, a change of the agent's
status. Hours are counted by a clock that no user sets and that runs on in a suspend; a new host counts from its own
start, so it is never too early. The setting is read when one of these comes and whenever somebody lists the chat, so
that it takes effect at once. The host only keeps the time: a process of its own, as a user's command, decides
(``client.chats.sleeping``), and never overrides what hinders it.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from session_host.errors import ConfigError, why_not_started
from session_host.protocol.launch import LaunchSpec
from session_host.system.installation import outlive_command
from session_host.system.processes.permission import AGENT_CHATS
from session_host.system.worker import Worker

log = logging.getLogger(__name__)

SETTING: Final = "sleep_after_hours"
HOUR_S: Final = 3600.0


class Alarm(Protocol):
    """The clock: see ``system.wall_clock_alarm``."""

    def set(self, at_s: float) -> None:
        """Set the time."""

    def close(self) -> None:
        """Call nothing any more."""


class Unseen:
    """Counts the time for which nobody has looked at one session.

    Attributes:
        make_alarm: makes the alarm, which calls what it gets.
        now_s: returns the time of its clock.
        begin: begins to put the session to sleep.
    """

    def __init__(self, spec: LaunchSpec, viewed_mark: Path, is_shown: Callable[[], bool]) -> None:
        """Count from now on; ``start`` sets the alarm.

        Args:
            spec: the session.
            viewed_mark: the file that is touched when the session is viewed without a viewer.
            is_shown: returns whether a viewer shows it.
        """
        self.make_alarm: Callable[[Callable[[], object]], Alarm] = _boot_clock
        self.now_s: Callable[[], float] = _boot_clock_s
        self.begin: Callable[[], object] = lambda: Worker().submit(self._command)
        self._id, self._settings, self._viewed_mark, self._is_shown = (
            spec.facts.id,
            spec.settings,
            viewed_mark,
            is_shown,
        )
        self._is_on = not spec.facts.origin.is_shell_or_command
        self._alarm: Alarm | None = None
        self._seen_s, self._due_s = self.now_s(), 0.0
        self._was_shown = self._is_started = False
        self._read_at, self._hours = (0, 0), 0.0

    # ------------------------------------------------------------ events

    def start(self) -> None:
        """The program runs."""
        self._is_started = True
        self.seen()

    def seen(self) -> None:
        """Somebody looks, or the agent's status has changed."""
        self.note_key()
        self.look()

    def note_key(self) -> None:
        """Count from now on; the alarm, which may ring too early, is set again then."""
        self._seen_s = self.now_s()

    def viewers_changed(self) -> None:
        """A viewer shows the session, or not any more."""
        is_shown = self._is_shown()
        if is_shown or self._was_shown:
            self._was_shown = is_shown
            self.seen()

    def look(self) -> None:
        """Set the alarm anew, since something has changed."""
        if not (self._is_on and self._is_started):
            return
        hours = self._wanted_hours()
        if hours <= 0 or self._was_shown:
            self.close()
            return
        due_s = self._seen_s + hours * HOUR_S
        if self._alarm is None or due_s != self._due_s:
            try:
                self._alarm = self._alarm or self.make_alarm(self._ring)
                self._alarm.set(due_s)
            except OSError as error:
                log.warning("hours without a look are not counted: %s", error)
                self._is_on = False
                return
            self._due_s = due_s

    def program_ended(self) -> None:
        """Count no more."""
        self._is_started = False
        self.close()

    def close(self) -> None:
        """Wait for nothing any more."""
        if self._alarm is not None:
            self._alarm.close()
            self._alarm = None

    # ------------------------------------------------------------ when it is due

    def _ring(self) -> None:
        if self._alarm is None:
            return
        self._take_mark()
        hours = self._wanted_hours()
        if hours > 0 and self.now_s() >= self._seen_s + hours * HOUR_S and not self._is_shown():
            log.info("nobody has looked for %g hours", hours)
            self.begin()
            self._seen_s = self.now_s()  # If something hinders it, it is tried again after as many hours.
        self.look()

    def _take_mark(self) -> None:
        """Count a view of the phone, which only touches a file."""
        try:
            age_s = time.time() - self._viewed_mark.stat().st_mtime
        except OSError:
            return
        self._seen_s = max(self._seen_s, self.now_s() - max(age_s, 0.0))  # The clock may have been set back.

    def _wanted_hours(self) -> float:
        """The setting as it is now; 0 for never, and if the file is damaged."""
        try:
            status = os.stat(self._settings)  # noqa: PTH116 - for each change of the status
        except OSError:
            return 0.0
        read_at = status.st_mtime_ns, status.st_ino
        if read_at != self._read_at:
            from session_host.toml_file import TomlFile  # Most hosts find no file.

            self._read_at = read_at
            try:
                value = TomlFile.read(Path(self._settings)).values().get(SETTING)
            except ConfigError:
                value = 0.0
            self._hours = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0
        return self._hours

    def _command(self) -> None:
        """Put it to sleep as the user would; what hinders it is in the log. Blocks."""
        import subprocess  # Most users do not want it.

        nothing = subprocess.DEVNULL
        environment = {
            **os.environ,
            AGENT_CHATS: "",
        }  # Empty: it is in no agent's chat, and no orphan of an unknown one.
        words = [*outlive_command(), "sleep", self._id]
        try:
            done = subprocess.run(
                words,
                env=environment,
                cwd="/",
                stdin=nothing,
                stdout=nothing,
                stderr=subprocess.PIPE,
                start_new_session=True,
                check=False,
            )
        except OSError as error:
            log.warning("it is not put to sleep: %s", why_not_started(error))
        else:
            log.info("put to sleep: %d %s", done.returncode, done.stderr.decode(errors="replace").strip()[-300:])


def _boot_clock(on_time: Callable[[], object]) -> Alarm:
    from session_host.system.wall_clock_alarm import BootClockAlarm  # Most users do not want it.

    return BootClockAlarm(on_time)


def _boot_clock_s() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)
