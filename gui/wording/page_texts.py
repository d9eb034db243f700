"""Texts of a chat's page: its terminal, its bars and its questions."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication

translate = QCoreApplication.translate


def terminal() -> str:
    return translate("page", "Terminal")


def scrollbar() -> str:
    return translate("page", "History")


def scrollbar_of(title: str) -> str:
    return translate("page", "Position in {title}").format(title=title)


def new_output() -> str:
    """The button that scrolls to the end."""
    return translate("page", "New output ↓")


def selected(text: str) -> str:
    """A screen reader's text for what was selected."""
    return translate("page", "Selected: {text}").format(text=text)


def copy_link() -> str:
    return translate("page", "Copy link")


def copy_path() -> str:
    return translate("page", "Copy path")


def open_link() -> str:
    return translate("page", "Open link")


def open_this_link() -> str:
    return translate("page", "Open this link?")


def conversation_of(name: str) -> str:
    """Accessible name of a chat view."""
    return translate("page", "Chat view of {name}").format(name=name)


def terminal_of(name: str) -> str:
    return translate("page", "Terminal of {name}").format(name=name)


def command_in(command: str, directory: str) -> str:
    return translate("page", "{command} in {directory}").format(command=command, directory=directory)


def reconnecting() -> str:
    return translate("page", "Reconnecting…")


def no_screen() -> str:
    return translate("page", "No screen was saved")


def how_it_ended() -> str:
    return translate("page", "How the chat ended")


def open_continued() -> str:
    return translate("page", "Open chat")


def resume_anyway() -> str:
    return translate("page", "Resume anyway")


def continued_in(name: str) -> str:
    return translate("page", "Continued in {name}.").format(name=name)


def cannot_resume(reason: str) -> str:
    return translate("page", "Can’t resume this chat: {reason}").format(reason=reason)


def interrupted() -> str:
    return translate("page", "Interrupted by a restart")


def process_gone() -> str:
    return translate("page", "the chat’s background process is gone")


def cannot_show_chat() -> str:
    return translate("page", "Can’t show this chat. It keeps running.")


def ended_at(how: str, when: str) -> str:
    return translate("page", "{how} {when}").format(how=how, when=when)


def runs_each_line() -> str:
    return translate("page", "The program may run each line at once.")


def runs_it() -> str:
    return translate("page", "The program may run it at once.")


def has_controls() -> str:
    return translate("page", "The text contains control characters.")


def question() -> str:
    return translate("page", "Question")


def text_to_confirm() -> str:
    return translate("page", "Text to confirm")


def resuming() -> str:
    return translate("page", "Resuming…")


def does_not_answer() -> str:
    return translate("page", "Does not answer")


def chat_does_not_answer() -> str:
    """A line over the page; it must fit into a narrow pane."""
    return translate("page", "The chat does not answer. What you type is kept.")


def wait_or_kill(name: str) -> str:
    """The host did not answer a request, such as to stop the chat."""
    return translate("page", "No answer from {name}. Wait, or end it in its menu: More, Kill.").format(name=name)


def typing_is_kept() -> str:
    return translate("page", "Reconnecting… What you type is kept.")


def agents_may_save() -> str:
    return translate("page", "Each agent is asked to exit and can save its work.")


def paste_lines(count: int) -> str:
    return translate("page", "Paste {count} line(s)?", "", count).format(count=f"{count:,}")


def paste_many_lines(count: int, characters: int) -> str:
    return translate("page", "Paste {count} line(s), {characters} characters?", "", count).format(
        count=f"{count:,}", characters=f"{characters:,}"
    )


def paste_line_and_break() -> str:
    return translate("page", "Paste a line and its line break?")


def paste_text(characters: int) -> str:
    return translate("page", "Paste {characters} character(s)?", "", characters).format(characters=f"{characters:,}")


def more_characters(count: int) -> str:
    return translate("page", "({count} more character(s))", "", count).format(count=f"{count:,}")


def is_working(name: str) -> str:
    return translate("page", "{name} is working").format(name=name)


def needs_your_answer(name: str) -> str:
    return translate("page", "{name} needs your answer").format(name=name)


def is_still_running(program: str) -> str:
    return translate("page", "{program} is still running").format(program=program)


def was_active(name: str) -> str:
    return translate("page", "{name} was active just now").format(name=name)


def stop_question(reason: str) -> str:
    return translate("page", "{reason}. Stop it?").format(reason=reason)


def kill_question(reason: str) -> str:
    return translate("page", "{reason}. Kill it?").format(reason=reason)


def unsaved_work_is_lost() -> str:
    return translate("page", "Unsaved work is lost.")


def stop_one(name: str) -> str:
    return translate("page", "Stop {name}?").format(name=name)


def stop_all(count: int) -> str:
    return translate("page", "Stop all %n running chats?", "", count)


def chat_and_state(name: str, state: str) -> str:
    return translate("page", "{name} · {state}").format(name=name, state=state)


def state_and_detail(state: str, detail: str) -> str:
    return translate("page", "{state}: {detail}").format(state=state, detail=detail)


def shells_at_prompt(names: Sequence[str]) -> str:
    """The shells in a list of chats that run no command."""
    return translate("page", "At the prompt: {names}").format(names=", ".join(names))


def stop_several(count: int) -> str:
    return translate("page", "Stop these {count} chats?").format(count=count)


def remove_several(count: int, size: str = "") -> str:
    """The question before several chats are removed; ``size`` is "" while it is not known."""
    if not size:
        return translate("page", "Remove these {count} ended chats?").format(count=count)
    return translate("page", "Remove these {count} ended chats ({size})?").format(count=count, size=size)


def removed_for_good(seconds: int) -> str:
    """Consequence of removing several chats."""
    text = translate("page", "What they showed is deleted. You can undo this for {seconds} seconds.")
    return text.format(seconds=seconds)


def remove_chats(count: int) -> str:
    return translate("page", "Remove %n chat(s)", "", count)


def resume_chats(count: int) -> str:
    return translate("page", "Resume {count} chats").format(count=count)


def stop_chats(count: int) -> str:
    return translate("page", "Stop %n chat(s)", "", count)


def last_active(when: str, command: str, directory: str) -> str:
    return translate("page", "Last active {when} · {command} in {directory}").format(
        when=when, command=command, directory=directory
    )


def no_scrollback_to_clear() -> str:
    return translate("page", "A full-screen program has no scrollback to clear")


def cannot_clear_yet() -> str:
    return translate("page", "Not connected to the chat yet; try again")


def left_behind(processes: str) -> str:
    return translate("page", "Left behind, and still running: {processes}").format(processes=processes)


def end_left() -> str:
    return translate("page", "End these processes")


def suspended() -> str:
    return translate("page", "Suspended, as by Ctrl+Z. Any key continues it")


def continue_suspended() -> str:
    return translate("page", "Continue")


def cannot_clear_in_old_chat() -> str:
    return translate("page", "This chat runs in an older version: choose “Update running chats” or run outlive upgrade")


def open_file() -> str:
    return translate("page", "Open file")


def ended_unexpectedly() -> str:
    return translate("page", "Ended unexpectedly")


def failed_to_start() -> str:
    return translate("page", "Failed to start")


def needs_answer() -> str:
    return translate("page", "Needs your answer")


def last_command_succeeded() -> str:
    return translate("page", "Succeeded")


def last_exit_code(code: int) -> str:
    return translate("page", "Exit code {code}").format(code=code)


def resumed_shell() -> str:
    """Explains *Resume* of an ended shell, below its last screen and its directory."""
    return translate("page", "Resume starts a new shell here, below what this one showed.")
