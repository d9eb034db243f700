"""Texts about a shell's prompts and the commands that were run there, and about an agent's turns and answers."""

from __future__ import annotations

from datetime import UTC, datetime

from PySide6.QtCore import QCoreApplication

from . import phrases

translate = QCoreApplication.translate


def position(number: int, count: int) -> str:
    """The number of the prompt that the user went to."""
    return translate("prompts", "Prompt {number} of {count}").format(number=number, count=count)


def turn(number: int, count: int) -> str:
    """The number of the agent's turn that the user went to."""
    return translate("prompts", "Turn {number} of {count}").format(number=number, count=count)


def none() -> str:
    return translate("prompts", "No prompts here")


def no_earlier() -> str:
    return translate("prompts", "No earlier prompt")


def full_screen() -> str:
    """There are no prompts to go to, since the program fills the screen."""
    return translate("prompts", "No prompts in a full-screen program")


def this_command() -> str:
    """The submenu for the command at a point of a terminal."""
    return translate("prompts", "Command")


def copy_output() -> str:
    return translate("prompts", "Copy output")


def copy_answer() -> str:
    return translate("prompts", "Copy this answer")


def copy_last_answer() -> str:
    return translate("prompts", "Copy last answer")


def copied() -> str:
    return translate("prompts", "Output copied")


def no_output() -> str:
    return translate("prompts", "No output here")


def copied_last_answer(lines: int) -> str:
    return translate("prompts", "Copied the last answer (%n line(s))", "", lines)


def copied_unfinished_answer(lines: int) -> str:
    """The agent has not finished the answer."""
    return translate("prompts", "Copied the answer so far (%n line(s)); it is still being written", "", lines)


def copied_answer_before(lines: int) -> str:
    """The last prompt has no answer, so the answer before it was copied."""
    return translate("prompts", "The last prompt has no answer; copied the one before (%n line(s))", "", lines)


def copied_answer(lines: int) -> str:
    """The answer that the user went to, which is not the last one."""
    return translate("prompts", "Copied the answer to this prompt (%n line(s))", "", lines)


def record_is_slow(agent: str) -> str:
    return translate("prompts", "Can’t read {agent}’s conversation: its disk does not respond").format(agent=agent)


def copy_command() -> str:
    return translate("prompts", "Copy")


def copy_command_and_output() -> str:
    return translate("prompts", "Copy with output")


def edit_and_rerun() -> str:
    return translate("prompts", "Edit and rerun")


def command_copied() -> str:
    return translate("prompts", "Command copied")


def command_and_output_copied() -> str:
    return translate("prompts", "Command and output copied")


def no_command() -> str:
    return translate("prompts", "No command here")


def command_not_known() -> str:
    """The rows of a command do not tell which part is the shell's prompt."""
    return translate("prompts", "The shell does not report what was typed here")


def erased_command() -> str:
    """Stands in the list of commands for a command that erased its own line, such as ``clear; make``."""
    return translate("prompts", "Command line was erased")


def not_at_prompt() -> str:
    return translate("prompts", "The shell does not wait for a command")


def search_commands() -> str:
    return translate("prompts", "Search the commands of this chat")


def search_prompts() -> str:
    return translate("prompts", "Search the prompts of this chat")


def failed_words() -> str:
    """Words by which a list finds the commands that failed."""
    return translate("prompts", "failed error")


def enter_goes() -> str:
    """For the foot of a list of commands: what its keys do."""
    return translate("prompts", "go there")


def key_copies() -> str:
    return translate("prompts", "copy")


def key_copies_with_output() -> str:
    return translate("prompts", "copy with output")


def key_copies_answer() -> str:
    return translate("prompts", "copy the answer")


def key_opens_output() -> str:
    return translate("prompts", "open output in editor")


def key_edits_and_reruns() -> str:
    return translate("prompts", "edit and rerun")


def no_answer() -> str:
    return translate("prompts", "This prompt has no answer yet")


def command_facts(code: int | None, took_ms: int | None, began_ms: int | None, *, is_running: bool = False) -> str:
    """How a command ended, how long it ran and when it began; None is not known. "" if nothing is."""
    parts = [] if code is None else [exit_code(code)]
    if took_ms is not None:
        parts.append(phrases.exact_duration(took_ms))
    if began_ms is not None:
        began = phrases.short_clock(datetime.fromtimestamp(began_ms / 1000, UTC), datetime.now(UTC))
        parts.append(translate("prompts", "running since {time}").format(time=began) if is_running else began)
    return " · ".join(parts)


def go_to_command(command: str, facts: str) -> str:
    """For screen readers: the line over a terminal's first row; ``facts`` as ``command_facts``."""
    text = translate("prompts", "Go to the command {command}").format(command=command)
    return f"{text}, {facts[:1].lower()}{facts[1:]}" if facts else text


def exit_code(code: int) -> str:
    return translate("prompts", "Exit code {code}").format(code=code)
