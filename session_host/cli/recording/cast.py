"""A recording as asciicast v3 (https://docs.asciinema.org/manual/asciicast/v3/): a header, then one event per line."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator

from session_host.cli.recording.recording import Gap, Recording, RestoredState, Step, Terminal
from session_host.cli.session_argument import SessionInfo
from session_host.storage.journal import Output, Resize

_NS_PER_S = 1_000_000_000
_RESET = "\x1bc"


def cast_of(recording: Recording, info: SessionInfo) -> Iterator[str]:
    """Yield the file line by line."""
    steps = recording.steps()
    first = next(steps, None)
    header: dict[str, object] = {
        "version": 3,
        "term": {"cols": recording.size.columns, "rows": recording.size.rows, "type": "xterm-256color"},
        "timestamp": first.time_ns // _NS_PER_S if first is not None else 0,
        "title": info.name,
    }
    yield _line(header)
    events = _Events(recording)
    if first is not None:
        # The header has the first size.
        yield from events.of(first) if not isinstance(first, Resize) else events.begun(first.time_ns)
    for step in steps:
        yield from events.of(step)
    yield from events.ended(info)


class _Events:
    """Converts steps to events, each with the seconds since the one before."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._last_ns: int | None = None

    def begun(self, time_ns: int) -> Iterator[str]:
        """Set the start of time."""
        self._last_ns = time_ns
        yield from ()

    def of(self, step: Step) -> Iterator[str]:
        match step:
            case Output(data=data):
                # A character may be split between two events; bytes that are not UTF-8 are replaced.
                if text := self._decoder.decode(data):
                    yield self._event(step.time_ns, "o", text)
            case Resize(size=size):
                yield self._event(step.time_ns, "r", str(size))
            case Gap():
                yield from self._rest(step.time_ns)
                yield self._event(step.time_ns, "m", str(step))
            case RestoredState(snapshot=snapshot):
                terminal = Terminal(self._recording)
                try:
                    if terminal.restore(snapshot):
                        screen = terminal.emulator.replay().decode("utf-8", "replace")
                        yield self._event(step.time_ns, "o", _RESET + screen)
                finally:
                    terminal.close()

    def ended(self, info: SessionInfo) -> Iterator[str]:
        """Yield the program's exit status, if it is known, as a shell reports it."""
        time_ns = self._last_ns or 0
        yield from self._rest(time_ns)
        if info.exit_signal is not None:
            yield self._event(time_ns, "x", str(128 + info.exit_signal))
        elif info.exit_code is not None:
            yield self._event(time_ns, "x", str(info.exit_code))

    def _rest(self, time_ns: int) -> Iterator[str]:
        """Yield an incomplete last character."""
        if text := self._decoder.decode(b"", final=True):
            yield self._event(time_ns, "o", text)
        self._decoder.reset()

    def _event(self, time_ns: int, code: str, data: str) -> str:
        # A wall clock may be set back; time then continues from there.
        passed_ns = max(0, time_ns - self._last_ns) if self._last_ns is not None else 0
        self._last_ns = time_ns
        return _line([round(passed_ns / _NS_PER_S, 6), code, data])


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False) + "\n"
