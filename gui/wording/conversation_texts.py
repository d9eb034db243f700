"""Texts of the list of conversations to continue."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

translate = QCoreApplication.translate


def conversation() -> str:
    return translate("conversations", "Conversation")


def continue_hint() -> str:
    return translate("conversations", "Choose an earlier conversation, also one from another terminal")


def conversations() -> str:
    return translate("conversations", "Conversations")


def search(agent: str) -> str:
    return translate("conversations", "Search conversations of {agent}").format(agent=agent)


def reading() -> str:
    return translate("conversations", "Reading conversations…")


def this_chat() -> str:
    """The heading above what can be done with the chat at hand."""
    return translate("conversations", "This chat")


def resumes_here() -> str:
    return translate("conversations", "Resumes this chat")


def starts_again() -> str:
    """Of an ended shell."""
    return translate("conversations", "Starts again, below what it showed")


def runs_here() -> str:
    return translate("conversations", "Runs in this chat")


def same_options(agent: str, directory: str) -> str:
    return translate("conversations", "{agent} in {directory}, with the same options").format(
        agent=agent, directory=directory
    )


def another_agent() -> str:
    return translate("conversations", "Another agent…")


def copy_command() -> str:
    """A button; the key works in the list, too."""
    return translate("conversations", "Copy resume command (Ctrl+C)")


def in_directory(directory: str) -> str:
    return translate("conversations", "In {directory}").format(directory=directory)


def in_other_directories() -> str:
    return translate("conversations", "In other directories")


def untitled() -> str:
    return translate("conversations", "Untitled")


def running_in(chat: str) -> str:
    return translate("conversations", "Runs in the chat {chat}").format(chat=chat)


def was_in(chat: str) -> str:
    return translate("conversations", "Was in the chat {chat}").format(chat=chat)


def none_at_all(agent: str) -> str:
    return translate("conversations", "No conversations of {agent}").format(agent=agent)


def none_here() -> str:
    return translate("conversations", "No conversations in this directory")


def counts(here: int, elsewhere: int) -> str:
    return translate("conversations", "{here} here, {elsewhere} in other directories").format(
        here=f"{here:,}", elsewhere=f"{elsewhere:,}"
    )


def without_older(summary: str) -> str:
    return translate("conversations", "{summary} · older ones are not listed").format(summary=summary)


def only_newest(shown: int, count: int) -> str:
    return translate("conversations", "The newest {shown} of {count}; type to find others").format(
        shown=f"{shown:,}", count=f"{count:,}"
    )


def continue_anyway() -> str:
    return translate("conversations", "Continue anyway")


def cannot_list(agent: str, error: object) -> str:
    return translate("conversations", "Can’t list the conversations of {agent}: {error}").format(
        agent=agent, error=error
    )


def no_agent() -> str:
    return translate("conversations", "No installed agent has conversations that can be listed")


def takes_no_prompt(agent: str) -> str:
    return translate(
        "conversations",
        "{agent} cannot start an earlier conversation with a prompt: clear the field, and send the prompt later",
    ).format(agent=agent)
