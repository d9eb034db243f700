"""Texts of a chat's page: terminal, prompts and commands, find bar, bars, questions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from gui.wording import phrases
from gui.wording.text import Text
from session_host.system.clock import moment_of

TERMINAL = Text("page", "Terminal")
SCROLLBAR = Text("page", "History")
SCROLLBAR_OF = Text("page", "Position in {title}")
NEW_OUTPUT = Text("page", "New output ↓")
"""The button that scrolls to the end."""
SELECTED = Text("page", "Selected: {text}")
"""A screen reader's text for what was selected."""
COPY_LINK = Text("page", "Copy link")
COPY_PATH = Text("page", "Copy path")
OPEN_LINK = Text("page", "Open link")
FORWARD_PORT = Text("page", "Forward port {port} of {machine} to this machine, and open it?")
FORWARD = Text("page", "Forward")
OPEN_THIS_LINK = Text("page", "Open this link?")
CONVERSATION_OF = Text("page", "Chat view of {name}")
"""Accessible name of a chat view."""
TERMINAL_OF = Text("page", "Terminal of {name}")
COMMAND_IN = Text("page", "{command} in {directory}")
RECONNECTING = Text("page", "Reconnecting…")
NO_SCREEN = Text("page", "No screen was saved")
HOW_IT_ENDED = Text("page", "How the chat ended")
OPEN_CONTINUED = Text("page", "Open chat")
RESUME_ANYWAY = Text("page", "Resume anyway")
CONTINUED_IN = Text("page", "Continued in {name}.")
CANNOT_RESUME = Text("page", "Can’t resume this chat: {reason}")
INTERRUPTED = Text("page", "Interrupted by a restart")
PROCESS_GONE = Text("page", "the chat’s background process is gone")
CANNOT_SHOW_CHAT = Text("page", "Can’t show this chat. It keeps running.")
ENDED_AT = Text("page", "{how} {when}")
RUNS_EACH_LINE = Text("page", "The program may run each line at once.")
RUNS_IT = Text("page", "The program may run it at once.")
HAS_CONTROLS = Text("page", "The text contains control characters.")
QUESTION = Text("page", "Question")
TEXT_TO_CONFIRM = Text("page", "Text to confirm")
RESUMING = Text("page", "Resuming…")
DOES_NOT_ANSWER = Text("page", "Does not answer")
CHAT_DOES_NOT_ANSWER = Text("page", "The chat does not answer. What you type is kept.")
"""A line over the page; it must fit into a narrow pane."""
CHARACTERS_WAIT = Text("page", "The chat does not answer. {n:,} character(s) wait.")
WAIT_OR_KILL = Text("page", "No answer from {name}. Wait, or end it in its menu: More, Kill.")
"""The host did not answer a request, such as to stop the chat."""
TYPING_IS_KEPT = Text("page", "Reconnecting… What you type is kept.")
CONNECTING_TO = Text("page", "Connecting to {machine}…")
UNREACHABLE = Text("page", "{machine} is unreachable")
SHOWN_WHEN_BACK = Text("page", "This chat is shown when {machine} is back. It may still run there.")
LAST_SHOWN_WHEN_BACK = Text("page", "How this chat ended is shown when {machine} is back.")
CLICK_MOVES = Text("page", "Click to move this line to the other end")
"""The line says that a machine cannot be reached, and may cover text."""
SENT_WHEN_BACK = Text("page", "{n:,} character(s) wait: they are sent when {machine} is back.")
ASKS_SINCE = Text("page", "{name} asks something that you have not seen.")
"""A question came up while the machine could not be reached."""
TYPED_MEANWHILE = Text("page", "{n:,} character(s) that you typed meanwhile are not sent yet.")
SEND_TYPED = Text("page", "Send")
DISCARD_TYPED = Text("page", "Discard")
AGENTS_MAY_SAVE = Text("page", "Each agent is asked to exit and can save its work.")
PASTE_LINES = Text("page", "Paste {n:,} line(s)?")
PASTE_MANY_LINES = Text("page", "Paste {n:,} line(s), {characters:,} characters?")
PASTE_LINE_AND_BREAK = Text("page", "Paste a line and its line break?")
PASTE_TEXT = Text("page", "Paste {n:,} character(s)?")
MORE_CHARACTERS = Text("page", "({n:,} more character(s))")
IS_WORKING = Text("page", "{name} is working")
NEEDS_YOUR_ANSWER = Text("page", "{name} needs your answer")
IS_STILL_RUNNING = Text("page", "{program} is still running")
WAS_ACTIVE = Text("page", "{name} was active just now")
STOP_QUESTION = Text("page", "{reason}. Stop it?")
KILL_QUESTION = Text("page", "{reason}. Kill it?")
UNSAVED_WORK_IS_LOST = Text("page", "Unsaved work is lost.")
STOP_ONE = Text("page", "Stop {name}?")
STOP_ALL = Text("page", "Stop all {n:,} running chats?")
CHAT_AND_STATE = Text("page", "{name} · {state}")
STATE_AND_DETAIL = Text("page", "{state}: {detail}")


def shells_at_prompt(names: Sequence[str]) -> str:
    """The shells in a list of chats that run no command."""
    return Text("page", "At the prompt: {names}")(names=", ".join(names))


STOP_SEVERAL = Text("page", "Stop these {count} chats?")


def remove_several(count: int, size: str = "") -> str:
    """The question before several chats are removed; ``size`` is "" while it is not known."""
    if not size:
        return Text("page", "Remove these {count} ended chats?")(count=count)
    return Text("page", "Remove these {count} ended chats ({size})?")(count=count, size=size)


REMOVED_FOR_GOOD = Text("page", "What they showed is deleted. You can undo this for {seconds} seconds.")
"""Consequence of removing several chats."""
REMOVE_CHATS = Text("page", "Remove {n:,} chat(s)")
RESUME_CHATS = Text("page", "Resume {count} chats")
STOP_CHATS = Text("page", "Stop {n:,} chat(s)")
LAST_ACTIVE = Text("page", "Last active {when} · {command} in {directory}")
NO_SCROLLBACK_TO_CLEAR = Text("page", "A full-screen program has no scrollback to clear")
CANNOT_CLEAR_YET = Text("page", "Not connected to the chat yet; try again")
LEFT_BEHIND = Text("page", "Left behind, and still running: {processes}")
END_LEFT = Text("page", "End these processes")
SUSPENDED = Text("page", "Suspended, as by Ctrl+Z. Any key continues it")
CONTINUE_SUSPENDED = Text("page", "Continue")
CANNOT_CLEAR_IN_OLD_CHAT = Text(
    "page", "This chat runs in an older version: choose “Update running chats” or run outlive upgrade"
)
OPEN_FILE = Text("page", "Open file")
ENDED_UNEXPECTEDLY = Text("page", "Ended unexpectedly")
FAILED_TO_START = Text("page", "Failed to start")
NEEDS_ANSWER = Text("page", "Needs your answer")
LAST_COMMAND_SUCCEEDED = Text("page", "Succeeded")
LAST_EXIT_CODE = Text("page", "Exit code {code}")
RESUMED_SHELL = Text("page", "Resume starts a new shell here, below what this one showed.")
"""Explains *Resume* of an ended shell, below its last screen and its directory."""

# A terminal's keyboard modes: selecting with a caret, and opening links by letters.
SELECT = Text("mode", "Select")
SELECTING_CHARACTERS = Text("mode", "Selecting characters")
SELECTING_LINES = Text("mode", "Selecting lines")
SELECTING_A_BLOCK = Text("mode", "Selecting a block")
KEYS_TO_BEGIN_SELECTING = Text("mode", "v characters · V lines · Ctrl+V block · / find · Esc exit")
"""The main keys while nothing is selected."""
KEYS_WHILE_SELECTING = Text("mode", "y copy · o other end · / find · Esc exit")
"""The main keys while text is selected."""
TYPE_THE_LETTERS = Text("mode", "Type the letters on a link to open it")
KEYS_OF_HINTS = Text("mode", "hold Shift to copy · Esc exit")

# A shell's prompts and commands; an agent's turns and answers.
PROMPT_POSITION = Text("prompts", "Prompt {number} of {count}")
"""The number of the prompt that the user went to."""
TURN_POSITION = Text("prompts", "Turn {number} of {count}")
"""The number of the agent's turn that the user went to."""
NO_PROMPTS = Text("prompts", "No prompts here")
NO_EARLIER_PROMPT = Text("prompts", "No earlier prompt")
NO_PROMPTS_IN_FULL_SCREEN = Text("prompts", "No prompts in a full-screen program")
"""There are no prompts to go to, since the program fills the screen."""
THIS_COMMAND = Text("prompts", "Command")
"""The submenu for the command at a point of a terminal."""
COPY_OUTPUT = Text("prompts", "Copy output")
COPY_ANSWER = Text("prompts", "Copy this answer")
COPY_LAST_ANSWER = Text("prompts", "Copy last answer")
OUTPUT_COPIED = Text("prompts", "Output copied")
NO_OUTPUT = Text("prompts", "No output here")
COPIED_LAST_ANSWER = Text("prompts", "Copied the last answer ({n:,} line(s))")
COPIED_UNFINISHED_ANSWER = Text("prompts", "Copied the answer so far ({n:,} line(s)); it is still being written")
"""The agent has not finished the answer."""
COPIED_ANSWER_BEFORE = Text("prompts", "The last prompt has no answer; copied the one before ({n:,} line(s))")
"""The last prompt has no answer, so the answer before it was copied."""
COPIED_ANSWER = Text("prompts", "Copied the answer to this prompt ({n:,} line(s))")
"""The answer that the user went to, which is not the last one."""
RECORD_IS_SLOW = Text("prompts", "Can’t read {agent}’s conversation: its disk does not respond")
COPY_COMMAND = Text("prompts", "Copy")
COPY_COMMAND_AND_OUTPUT = Text("prompts", "Copy with output")
EDIT_AND_RERUN = Text("prompts", "Edit and rerun")
COMMAND_COPIED = Text("prompts", "Command copied")
COMMAND_AND_OUTPUT_COPIED = Text("prompts", "Command and output copied")
NO_COMMAND = Text("prompts", "No command here")
COMMAND_NOT_KNOWN = Text("prompts", "The shell does not report what was typed here")
"""The rows of a command do not tell which part is the shell's prompt."""
ERASED_COMMAND = Text("prompts", "Command line was erased")
"""Stands in the list of commands for a command that erased its own line, such as ``clear; make``."""
NOT_AT_PROMPT = Text("prompts", "The shell does not wait for a command")
SEARCH_COMMANDS = Text("prompts", "Search the commands of this chat")
SEARCH_PROMPTS = Text("prompts", "Search the prompts of this chat")
FAILED_WORDS = Text("prompts", "failed error")
"""Words by which a list finds the commands that failed."""
GO_THERE = Text("prompts", "go there")
"""For the foot of a list of commands: what its keys do."""
KEY_COPIES = Text("prompts", "copy")
KEY_COPIES_WITH_OUTPUT = Text("prompts", "copy with output")
KEY_COPIES_ANSWER = Text("prompts", "copy the answer")
KEY_OPENS_OUTPUT = Text("prompts", "open output in editor")
KEY_EDITS_AND_RERUNS = Text("prompts", "edit and rerun")
NO_ANSWER = Text("prompts", "This prompt has no answer yet")


def command_facts(code: int | None, took_ms: int | None, began_ms: int | None, *, is_running: bool = False) -> str:
    """How a command ended, how long it ran and when it began; None is not known. "" if nothing is."""
    parts = [] if code is None else [EXIT_CODE(code=code)]
    if took_ms is not None:
        parts.append(phrases.exact_duration(took_ms))
    if began_ms is not None:
        began = phrases.short_clock(moment_of(began_ms), datetime.now(UTC))
        parts.append(Text("prompts", "running since {time}")(time=began) if is_running else began)
    return " · ".join(parts)


def go_to_command(command: str, facts: str) -> str:
    """For screen readers: the line over a terminal's first row; ``facts`` as ``command_facts``."""
    text = Text("prompts", "Go to the command {command}")(command=command)
    return f"{text}, {facts[:1].lower()}{facts[1:]}" if facts else text


EXIT_CODE = Text("prompts", "Exit code {code}")

# The find bar.
FIND = Text("find", "Find in this chat")
MATCHES = Text("find", "{position:,} of {count:,}")
MORE_MATCHES = Text("find", "{position:,} of {count:,}+")
MATCHES_ELSEWHERE = Text("find", "{count:,} found")
"""The count while none of the matches is the current one."""


def match_above(by_enter: bool) -> str:
    """A button's name; Enter does the same, or Shift+Enter."""
    return Text("find", "Match above (Enter)")() if by_enter else Text("find", "Match above (Shift+Enter)")()


def match_below(by_enter: bool) -> str:
    return Text("find", "Match below (Enter)")() if by_enter else Text("find", "Match below (Shift+Enter)")()


CLOSE_FIND = Text("find", "Close (Esc)")
REGULAR_EXPRESSION = Text("find", "Regular expression (Alt+R)")
MATCH_CASE = Text("find", "Match case (Alt+C)")
WHOLE_WORDS = Text("find", "Whole words (Alt+W)")
INVALID_EXPRESSION = Text("find", "Regular expression: {error}")
EXPRESSION_TOO_SLOW = Text("find", "This expression is too slow for some lines. They may have more matches.")
