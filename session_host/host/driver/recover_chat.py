"""Rebuild a structured chat: its rules repeat the causes in the transcript log after the checkpoint.

The log has the causes; the agent's output has the lines. A previous host may have been killed after it recorded a step,
and before it put the step's lines for the agent into the input log. The repetition gives these lines again, and this
host sends them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import msgspec

from session_host.protocol.launch import LaunchSpec, StructuredLaunch
from session_host.storage.descriptors.log_state import LogState
from session_host.storage.descriptors.output_file import MemoryFile, TranscriptLog
from session_host.structured.dialects.base import Dialect, DialectPort, Start, make_dialect
from session_host.structured.engine import TranscriptEngine
from session_host.structured.lines import LineSplitter
from session_host.structured.log import NO_TAG, Cause, InputCause, Record, RecordReader
from session_host.structured.operations import AnyResult
from session_host.structured.rules import Step, StructuredRules
from session_host.structured.transcript import Transcript
from session_host.version import VERSION

log = logging.getLogger(__name__)

PIECE_BYTES = 256 * 1024

_result_decoder = msgspec.msgpack.Decoder[AnyResult](AnyResult)


@dataclass
class RecoveredChat:
    """The state of a structured chat, as its last host left it.

    Attributes:
        rules, splitter: at the end of the transcript log.
        timers: the dialect's timers that run.
        unsent: the log's offset after each step with lines that the input log lacks, and those lines.
        log: the transcript log, without a torn record at its end.
        launch: how Outlive talks to the agent.
    """

    rules: StructuredRules
    splitter: LineSplitter
    timers: dict[str, float]
    unsent: list[tuple[int, bytes]]
    log: TranscriptLog
    launch: StructuredLaunch


def make_rules(spec: LaunchSpec, structured: StructuredLaunch) -> StructuredRules:
    """The rules of a chat that has not begun."""
    start = Start(
        directory=spec.cwd,
        conversation=spec.conversation,
        has_history=bool(structured.history or structured.fork_of or structured.begins_with_items),
        version=VERSION,
        options=structured.options,
        resumes=spec.origin.resumed_from is not None or spec.origin.continues,
        began_ms=structured.began_ms,
    )
    dialect: Callable[[DialectPort], Dialect] = partial(make_dialect, structured.dialect)
    if spec.setup is not None:
        from session_host.structured.dialects.worktree_setup import setup_dialect  # most chats do not need it

        dialect = setup_dialect(spec.setup, dialect)
    return StructuredRules(dialect, start, spec.session_id[:8])


def recover_chat(
    spec: LaunchSpec,
    structured: StructuredLaunch,
    log_state: LogState,
    transcript_log: TranscriptLog,
    agent_output: MemoryFile,
    transcript: Transcript,
    *,
    read_only: bool,
) -> RecoveredChat:
    """Rebuild the rules up to the end of the transcript log.

    If this version cannot read the state that another version left, the rules have given up: they end the agent, and
    the chat can be resumed. A rehearsal raises the error instead, so that the old version stays.

    Args:
        spec: the session's launch spec.
        structured: how the agent is started, and which dialect it speaks.
        log_state: the state from the input log; the viewers' inputs in the transcript log are added to its attachments.
        transcript_log: the log; a torn record is cut off.
        agent_output: what the agent wrote.
        transcript: the transcript at the end of the log.
        read_only: change nothing.
    """
    try:
        return _repeat_all(spec, structured, log_state, transcript_log, agent_output, read_only=read_only)
    except (msgspec.DecodeError, ValueError, TypeError, KeyError) as error:
        if read_only:
            raise
        log.exception("the state of the dialect %s cannot be restored", structured.dialect, exc_info=error)
    rules = make_rules(spec, structured)
    rules.give_up(transcript)
    return RecoveredChat(rules, LineSplitter(agent_output.end), {}, [], transcript_log, structured)


def _repeat_all(
    spec: LaunchSpec,
    structured: StructuredLaunch,
    log_state: LogState,
    transcript_log: TranscriptLog,
    agent_output: MemoryFile,
    *,
    read_only: bool,
) -> RecoveredChat:
    """Like ``recover_chat``.

    Raises:
        msgspec.DecodeError, ValueError, TypeError, KeyError: another version left the state.
    """
    saved = log_state.chat
    rules = make_rules(spec, structured)
    splitter, timers, offset = LineSplitter(), dict[str, float](), 0
    if saved is not None:
        rules.load(saved.rules, saved.dialect)
        splitter = LineSplitter(saved.raw_offset, saved.skipped, saved.skipped_start)
        timers, offset = dict(saved.timers), saved.offset
    repeated = _CauseReplay(rules, splitter, timers, log_state, agent_output)
    reader = RecordReader(offset)
    for _, data in transcript_log.pieces(offset, transcript_log.end, PIECE_BYTES):
        for record in reader.feed(data):
            repeated.record(record)
    if reader.rest and not read_only:
        transcript_log.cut(reader.offset)
    log.info("repeated from=%d to=%d unsent=%d", offset, reader.offset, len(repeated.unsent))
    return RecoveredChat(rules, splitter, timers, repeated.unsent, transcript_log, structured)


class _CauseReplay:
    """Repeats the causes of records."""

    def __init__(
        self,
        rules: StructuredRules,
        splitter: LineSplitter,
        timers: dict[str, float],
        log_state: LogState,
        agent_output: MemoryFile,
    ) -> None:
        self.unsent: list[tuple[int, bytes]] = []
        self._rules, self._splitter, self._timers = rules, splitter, timers
        self._log_state, self._agent_output = log_state, agent_output

    def record(self, record: Record) -> None:
        """Repeat one record's cause."""
        if record.tag != NO_TAG:
            attachment = self._log_state.attachments.get(record.tag.hex())
            if attachment is not None:
                attachment.last_sequence = max(attachment.last_sequence, record.number)
        step = self._step(record)
        if step is None:
            return
        if step.lines and record.end > self._log_state.answered[0]:
            self.unsent.append((record.end, step.lines))
        self._timers.update(step.timers)

    def _step(self, record: Record) -> Step | None:
        rules, at_ms = self._rules, record.at_ms
        match record.cause:
            case Cause.BEGIN:
                return rules.begin(at_ms)
            case Cause.LINES:
                return rules.receive_lines(self._splitter.feed(self._read_up_to(record.raw_end)), at_ms)
            case Cause.INPUT:
                cause = msgspec.msgpack.decode(record.body.cause, type=InputCause)
                return rules.receive_input(cause.chat_input, at_ms, by=cause.by, token=cause.token)
            case Cause.TIMER:
                name = record.body.cause.decode()
                self._timers.pop(name, None)
                return rules.timer_due(name, at_ms)
            case Cause.RESULT:
                return rules.result(_result_decoder.decode(record.body.cause), at_ms)
            case Cause.IDLE:
                return rules.time_out(at_ms)
            case Cause.END:
                return rules.end(at_ms)
            case _:
                return None

    def _read_up_to(self, end: int) -> bytes:
        start = max(self._splitter.offset, self._agent_output.start)
        return self._agent_output.read(start, end) if end > start else b""


def transcript_engine(snapshot: bytes | None) -> TranscriptEngine:
    """The transcript of a checkpoint, or an empty one; compact, since a host reads it for commands alone.

    Raises:
        OutliveError: the snapshot is damaged.
    """
    if snapshot is None:
        return TranscriptEngine(Transcript(compact=True))
    return TranscriptEngine(Transcript.restore(snapshot, compact=True))
