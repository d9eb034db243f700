"""Derived properties of a chat, computed from its stored row and its host's events."""

from __future__ import annotations

import shlex
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from gui.theme.icons import Mark
from gui.wording import common_texts, page_texts, phrases, window_texts
from gui.wording.groups import Group, group_of, mark_of, order_key
from gui.wording.text import Text
from session_host.client.sessions.session_info import Reason, reason_of
from session_host.protocol.untrusted_text import before_more, last_command, one_line
from session_host.protocol.values import WITHOUT_AGENT, Activity, State
from session_host.storage.store import SessionRecord
from session_host.system.clock import parse_time

from .plain_text import plain_text
from .shell_titles import is_directory_title

if TYPE_CHECKING:
    from session_host.client.viewer.state import ViewerState
    from session_host.client.worktrees import Status

_EXITED, _LOST = State.EXITED, State.LOST
"""Hot path: avoids the enum's attribute lookup and hash for each chat of a long list."""

_LOST_TEXTS: dict[Reason, Text] = {
    "interrupted": page_texts.INTERRUPTED,
    "lost": page_texts.ENDED_UNEXPECTEDLY,
    "unstarted": page_texts.FAILED_TO_START,
}


RECENT_OUTPUT_S = 3.0
"""A chat that wrote output within this time may be working, even if no activity was reported."""


def how_it_ended(record: SessionRecord) -> str:
    """How a chat ended, in a few words; "" while it runs."""
    if record.state is State.LOST:
        return _LOST_TEXTS[reason_of(record) or "lost"]()
    if record.state is not State.EXITED:
        return ""
    return phrases.how_it_ended(record.exit_code, record.exit_signal, record.end_request)


class ChatFacts:
    """Properties of a chat that the window shows, derived from the attributes of ``Chat``."""

    record: SessionRecord
    agent_title: str
    activity: Activity
    activity_source: str
    activity_since: str
    activity_detail: str
    stale_after_s: float
    has_unseen_output: bool
    has_unseen_bell: bool
    unseen_notification: str
    has_prompt: bool
    has_worked: bool
    git_status: Status | None
    connection: ViewerState | None
    foreground: str | None
    foreground_since: str
    last_exit_code: int | None
    last_ended: str
    reported_directory: str
    output_at_s: float
    _is_reconnect_slow: bool

    @property
    def is_unresponsive(self) -> bool:
        """Whether its host does not answer to one of the viewers."""
        raise NotImplementedError

    @property
    def id(self) -> str:
        """The session's UUID."""
        return self.record.id

    @property
    def name(self) -> str:
        """The chat's name in the window; ``record.name`` identifies it elsewhere, as on the command line."""
        return self.record.shown_name

    @property
    def state(self) -> State:
        """The state of its process."""
        return self.record.state

    @property
    def has_ended(self) -> bool:
        """Whether its process has exited or was lost."""
        state = self.record.state
        return state is _EXITED or state is _LOST

    @property
    def is_continued(self) -> bool:
        """Whether another chat continues its conversation and replaces it in lists."""
        return self.record.continued_by is not None and self.has_ended

    @property
    def group(self) -> Group:
        """Its group in the sidebar.

        Before the first report of the agent or host, this is a guess.
        """
        activity = self.activity
        if self.has_ended:
            return group_of(self.record.state, activity, interrupted=self.is_interrupted)
        if self.is_starting or (self._is_unreported and not self.activity_since):
            activity = Activity.WORKING if self.has_prompt else Activity.IDLE
        elif self.is_at_prompt or (self.record.is_shell and self._is_plain and self.foreground is None):
            activity = Activity.IDLE
        return group_of(self.record.state, activity, plain=self.is_shell_or_command)

    @property
    def _is_unreported(self) -> bool:
        """Whether the agent runs and has not reported anything yet."""
        is_agent = not self.has_ended and not self.is_shell_or_command
        return (
            is_agent and self.activity is Activity.NO_SIGNAL and not self.activity_source and not self.is_unresponsive
        )

    @property
    def is_starting(self) -> bool:
        """Whether the agent started a moment ago and has not reported anything yet."""
        created = parse_time(self.record.created_at) if self._is_unreported else None
        # The clock may have been set back since.
        return created is not None and abs(datetime.now(UTC) - created) < timedelta(seconds=self.stale_after_s)

    @property
    def shows_first_screen(self) -> bool:
        """Whether its agent has not worked yet, as far as this window knows: there is nothing new to read."""
        has_begun = self.has_worked or self.has_ended or self.is_shell_or_command
        return not has_begun and (self.is_starting or self.activity is Activity.IDLE)

    @property
    def is_shell_or_command(self) -> bool:
        """Whether the chat runs a shell or a command in place of an agent; these report no activity."""
        return self.record.agent in WITHOUT_AGENT

    @property
    def _is_plain(self) -> bool:
        """Whether it is a running shell or command in which no program reports an activity."""
        return self.is_shell_or_command and self.activity is Activity.NO_SIGNAL and not self.has_ended

    @property
    def is_interrupted(self) -> bool:
        """Whether a restart of the computer ended it."""
        return reason_of(self.record) == "interrupted"

    @property
    def has_failed(self) -> bool:
        """Whether the chat was lost, or ended by itself with an error."""
        record = self.record
        # After `exit`, a shell has the exit code of its last command.
        return not self.is_interrupted and phrases.failed(
            record.state, None if record.is_shell else record.exit_code, record.exit_signal,
            is_ended_by_user=self.is_ended_by_user,
        )  # fmt: skip

    @property
    def is_ended_by_user(self) -> bool:
        """Whether the user ended it."""
        return bool(self.record.end_request)

    @property
    def is_reconnecting(self) -> bool:
        """Whether reconnecting has taken long enough to be shown."""
        return self._is_reconnect_slow and self.connection is not None and self.connection == "reconnecting"

    @property
    def mark(self) -> Mark:
        """The shape that shows its state."""
        return mark_of(
            self.group, failed=self.has_failed, reconnecting=self.is_reconnecting, unresponsive=self.is_unresponsive,
            starting=self.is_starting,
        )  # fmt: skip

    def order_in(self, group: Group) -> tuple[str, str]:
        """Its sort key within its group, which is known to the caller."""
        record = self.record
        return order_key(group, record.created_at, self.activity_since, record.ended_at or "")

    @property
    def since(self) -> datetime | None:
        """The time at which the chat entered its group; of the last report, if its agent has stopped reporting."""
        record = self.record
        if self.has_ended:
            return parse_time(record.ended_at or record.created_at)
        if self._is_plain:
            ended = self.last_ended if self.last_command else ""
            return parse_time(ended or self.foreground_since or record.created_at)
        since = parse_time(self.activity_since or record.created_at)
        if since is not None and self.is_silent:
            # The report's time is when the host gave up waiting.
            return since - timedelta(seconds=self.stale_after_s)
        return since

    @property
    def is_suspended(self) -> bool:
        """Whether its program is stopped, and the next key continues it."""
        return self.activity is Activity.SUSPENDED and not self.has_ended

    @property
    def needs_you(self) -> bool:
        """Whether the agent waits for the user."""
        return self.group is Group.NEEDS_YOU

    @property
    def location(self) -> str:
        """The place where the chat works: its repository, the branch unless it is the default one, and changes.

        If they are unknown, or the chat has ended: the repository and branch of the worktree that was made for it, or
        its directory.
        """
        record = self.record
        if self.git_status is not None and not self.has_ended:  # The status of an ended chat is not updated.
            return self.git_status.words_without_default_branch
        branch = record.branch if record.worktree == record.cwd else ""
        directory = one_line(phrases.last_part(record.project if branch else record.cwd))
        return " · ".join(before_more(part) for part in (directory, branch) if part)

    @property
    def branch(self) -> str:
        """The git branch in ``location``; "" for the default one, without one, or if the chat has ended."""
        status = None if self.has_ended else self.git_status
        return status.branch or "" if status is not None and not status.is_default_branch else ""

    @property
    def directory(self) -> str:
        """The directory that it was started in."""
        return self.record.cwd

    @property
    def current_directory(self) -> str:
        """The program's current directory; if it is unknown, or the program has ended, the directory of its start."""
        return self.directory if self.has_ended else self.reported_directory or self.directory

    @property
    def real_directory(self) -> str:
        """``current_directory`` without symbolic links, as far as known without looking at the disk."""
        directory = self.current_directory
        return self.record.real_cwd or directory if directory == self.directory else directory

    @property
    def status_text(self) -> str:
        """One line: its topic and end, that it does not answer, its question, or its last message; "" for none."""
        if self.has_ended:
            return self._topic_and_end
        if self.is_unresponsive:
            return page_texts.DOES_NOT_ANSWER()
        if self.is_suspended:
            return phrases.first_upper(phrases.activity_words(self.activity))
        if self.needs_you:
            return self.activity_detail or page_texts.NEEDS_ANSWER()
        if self.is_silent:
            return phrases.first_upper(phrases.no_activity(self.since, datetime.now(UTC)))
        if self.is_starting:
            return common_texts.STARTING()
        if self._is_plain:
            return self.foreground or self._short_last_command or self.title
        if self.is_shell_or_command and self.foreground:
            return " · ".join(filter(None, (self.foreground, self.activity_detail)))
        if self.is_shell_or_command:
            return self.activity_detail or self.title or self.agent_title
        return plain_text(self.activity_detail or self.title) or self.agent_title

    @property
    def reason_for_bell(self) -> str:
        """Why it is marked with a bell: an unseen notification of its program, or a bell; "" for no mark."""
        if self.unseen_notification:
            return window_texts.NOTIFIED(text=self.unseen_notification)
        return window_texts.BELL() if self.has_unseen_bell else ""

    @property
    def ended_when(self) -> str:
        """The time of its end, "" while it runs."""
        return phrases.short_clock(self.since, datetime.now(UTC)) if self.has_ended else ""

    @property
    def _topic_and_end(self) -> str:
        """An agent's title for the chat, and how the chat ended, in a short form; a failure comes first."""
        topic = "" if self.is_shell_or_command else plain_text(self.title)
        end, code = self.how_it_ended, self.record.exit_code
        if self.has_failed and self.record.state is State.EXITED and not self.record.exit_signal and code:
            end = page_texts.LAST_EXIT_CODE(code=code)
        parts = (end, topic) if self.has_failed else (topic, end)
        return " · ".join(filter(None, parts))

    @property
    def title(self) -> str:
        """The program's terminal title; "" if it only repeats the name of the chat, its directory or its agent."""
        record = self.record
        title = record.title
        if title in {record.name, phrases.last_part(record.cwd), self.agent_title}:
            return ""
        if not record.is_named and record.topic and record.topic.rstrip("…") in title:
            return ""
        return "" if title and self.is_shell_or_command and is_directory_title(title, self.current_directory) else title

    @property
    def last_command(self) -> str:
        """How the last command of a shell ended; "" while a command runs, or if unknown."""
        return "" if self.foreground else last_command(self.last_exit_code)

    @property
    def _short_last_command(self) -> str:
        """``last_command`` in a short form that is never elided."""
        if not self.last_command:
            return ""
        return (
            page_texts.LAST_EXIT_CODE(code=code)
            if (code := self.last_exit_code)
            else page_texts.LAST_COMMAND_SUCCEEDED()
        )

    @property
    def is_silent(self) -> bool:
        """Whether the agent was working and then stopped reporting."""
        return not self.has_ended and not self.is_shell_or_command and self.activity_source == phrases.SILENCE

    @property
    def is_at_prompt(self) -> bool:
        """Whether it is a shell that waits for a command."""
        return self._is_plain and self.foreground == ""

    @property
    def activity_and_age(self) -> str:
        """Its activity and the age of that; "" if it has ended."""
        if self.has_ended:
            return ""
        if self.is_unresponsive:
            return Mark.UNRESPONSIVE.value
        if self.is_starting:
            return Mark.STARTING.value
        if self._is_plain:
            return phrases.running(self.foreground, self.since, datetime.now(UTC), self.last_command)
        return phrases.activity_and_age(self.activity, self.activity_source, self.since, datetime.now(UTC))

    @property
    def reason_to_confirm_end(self) -> str:
        """Why the user should confirm before it is ended, as the beginning of a sentence; "" for no reason."""
        if self.activity is Activity.WORKING:
            return page_texts.IS_WORKING(name=self.name)
        if self.needs_you:
            return page_texts.NEEDS_YOUR_ANSWER(name=self.name)
        if self.is_shell_or_command and self.foreground:
            return page_texts.IS_STILL_RUNNING(program=phrases.shortened(self.foreground))
        is_recent = self.output_at_s and time.monotonic() - self.output_at_s < RECENT_OUTPUT_S
        if is_recent and self.activity is not Activity.IDLE:
            return page_texts.WAS_ACTIVE(name=self.name)
        return ""

    @property
    def name_and_state(self) -> str:
        """Its name with its activity or end, as a line in a question to the user."""
        return page_texts.CHAT_AND_STATE(name=self.name, state=self._activity_or_end)

    @property
    def _activity_or_end(self) -> str:
        if self.has_ended:
            return self.how_it_ended
        if self.is_starting:
            return Mark.STARTING.value
        now = datetime.now(UTC)
        if self._is_plain:
            # The previous command's end does not matter for a question about stopping.
            return phrases.running(self.foreground, self.since, now)
        if self.is_silent:
            return phrases.activity_and_age(self.activity, self.activity_source, self.since, now)
        words = phrases.activity_words(self.activity)
        detail = self.activity_detail or self.title
        return page_texts.STATE_AND_DETAIL(state=words, detail=detail) if detail else words

    @property
    def command(self) -> str:
        """The command as the user gave it, without the arguments that the catalog adds."""
        record = self.record
        return shlex.join(record.argv if record.arguments == record.argv else [record.agent, *record.arguments])

    @property
    def how_it_ended(self) -> str:
        """How it ended, in a few words; "" while it runs."""
        return how_it_ended(self.record)
