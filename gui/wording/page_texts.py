"""Texts of a chat's page: terminal, prompts and commands, find bar, bars, questions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from gui.wording import phrases
from gui.wording.text import Text
from session_host.protocol.shown_duration import exact_duration
from session_host.system.clock import moment_of

TERMINAL = Text("Terminal")
SCROLLBAR = Text("History")
SCROLLBAR_OF = Text("Position in {title}")
NEW_OUTPUT = Text("New output ↓")
"""The button that scrolls to the end."""
SELECTED = Text("Selected: {text}")
"""A screen reader's text for what was selected."""
COPY_LINK = Text("Copy link")
COPY_PATH = Text("Copy path")
OPEN_LINK = Text("Open link")
FORWARD_PORT = Text("Forward port {port} of {machine} to this machine, and open it?")
FORWARD = Text("Forward")
OPEN_THIS_LINK = Text("Open this link?")
CONVERSATION_OF = Text("Chat view of {name}")
"""Accessible name of a chat view."""
TERMINAL_OF = Text("Terminal of {name}")
COMMAND_IN = Text("{command} in {directory}")
RECONNECTING = Text("Reconnecting…")
NO_SCREEN = Text("No screen was saved")
HOW_IT_ENDED = Text("How the chat ended")
OPEN_CONTINUED = Text("Open chat")
RESUME_ANYWAY = Text("Resume anyway")
CONTINUED_IN = Text("Continued in {name}.")
CANNOT_RESUME = Text("Can’t resume this chat: {reason}")
PROCESS_GONE = Text("the chat’s background process is gone")
CANNOT_SHOW_CHAT = Text("Can’t show this chat. It keeps running.")
ENDED_AT = Text("{how} {when}")
RUNS_EACH_LINE = Text("The program may run each line at once.")
RUNS_IT = Text("The program may run it at once.")
HAS_CONTROLS = Text("The text contains control characters.")
QUESTION = Text("Question")
TEXT_TO_CONFIRM = Text("Text to confirm")
RESUMING = Text("Resuming…")
DOES_NOT_ANSWER = Text("Does not answer")
CHAT_DOES_NOT_ANSWER = Text("The chat does not answer. What you type is kept.")
"""A line over the page; it must fit into a narrow pane."""
CHARACTERS_WAIT = Text(
    "The chat does not answer. {n:,} character waits.", "The chat does not answer. {n:,} characters wait."
)
WAIT_OR_KILL = Text("No answer from {name}. Wait, or end it in its menu: More, Kill.")
"""The host did not answer a request, such as to stop the chat."""
TYPING_IS_KEPT = Text("Reconnecting… What you type is kept.")
CONNECTING_TO = Text("Connecting to {machine}…")
UNREACHABLE = Text("{machine} is unreachable")
SHOWN_WHEN_BACK = Text("This chat is shown when {machine} is back. It may still run there.")
LAST_SHOWN_WHEN_BACK = Text("How this chat ended is shown when {machine} is back.")
CLICK_MOVES = Text("Click to move this line to the other end")
"""The line says that a machine cannot be reached, and may cover text."""
SENT_WHEN_BACK = Text(
    "{n:,} character waits: it is sent when {machine} is back.",
    "{n:,} characters wait: they are sent when {machine} is back.",
)
ASKS_SINCE = Text("{name} asks something that you have not seen.")
"""A question came up while the machine could not be reached."""
TYPED_MEANWHILE = Text(
    "{n:,} character that you typed meanwhile is not sent yet.",
    "{n:,} characters that you typed meanwhile are not sent yet.",
)
SEND_TYPED = Text("Send")
DISCARD_TYPED = Text("Discard")
AGENTS_MAY_SAVE = Text("Each agent is asked to exit and can save its work.")
PASTE_LINES = Text("Paste {n:,} line?", "Paste {n:,} lines?")
PASTE_MANY_LINES = Text("Paste {n:,} line, {characters:,} characters?", "Paste {n:,} lines, {characters:,} characters?")
PASTE_LINE_AND_BREAK = Text("Paste a line and its line break?")
PASTE_TEXT = Text("Paste {n:,} character?", "Paste {n:,} characters?")
MORE_CHARACTERS = Text("({n:,} more character)", "({n:,} more characters)")
IS_WORKING = Text("{name} is working")
NEEDS_YOUR_ANSWER = Text("{name} needs your answer")
IS_STILL_RUNNING = Text("{program} is still running")
WAS_ACTIVE = Text("{name} was active just now")
STOP_QUESTION = Text("{reason}. Stop it?")
KILL_QUESTION = Text("{reason}. Kill it?")
UNSAVED_WORK_IS_LOST = Text("Unsaved work is lost.")
STOP_ONE = Text("Stop {name}?")
STOP_ALL = Text("Stop {n:,} running chat?", "Stop all {n:,} running chats?")
CHAT_AND_STATE = Text("{name} · {state}")
STATE_AND_DETAIL = Text("{state}: {detail}")


def shells_at_prompt(names: Sequence[str]) -> str:
    """The shells in a list of chats that run no command."""
    return Text("At the prompt: {names}")(names=", ".join(names))


STOP_SEVERAL = Text("Stop these {count} chats?")


def remove_several(count: int, size: str = "") -> str:
    """The question before several chats are removed; ``size`` is "" while it is not known."""
    if not size:
        return Text("Remove these {count} ended chats?")(count=count)
    return Text("Remove these {count} ended chats ({size})?")(count=count, size=size)


REMOVED_FOR_GOOD = Text("What they showed is deleted. You can undo this for {seconds} seconds.")
"""Consequence of removing several chats."""
REMOVE_CHATS = Text("Remove {n:,} chat", "Remove {n:,} chats")
RESUME_CHATS = Text("Resume {count} chats")
STOP_CHATS = Text("Stop {n:,} chat", "Stop {n:,} chats")
LAST_ACTIVE = Text("Last active {when} · {command} in {directory}")
NO_SCROLLBACK_TO_CLEAR = Text("A full-screen program has no scrollback to clear")
CANNOT_CLEAR_YET = Text("Not connected to the chat yet; try again")
LEFT_BEHIND = Text("Left behind, and still running: {processes}")
END_LEFT = Text("End these processes")
SUSPENDED = Text("Suspended, as by Ctrl+Z. Any key continues it")
CONTINUE_SUSPENDED = Text("Continue")
CANNOT_CLEAR_IN_OLD_CHAT = Text(
    "This chat runs in an older version: choose “Update running chats” or run outlive upgrade"
)
OPEN_FILE = Text("Open file")
IT = Text("it {what}")
"""Why a chat is not put to sleep."""
SLEEP_ONE = Text("Put {name} to sleep?")
SLEEP_SEVERAL = Text("Put {n:,} chat to sleep?", "Put {n:,} chats to sleep?")
SLEEP_ANYWAY = Text("{name} {why}. Put it to sleep anyway?")
ENDS_WITH_SLEEP = Text(
    "A text wakes it where it was. What you always allowed in it, modes and models that you chose inside the agent, "
    "and the agent’s timers end."
)
ENDS_WITH_WORK = Text(
    "All of that ends, and so do what you always allowed in it, modes and models that you chose inside the agent, and "
    "its timers. A text wakes the conversation as it is saved."
)
ASLEEP_SINCE = Text("Asleep since {when}")
TYPE_TO_WAKE = Text("type to wake it")
WAKING_TEXT = Text("Text that wakes the chat")
"""Accessible name of the field under the last screen of a chat that is asleep."""
WAKES_OR_DROPS = Text("Enter wakes it · Esc drops the text")
WAKING = Text("Waking…")
WAKING_WITH = Text("Waking… “{text}”")
TOO_LONG_TO_WAKE = Text("The text is too long ({count:,} characters, at most {most:,}).")
RESUMED_SHELL = Text("Resume starts a new shell here, below what this one showed.")
"""Explains *Resume* of an ended shell, below its last screen and its directory."""

# A terminal's keyboard modes: selecting with a caret, and opening links by letters.
SELECT = Text("Select")
SELECTING_CHARACTERS = Text("Selecting characters")
SELECTING_LINES = Text("Selecting lines")
SELECTING_A_BLOCK = Text("Selecting a block")
KEYS_TO_BEGIN_SELECTING = Text("v characters · V lines · Ctrl+V block · / find · Esc exit")
"""The main keys while nothing is selected."""
KEYS_WHILE_SELECTING = Text("y copy · o other end · / find · Esc exit")
"""The main keys while text is selected."""
TYPE_THE_LETTERS = Text("Type the letters on a link to open it")
KEYS_OF_HINTS = Text("hold Shift to copy · Esc exit")

# A shell's prompts and commands; an agent's turns and answers.
PROMPT_POSITION = Text("Prompt {number} of {count}")
"""The number of the prompt that the user went to."""
TURN_POSITION = Text("Turn {number} of {count}")
"""The number of the agent's turn that the user went to."""
NO_PROMPTS = Text("No prompts here")
NO_EARLIER_PROMPT = Text("No earlier prompt")
NO_PROMPTS_IN_FULL_SCREEN = Text("No prompts in a full-screen program")
"""There are no prompts to go to, since the program fills the screen."""
THIS_COMMAND = Text("Command")
"""The submenu for the command at a point of a terminal."""
COPY_OUTPUT = Text("Copy output")
COPY_ANSWER = Text("Copy this answer")
COPY_LAST_ANSWER = Text("Copy last answer")
OUTPUT_COPIED = Text("Output copied")
NO_OUTPUT = Text("No output here")
COPIED_LAST_ANSWER = Text("Copied the last answer ({n:,} line)", "Copied the last answer ({n:,} lines)")
COPIED_UNFINISHED_ANSWER = Text(
    "Copied the answer so far ({n:,} line); it is still being written",
    "Copied the answer so far ({n:,} lines); it is still being written",
)
"""The agent has not finished the answer."""
COPIED_ANSWER_BEFORE = Text(
    "The last prompt has no answer; copied the one before ({n:,} line)",
    "The last prompt has no answer; copied the one before ({n:,} lines)",
)
"""The last prompt has no answer, so the answer before it was copied."""
COPIED_ANSWER = Text("Copied the answer to this prompt ({n:,} line)", "Copied the answer to this prompt ({n:,} lines)")
"""The answer that the user went to, which is not the last one."""
RECORD_IS_SLOW = Text("Can’t read {agent}’s conversation: its disk does not respond")
COPY_COMMAND = Text("Copy")
COPY_COMMAND_AND_OUTPUT = Text("Copy with output")
EDIT_AND_RERUN = Text("Edit and rerun")
COMMAND_COPIED = Text("Command copied")
COMMAND_AND_OUTPUT_COPIED = Text("Command and output copied")
NO_COMMAND = Text("No command here")
COMMAND_NOT_KNOWN = Text("The shell does not report what was typed here")
"""The rows of a command do not tell which part is the shell's prompt."""
ERASED_COMMAND = Text("Command line was erased")
"""Stands in the list of commands for a command that erased its own line, such as ``clear; make``."""
NOT_AT_PROMPT = Text("The shell does not wait for a command")
SEARCH_COMMANDS = Text("Search the commands of this chat")
SEARCH_PROMPTS = Text("Search the prompts of this chat")
FAILED_WORDS = Text("failed error")
"""Words by which a list finds the commands that failed."""
GO_THERE = Text("go there")
"""For the foot of a list of commands: what its keys do."""
KEY_COPIES = Text("copy")
KEY_COPIES_WITH_OUTPUT = Text("copy with output")
KEY_COPIES_ANSWER = Text("copy the answer")
KEY_OPENS_OUTPUT = Text("open output in editor")
KEY_EDITS_AND_RERUNS = Text("edit and rerun")
NO_ANSWER = Text("This prompt has no answer yet")


def command_facts(code: int | None, took_ms: int | None, began_ms: int | None, *, is_running: bool = False) -> str:
    """How a command ended, how long it ran and when it began; None is not known. "" if nothing is."""
    parts = [] if code is None else [EXIT_CODE(code=code)]
    if took_ms is not None:
        parts.append(exact_duration(took_ms))
    if began_ms is not None:
        began = phrases.told_time(moment_of(began_ms), datetime.now(UTC))
        parts.append(Text("running since {time}")(time=began) if is_running else began)
    return " · ".join(parts)


def go_to_command(command: str, facts: str) -> str:
    """For screen readers: the line over a terminal's first row; ``facts`` as ``command_facts``."""
    text = Text("Go to the command {command}")(command=command)
    return f"{text}, {facts[:1].lower()}{facts[1:]}" if facts else text


EXIT_CODE = Text("Exit code {code}")

# The find bar.
FIND = Text("Find in this chat")
MATCHES = Text("{position:,} of {count:,}")
MORE_MATCHES = Text("{position:,} of {count:,}+")
MATCHES_ELSEWHERE = Text("{count:,} found")
"""The count while none of the matches is the current one."""


def match_above(by_enter: bool) -> str:
    """A button's name; Enter does the same, or Shift+Enter."""
    return Text("Match above (Enter)")() if by_enter else Text("Match above (Shift+Enter)")()


def match_below(by_enter: bool) -> str:
    return Text("Match below (Enter)")() if by_enter else Text("Match below (Shift+Enter)")()


CLOSE_FIND = Text("Close (Esc)")
REGULAR_EXPRESSION = Text("Regular expression (Alt+R)")
MATCH_CASE = Text("Match case (Alt+C)")
WHOLE_WORDS = Text("Whole words (Alt+W)")
INVALID_EXPRESSION = Text("Regular expression: {error}")
EXPRESSION_TOO_SLOW = Text("This expression is too slow for some lines. They may have more matches.")
