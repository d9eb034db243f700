"""Texts of the list of repositories with a setup of their worktrees, on the page General of the settings window."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

translate = QCoreApplication.translate


def section() -> str:
    return translate("setup", "Worktrees")


def setups() -> str:
    return translate("setup", "Setup of new worktrees")


def setups_help() -> str:
    return translate(
        "setup",
        "A command, such as npm ci, that runs in each new worktree of a repository before the agent starts.",
    )


def add() -> str:
    return translate("setup", "Add a repository…")


def edit(repository: str) -> str:
    """Name of the button beside a repository."""
    return translate("setup", "Edit the setup of {repository}…").format(repository=repository)


def repository() -> str:
    return translate("setup", "Repository")


def repository_example() -> str:
    return translate("setup", "such as ~/src/api")


def command() -> str:
    return translate("setup", "Command")


def remove() -> str:
    return translate("setup", "Remove")


def is_listed(repository: str) -> str:
    return translate("setup", "{repository} is in the list already.").format(repository=repository)
