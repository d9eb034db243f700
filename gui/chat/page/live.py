"""The line below a running turn: what the agent does, since when, and its output of the last seconds.

The host's clock is not ours: what began while the page was shown is timed here, else a turn by its prompt,
and a step by its own time. While the agent asks there is no line: the question tells since when it is open.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject

from gui.chat.content.segments import LiveLine
from gui.theme.painting import bar_height
from gui.timers import single_shot
from gui.wording import chat_texts
from session_host.protocol.shown_duration import exact_duration
from session_host.standing.ages import MINUTE_S, duration
from session_host.structured.doing import running_item
from session_host.structured.transcript import Transcript
from session_host.structured.turns import turns_backwards

_BUCKET_S = 0.5
_BUCKETS = 4
_HIGHEST = 4
_QUIET_S = 10.0
"""After this time without output, the line says that the agent waits for its model."""
_STILL = (2, 4, 3, 1)
"""The marks without motion, while output comes."""
_MINUTE_MS = 60_000


class Live:
    """The values of the line, from the transcript of a page.

    Attributes:
        line: the line now; None while no turn runs.
    """

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self.line: LiveLine | None = None
        self._turn: str | None = None
        self._began_s = 0.0
        self._seen_s = 0.0
        self._step, self._step_s = "", 0.0
        """The item that the line names, and since when it runs, as far as the user does not keep it waiting."""
        self._has_asked = False
        """Whether it has waited for the user since the line was there."""
        self._asked_s: dict[str, float] = {}
        """Since when each open question is open."""
        self._tokens_before: int | None = None
        self._news = 0
        self._output_s = 0.0
        self._buckets = [0] * _BUCKETS
        self._bucket_s = 0.0

    def start(self, transcript: Transcript) -> None:
        """Another transcript is shown: its running turn began before."""
        self._turn, self._news = None, transcript.news
        self._output_s = self._bucket_s = self._seen_s = self._now_s()
        self._buckets = [0] * _BUCKETS
        if transcript.status.is_running:
            self._turn, self._tokens_before = transcript.status.turn, None
            self._began_s = self._output_s - _seconds_since_prompt(transcript)
        running = running_item(transcript)
        self._step, self._step_s = (
            (running.id, self._bucket_s - _seconds_since(running.at_ms)) if running else ("", 0.0)
        )
        self._asked_s = {
            request.id: self._output_s - _seconds_since(request.at_ms) for request in transcript.open_requests
        }

    def update(self, transcript: Transcript, *, moves: bool = True) -> None:
        """Look at the transcript, and at the clock.

        With ``moves``, the marks follow the output of the last seconds; without, they only become flat when none comes.
        """
        now_s, status = self._now_s(), transcript.status
        came, self._news = transcript.news - self._news, transcript.news
        if came > 0:
            self._output_s = now_s
        passed = int((now_s - self._bucket_s) / _BUCKET_S)
        if passed > 0:
            self._buckets = [*self._buckets, *[0] * min(passed, _BUCKETS)][-_BUCKETS:]
            self._bucket_s += passed * _BUCKET_S
        self._buckets[-1] += max(came, 0)
        self._asked_s = {each.id: self._asked_s.get(each.id, now_s) for each in transcript.open_requests}
        if status.state != "running":
            if not status.is_running:
                self._turn = None
            self.line, self._has_asked = None, self._has_asked or bool(self._asked_s)
            return
        if self.line is None:
            self._output_s = now_s  # It goes on, after an answer of the user.
            if self._has_asked:
                self._step, self._seen_s, self._has_asked = "", now_s, False
        if self._turn is None:
            self._turn, self._began_s, self._output_s = status.turn, now_s, now_s
            self._tokens_before = status.usage.total if status.usage is not None else 0
        is_quiet, running = now_s - self._output_s >= _QUIET_S, running_item(transcript)
        if running is not None and running.id != self._step:
            # It began since the last look, which was long ago if the page was hidden.
            self._step, self._step_s = running.id, min(max(now_s - _seconds_since(running.at_ms), self._seen_s), now_s)
        self._seen_s = now_s
        seconds = now_s - (self._step_s if running is not None else self._began_s)
        text, at = chat_texts.doing_or_waiting(running, waits=is_quiet)
        if is_quiet and (running is None or running.kind != "tool"):
            seconds = now_s - self._output_s
        still = (0,) * _BUCKETS if is_quiet else _STILL
        self.line = LiveLine(
            text,
            object_at=at,
            facts=chat_texts.joined(exact_duration(int(seconds) * 1000, is_whole=True), self._tokens(transcript)),
            bars=tuple(bar_height(bucket, _HIGHEST) for bucket in self._buckets) if moves else still,
        )

    @property
    def is_moving(self) -> bool:
        """Whether the marks change without new output."""
        return any(self._buckets)

    @property
    def pause_ms(self) -> int:
        """After this time, something else is told; 0 while nothing runs, and nothing is asked."""
        if self.line is not None:
            return 500 if self.is_moving else 1000
        youngest_s = max(self._asked_s.values(), default=None)
        return 0 if youngest_s is None else 1000 if self._now_s() - youngest_s < MINUTE_S else _MINUTE_MS

    def asked_for(self, request: str) -> str:
        """For how long a question is open, in one unit; "" if it is not."""
        since_s = self._asked_s.get(request)
        return duration(self._now_s() - since_s) if since_s is not None else ""

    def _tokens(self, transcript: Transcript) -> str:
        usage = transcript.status.usage
        if usage is None or self._tokens_before is None or usage.total <= self._tokens_before:
            return ""
        return chat_texts.short_tokens(usage.total - self._tokens_before)


def _seconds_since_prompt(transcript: Transcript) -> float:
    turn = next(turns_backwards(transcript), None)
    is_it = turn is not None and turn.prompts[0].turn == transcript.status.turn
    return _seconds_since(turn.prompts[0].at_ms) if turn is not None and is_it else 0.0


def _seconds_since(at_ms: int) -> float:
    return max(time.time() - at_ms / 1000, 0.0)


class LiveTimer(QObject):
    """Updates the line of a page once a second, twice while its marks change, and the age of a question.

    A page that is not visible is not updated.
    """

    def __init__(self, update: Callable[[], Live], parent: QObject) -> None:
        """Set up; ``update`` updates the line and returns its values."""
        super().__init__(parent)
        self._update = update
        self._timer = single_shot(self)
        self._timer.timeout.connect(self.tick)

    def tick(self) -> None:
        """Update now, and again later while a turn runs or the agent asks."""
        pause_ms = self._update().pause_ms
        if not pause_ms:
            self._timer.stop()
        elif not 0 <= self._timer.remainingTime() <= pause_ms:
            self._timer.start(pause_ms)

    def stop(self) -> None:
        """Update no more: the page is hidden."""
        self._timer.stop()
