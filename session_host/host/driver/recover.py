"""Rebuild a session from its descriptors; the first host starts the same way.

The screen comes from a checkpoint and the output after it, the other state from the input log's entries. Emulator
replies to queries that a previous host answered are dropped; the others are still to be sent.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import msgspec

from session_host.errors import OutliveError
from session_host.protocol.launch import LaunchSpec, StructuredLaunch
from session_host.protocol.messages import Colors, Resized
from session_host.protocol.values import CellSize, GridSize
from session_host.storage.descriptors import checkpoint as checkpoints
from session_host.storage.descriptors.checkpoint import Checkpoint
from session_host.storage.descriptors.input_log import InputLog, LogHeader
from session_host.storage.descriptors.log_state import LogState
from session_host.storage.descriptors.output_file import PAGE_BYTES, MemoryFile, OutputFile, TranscriptLog
from session_host.storage.descriptors.session_descriptors import SessionDescriptors
from session_host.structured.dialects.base import Dialect, DialectPort, Start, make_dialect
from session_host.structured.engine import TranscriptEngine
from session_host.structured.items import (
    AnyChange,
    RequestOpened,
    RequestResolved,
    StateChanged,
    TurnOver,
    UsageChanged,
)
from session_host.structured.lines import LineSplitter
from session_host.structured.log import ASLEEP, FORK, NO_TAG, Cause, InputCause, Record, RecordReader
from session_host.structured.operations import AnyResult
from session_host.structured.rules import Step, StructuredRules
from session_host.structured.transcript import Transcript
from session_host.system.clock import now_ms
from session_host.terminal import available_engines, create, engine_build, from_replay, restore
from session_host.terminal.base import DefaultColors, Emulator, EngineName, Replica
from session_host.terminal.events import TerminalEvent
from session_host.version import VERSION

PIECE_BYTES = 256 * 1024
TOLD = (RequestOpened, RequestResolved, StateChanged, TurnOver)
"""Changes of which events are made."""

_result_decoder = msgspec.msgpack.Decoder[AnyResult](AnyResult)
_usage_decoder = msgspec.msgpack.Decoder[UsageChanged](UsageChanged)


@dataclass
class RecoveredChat:
    """The state of a structured chat, as its last host left it.

    Attributes:
        engine: the transcript, with all of the transcript log.
        rules, splitter: at the end of the transcript log.
        timers: the dialect's timers that run.
        unsent: the log's offset after each step with lines that the input log lacks, and those lines.
        log: the transcript log, without a torn record at its end.
        launch: how Outlive talks to the agent.
        untold: the changes of which no events are made yet.
    """

    engine: TranscriptEngine
    rules: StructuredRules
    splitter: LineSplitter
    timers: dict[str, float]
    unsent: list[tuple[int, bytes]]
    log: TranscriptLog
    launch: StructuredLaunch
    untold: list[AnyChange] = field(default_factory=list)


def make_rules(spec: LaunchSpec, structured: StructuredLaunch) -> StructuredRules:
    """The rules of a chat that has not begun."""
    start = Start(
        directory=spec.facts.origin.cwd,
        conversation=spec.facts.program.conversation,
        has_history=bool(structured.history or structured.fork_of or structured.begins_with_items),
        version=VERSION,
        options=structured.options,
        resumes=spec.facts.origin.resumed_from is not None or spec.continues,
        began_ms=structured.began_ms,
    )
    dialect: Callable[[DialectPort], Dialect] = partial(make_dialect, structured.dialect)
    if spec.setup is not None:
        from session_host.structured.dialects.worktree_setup import SetupDialect  # most chats do not need it

        dialect = partial(SetupDialect, setup=spec.setup, make=dialect)
    return StructuredRules(dialect, start, spec.facts.id[:8])


def recover_chat(
    spec: LaunchSpec,
    structured: StructuredLaunch,
    log_state: LogState,
    transcript_log: TranscriptLog,
    agent_output: MemoryFile,
    engine: TranscriptEngine,
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
        engine: the transcript at the end of the log.
        read_only: change nothing.
    """
    try:
        return _repeat_all(spec, structured, log_state, transcript_log, agent_output, engine, read_only=read_only)
    except (msgspec.DecodeError, ValueError, TypeError, KeyError) as error:
        if read_only:
            raise
        log.exception("the state of the dialect %s cannot be restored", structured.dialect, exc_info=error)
    rules = make_rules(spec, structured)
    rules.give_up(engine.transcript)
    return RecoveredChat(engine, rules, LineSplitter(agent_output.end), {}, [], transcript_log, structured)


def _repeat_all(
    spec: LaunchSpec,
    structured: StructuredLaunch,
    log_state: LogState,
    transcript_log: TranscriptLog,
    agent_output: MemoryFile,
    engine: TranscriptEngine,
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
    return RecoveredChat(engine, rules, splitter, timers, repeated.unsent, transcript_log, structured, repeated.untold)


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
        self.untold: list[AnyChange] = []
        self._rules, self._splitter, self._timers = rules, splitter, timers
        self._log_state, self._agent_output = log_state, agent_output

    def record(self, record: Record) -> None:
        """Repeat one record's cause."""
        if record.tag != NO_TAG:
            attachment = self._log_state.attachments.get(record.tag.hex())
            if attachment is not None:
                attachment.last_sequence = max(attachment.last_sequence, record.number)
        if record.cause != Cause.HISTORY and record.end > self._log_state.told_to:
            changes = record.body.changes
            self.untold += [each for each in changes if isinstance(each, TOLD)]
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
                used = record.body.cause
                return rules.begin(at_ms, _usage_decoder.decode(used) if used else None)
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
            case Cause.AMOUNT:
                return rules.see_amount(at_ms, is_set=bool(record.body.cause))
            case Cause.BACKGROUND:
                return rules.see_background(record.body.cause.decode(), at_ms)
            case Cause.END:
                return rules.end(at_ms, sleeps=record.body.cause == ASLEEP)
            case Cause.HISTORY if not record.body.cause.startswith(FORK):
                rules.take_over(record.body.changes)
                return None
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
        return TranscriptEngine(Transcript())
    return TranscriptEngine(Transcript.restore(snapshot))


log = logging.getLogger(__name__)

FEED_BYTES = 256 * 1024

OTHER_ENGINE: dict[EngineName, EngineName] = {"ghostty": "pyte", "pyte": "ghostty"}
PORTABLE: EngineName = "pyte"
ANY_ENGINE = "vt"
"""The form of a checkpoint that each engine can read."""


@dataclass
class RecoveredSession:
    """The state of a session, as its last host left it.

    Attributes:
        log_state: the state from the input log, without the screen.
        emulator: the screen, with all output up to ``fed``; None for a structured chat.
        fed, resizes: the offset of the interpreted output, and the number of applied resizes.
        checkpoint_offset: the offset of the newest checkpoint.
        replies: replies to queries that no host has answered yet, for the program.
        events: the output's events that the log state does not have yet, in order.
        notice: one line for the user if something could not be restored; "" for none.
        output_file: the output that viewers get: the program's, or a structured session's transcript log.
        chat: the rules of a structured chat; None for a terminal.
    """

    log_state: LogState
    emulator: Emulator | None
    fed: int
    resizes: int
    checkpoint_offset: int
    replies: bytes
    events: list[TerminalEvent]
    notice: str
    output_file: MemoryFile
    chat: RecoveredChat | None = None

    @property
    def replica(self) -> Replica:
        """The screen, or the transcript of a structured chat."""
        if self.emulator is not None:
            return self.emulator
        assert self.chat is not None
        return self.chat.engine


def replay_log(file: int, input_log: InputLog, *, read_only: bool) -> tuple[LogState, Checkpoint | None]:
    """Replay the input log on top of the newest checkpoint, and mark unwritten input as pending."""
    checkpoint = checkpoints.read(file, input_log.header)
    at = input_log.header.checkpoint
    log_state = checkpoint.log_state if checkpoint is not None else LogState()
    for entry in input_log.read_entries(at.first_entry if at is not None else PAGE_BYTES, cut=not read_only):
        log_state.apply(entry)
        input_log.mark_pending(entry)
    return log_state, checkpoint


def rebuild_emulator(
    spec: LaunchSpec,
    log_state: LogState,
    checkpoint: Checkpoint | None,
    output_file: OutputFile,
    header: LogHeader | None,
    *,
    other_engine: bool,
) -> RecoveredSession:
    """Rebuild the emulator, up to the end of the output.

    Args:
        spec: the launch spec.
        log_state: see ``replay_log``.
        checkpoint: the newest checkpoint; None for none.
        output_file: the output.
        header: gets the offset that the engine interprets, so that a crash of the engine is known; None for
            a rehearsal.
        other_engine: use the other engine than the spec's, which has killed several hosts.
    """
    engine: EngineName = "pyte" if spec.facts.origin.engine == "pyte" else "ghostty"
    notice = ""
    if other_engine:
        engine = OTHER_ENGINE[engine]
        notice = f"the terminal engine {spec.facts.origin.engine} failed on this chat's output; using {engine} instead"
    emulator, offset, resizes = _emulator_at_checkpoint(spec, engine, log_state, checkpoint)
    if spec.identity.answer and engine in spec.identity.engines:
        emulator.identify(spec.identity.answer)
    if offset < output_file.start:
        log.warning("output before %d is gone; the screen begins there", output_file.start)
        notice = notice or "only part of the screen could be restored; export the chat for the rest"
        offset = output_file.start
    checkpoint_offset = checkpoint.offset if checkpoint is not None else 0
    # Without a count in the checkpoint, viewers of the previous host have counted from elsewhere.
    emulator.commands.start_numbers(1 if checkpoint is None else now_ms())
    emulator.commands.set_times(log_state.commands)
    replay = _Replay(emulator, output_file, header, log_state, offset, resizes)
    replay.run()
    log.info("recovered from=%d to=%d resizes=%d", offset, replay.offset, replay.resizes)
    return RecoveredSession(
        log_state,
        emulator,
        replay.offset,
        replay.resizes,
        checkpoint_offset,
        replay.replies,
        replay.events,
        notice,
        output_file,
    )


def rebuild(
    spec: LaunchSpec,
    descriptors: SessionDescriptors,
    log_state: LogState,
    checkpoint: Checkpoint | None,
    program_output: OutputFile,
    header: LogHeader | None,
    *,
    other_engine: bool,
) -> RecoveredSession:
    """Rebuild the emulator, or the transcript and the rules of a structured chat; see ``rebuild_emulator``."""
    if spec.structured is None:
        return rebuild_emulator(spec, log_state, checkpoint, program_output, header, other_engine=other_engine)
    transcript_log = TranscriptLog(descriptors.output_file)
    return _rebuild_chat(
        spec, spec.structured, log_state, checkpoint, transcript_log, program_output, read_only=header is None
    )


def _rebuild_chat(
    spec: LaunchSpec,
    structured: StructuredLaunch,
    log_state: LogState,
    checkpoint: Checkpoint | None,
    transcript_log: TranscriptLog,
    agent_output: MemoryFile,
    *,
    read_only: bool,
) -> RecoveredSession:
    """Rebuild a structured chat, up to the end of its transcript log; see ``recover_chat``."""
    engine = transcript_engine(checkpoint.data if checkpoint is not None else None)
    offset = checkpoint.offset if checkpoint is not None else 0
    for _, data in transcript_log.pieces(offset, transcript_log.end, FEED_BYTES):
        engine.feed(data)
    chat = recover_chat(spec, structured, log_state, transcript_log, agent_output, engine, read_only=read_only)
    return RecoveredSession(log_state, None, transcript_log.end, 0, offset, b"", [], "", transcript_log, chat)


def _emulator_at_checkpoint(
    spec: LaunchSpec, engine: EngineName, log_state: LogState, checkpoint: Checkpoint | None
) -> tuple[Emulator, int, int]:
    """The emulator at the checkpoint, or a fresh one; its offset and count of resizes."""
    if checkpoint is not None:
        # If one engine cannot be used any more, the other restores the screen.
        for each in dict.fromkeys((engine, PORTABLE)):
            try:
                emulator = _restored(each, checkpoint)
            except (OutliveError, ImportError, OSError) as error:
                log.warning("the checkpoint cannot be read (form %s) by %s: %s", checkpoint.form, each, error)
                continue
            # A viewer may have set other colours since.
            emulator.set_default_colors(_colors(spec, log_state))
            emulator.take_replies()
            emulator.take_events()
            return emulator, checkpoint.offset, checkpoint.resizes
    return make_emulator(spec, engine, log_state), 0, 0


def _restored(engine: EngineName, checkpoint: Checkpoint) -> Emulator:
    if checkpoint.form == engine_build(engine):
        return restore(engine, checkpoint.data)
    replay = checkpoint.data
    if checkpoint.form != ANY_ENGINE:
        # Another engine made the checkpoint: it converts the checkpoint into the form that every engine reads.
        previous = restore(_engine_of_build(checkpoint.form), checkpoint.data)
        replay = previous.replay()
        previous.close()
    return from_replay(
        engine, replay, checkpoint.size, cell=checkpoint.cell, scrollback_lines=checkpoint.scrollback_lines
    )


def _engine_of_build(form: str) -> EngineName:
    """The engine with this build: not always the spec's, which may have failed or be missing here.

    Raises:
        OutliveError: the build is of another version.
    """
    for engine in available_engines():
        if engine_build(engine) == form:
            return engine
    raise OutliveError("it is of another version")


def default_colors(colors: Colors) -> DefaultColors:
    """Convert a viewer's colours into those that the emulator answers queries with."""
    return DefaultColors(colors.foreground, colors.background, colors.cursor, colors.dark, colors.palette)


def _colors(spec: LaunchSpec, log_state: LogState) -> DefaultColors:
    """The colours with which the emulator answers colour queries."""
    if log_state.colors is not None:
        return default_colors(log_state.colors)
    return DefaultColors(*spec.colors, spec.palette) if spec.colors is not None else DefaultColors()


_spares: list[Emulator] = []


def make_spare() -> None:
    """Make an emulator in advance. Each fork of this process has it, and shares its unchanged pages.

    Raises:
        OutliveError, ImportError, OSError: there is no engine that can be used.
    """
    _spares[:] = [create(None, GridSize(80, 24))]


def _take_spare(spec: LaunchSpec, engine: EngineName) -> Emulator | None:
    """Take the emulator that was made in advance, resized; None if there is none, or it was taken."""
    spare = _spares.pop() if _spares else None
    if spare is None or spare.engine != engine or spare.scrollback_limit != spec.scrollback_lines:
        return None
    spare.resize(spec.facts.program.size, CellSize())
    return spare


def make_emulator(spec: LaunchSpec, engine: EngineName, log_state: LogState) -> Emulator:
    """Make a fresh emulator, with the portable engine if the wanted one cannot be used."""
    colors = _colors(spec, log_state)
    if (spare := _take_spare(spec, engine)) is not None:
        spare.set_default_colors(colors)
        return spare
    try:
        return create(engine, spec.facts.program.size, scrollback_lines=spec.scrollback_lines, colors=colors)
    except (OutliveError, ImportError, OSError) as error:
        log.warning("engine %s cannot be used (%s); the portable one is", engine, error)
        return create(PORTABLE, spec.facts.program.size, scrollback_lines=spec.scrollback_lines, colors=colors)


class _Replay:
    """Feeds an emulator the output after a checkpoint, with each resize at its offset."""

    def __init__(
        self,
        emulator: Emulator,
        output_file: OutputFile,
        header: LogHeader | None,
        log_state: LogState,
        offset: int,
        resizes: int,
    ) -> None:
        self._emulator = emulator
        self._output_file = output_file
        self._header = header
        self._answered = log_state.answered
        self._reported_offset = log_state.activity.offset if log_state.activity is not None else 0
        self._resizes = [each for each in log_state.resizes if each.number > resizes]
        self._turns = [turn for turn in log_state.turns if turn >= offset]
        self.offset = offset
        self.resizes = resizes
        self.replies = b""
        self.events: list[TerminalEvent] = []

    def run(self) -> None:
        """Feed the emulator up to the end of the output."""
        for resize in self._resizes:
            self._feed_to(resize.offset)
            self._resize(resize)
        self._feed_to(self._output_file.end)

    def _feed_to(self, end: int) -> None:
        # A piece ends at each offset where the handling of replies or events changes, or a turn began.
        offsets = (self._answered[0], self._reported_offset, *self._turns)
        for stop in sorted({end, *(each for each in offsets if each < end)}):
            while self.offset < stop:
                data = self._output_file.read(self.offset, min(stop, self.offset + FEED_BYTES))
                if self._header is not None:
                    self._header.engine_started(self.offset)
                try:
                    self._emulator.feed(data)
                except Exception:
                    # As in the emulator worker: the screen may be wrong from here on, but the session continues.
                    log.exception("the engine failed on %d bytes at offset %d", len(data), self.offset)
                if self._header is not None:
                    self._header.engine_returned()
                self.offset += len(data)
                self._collect_results()
            if stop in self._turns and self.offset == stop:
                self._emulator.mark_turn()

    def _resize(self, resize: Resized) -> None:
        self._emulator.resize(resize.size, resize.cell)
        self.resizes = resize.number
        self._collect_results()

    def _collect_results(self) -> None:
        replies = self._emulator.take_replies()
        if (self.offset, self.resizes) > self._answered:
            self.replies += replies
        events = self._emulator.take_events()
        if self.offset > self._reported_offset:
            self.events += events
