"""The parts of a host that both kinds of drivers use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from session_host.host.event_log import EventLog
from session_host.host.program.journal_writer import JournalWriter
from session_host.host.program.program import Program
from session_host.host.watchers.agent_activity import AgentWatch
from session_host.host.watchers.conversation import ConversationTracker
from session_host.host.watchers.hook_questions import HookQuestions
from session_host.protocol.launch import LaunchSpec
from session_host.protocol.messages import Event
from session_host.session.session import Session
from session_host.storage.descriptors.input_log import InputLog
from session_host.storage.descriptors.output_file import OutputFile

from .performer import Performer
from .restore_points import RestorePointMaker


class SendOutput(Protocol):
    """Sends output, which is in its file already, to the viewers and the emulator; returns whether to read on at once.

    ``is_news``: see ``AppendRecord``.
    """

    def __call__(self, data: bytes, *, is_news: bool = True) -> bool: ...


@dataclass(frozen=True)
class HostParts:
    """The parts.

    Attributes:
        spec: the launch spec.
        session: the session's rules.
        performer: carries out their effects.
        program: the program.
        watch: follows the agent's activity.
        events: counts the agent's turns, and records events.
        conversation: gets the conversation's id.
        questions: questions that the agent's hook asks.
        restore_points: keeps the files before each prompt.
        input_log: records what must outlive this process.
        program_output: what the program writes.
        journal_writer: gets each resize.
        send_output: see ``SendOutput``.
        broadcast: sends an event to all followers.
        new_id: makes a token: 32 hexadecimal digits.
    """

    spec: LaunchSpec
    session: Session
    performer: Performer
    program: Program
    watch: AgentWatch
    events: EventLog
    conversation: ConversationTracker
    questions: HookQuestions
    restore_points: RestorePointMaker
    input_log: InputLog
    program_output: OutputFile
    journal_writer: JournalWriter
    send_output: SendOutput
    broadcast: Callable[[Event], None]
    new_id: Callable[[], str]
