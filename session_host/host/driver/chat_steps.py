"""Carries out the steps of a structured chat: their records, changes and operations; see ``structured``."""

from __future__ import annotations

from collections.abc import Callable

from session_host.host.operations.runner import OperationRunner
from session_host.host.program.error_output import last_errors
from session_host.host.watchers.agent_activity import AgentWatch
from session_host.host.watchers.conversation import PROTOCOL, ConversationTracker
from session_host.protocol.launch import LaunchSpec
from session_host.protocol.untrusted_text import one_line, topic_of
from session_host.session.effects import AppendRecord, ChatChanged, StartOperation, WriteToProgram
from session_host.session.session import Session
from session_host.session.structured_chat import StructuredChat
from session_host.storage.descriptors.log_entries import EntryKind
from session_host.structured.items import ConversationKnown, Put, StateChanged, TitleChanged, TurnEnded
from session_host.structured.operations import AnyResult
from session_host.system.clock import now_ms

from .beginning import history_of
from .performer import Performer
from .recover import RecoveredChat


class ChatSteps:
    """The driver's part for structured chats.

    Attributes:
        chat: the rules, which are ``Session.chat``, too.
        operation_runner: carries out the operations that the chat's agent asks for.
    """

    def __init__(
        self,
        spec: LaunchSpec,
        recovered: RecoveredChat,
        session: Session,
        performer: Performer,
        watch: AgentWatch,
        conversation: ConversationTracker,
        send_output: Callable[[bytes], object],
    ) -> None:
        """Give the session its structured chat, from the state that a previous host left.

        Args:
            spec: the session's launch spec.
            recovered: the state.
            session: the session's rules.
            performer: carries out the chat's effects from now on.
            watch: gets the agent's state.
            conversation: gets the conversation's id.
            send_output: sends output, which is in its file already, to the viewers.
        """
        self._spec, self._log, self._session, self._performer = spec, recovered.log, session, performer
        self._watch, self._conversation, self._send_output = watch, conversation, send_output
        self.operation_runner = OperationRunner(spec, self._operation_done)
        self.chat = session.chat = StructuredChat(
            session.effects, recovered.rules, recovered.splitter, recovered.log.end, now_ms, recovered.launch,
            timers=recovered.timers, read_history=lambda: history_of(spec.session_id, recovered.launch),
        )  # fmt: skip
        session.viewers.focus.stop()  # Only a terminal has focus reports.
        for offset, lines in recovered.unsent:
            session.effects.append(WriteToProgram(EntryKind.REPLY, lines, number=offset))
        performer.add_handlers(
            {
                AppendRecord: self._append_record,
                ChatChanged: self._pass_changes_on,
                StartOperation: lambda effect: self.operation_runner.start(effect.operation),
            }
        )

    def program_ended(self, exit_code: int | None, exit_signal: int | None, end_request: str) -> None:
        """Let the rules handle the agent's end, with its last errors if nobody has ended it."""
        self.operation_runner.flush()
        was_ended = self.chat.rules.state.timed_out or bool(end_request)
        failed = bool(exit_code or exit_signal) and not was_ended
        self.chat.program_ended(last_errors(self._spec.stderr) if failed else "")
        self._performer.perform()

    def _append_record(self, effect: AppendRecord) -> None:
        """Append a record to the transcript log, and send it to the viewers."""
        self._log.append(effect.record)
        self._send_output(effect.record)

    def _pass_changes_on(self, effect: ChatChanged) -> None:
        """Pass changes on to the activity, the conversation and the title."""
        for change in effect.changes:
            match change:
                case StateChanged():
                    self._watch.on_chat_state(change)
                case TurnEnded(_, "failed", error):
                    self._watch.on_turn_failed(error)
                case ConversationKnown(conversation):
                    self._conversation.set_conversation(conversation, PROTOCOL)
                case TitleChanged(title):
                    self._session.set_title(one_line(title))
                case Put(item) if not self._session.title:
                    self._session.set_title(topic_of(item.text))
                case _:
                    pass

    def _operation_done(self, result: AnyResult) -> None:
        self.chat.operation_done(result)
        self._performer.perform()
