"""Texts of the page Agents of the settings window, and of its form for an agent."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

translate = QCoreApplication.translate


def add_agent() -> str:
    return translate("settings", "Add an agent…")


def edit_agent(agent: str) -> str:
    return translate("settings", "Edit {agent}…").format(agent=agent)


def agent_missing() -> str:
    return translate("settings", "Not installed")


def agent_install(command: str) -> str:
    return translate("settings", "Not installed. To install it: {command}").format(command=command)


def show_missing(count: int) -> str:
    """The button that shows them; ``count`` agents."""
    return translate("settings", "Show agents that are not installed ({count})").format(count=count)


def hide_missing() -> str:
    return translate("settings", "Hide agents that are not installed")


def untested(version: str) -> str:
    return translate("settings", "{version} (not tested with Outlive)").format(version=version)


def comes_with_outlive() -> str:
    return translate("settings", "Comes with Outlive")


def own_agent() -> str:
    return translate("settings", "your own")


def changed_by_you() -> str:
    return translate("settings", "changed by you")


def default_arguments(agent: str) -> str:
    return translate("settings", "Arguments of {agent}").format(agent=agent)


def arguments_hint() -> str:
    return translate("settings", "Arguments in these fields are passed to the agent in each new chat.")


def no_arguments() -> str:
    return translate("settings", "No arguments")


def agent_name() -> str:
    return translate("settings", "Name in commands")


def agent_title() -> str:
    return translate("settings", "Title")


def agent_program() -> str:
    return translate("settings", "Program")


def agent_words() -> str:
    return translate("settings", "Program’s arguments")


def agent_monogram() -> str:
    return translate("settings", "Letters on the tile")


def has_more(file: str) -> str:
    """The problem of a start that the form cannot show."""
    return translate("settings", "{file} has more arguments than this form shows. Change them there").format(file=file)


def invalid_name() -> str:
    return translate("settings", "Name in commands: use only a-z, 0-9, - and _, at most 32")


def name_taken(name: str) -> str:
    return translate("settings", "An agent named “{name}” already exists").format(name=name)
