"""Texts of desktop notifications, and of the tray's menu."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

translate = QCoreApplication.translate


def needs_your_answer(agent: str, directory: str) -> str:
    return translate("notice", "{agent} in {directory} needs your answer").format(agent=agent, directory=directory)


def command_ended(command: str, name: str, exit_code: int | None) -> str:
    """The end of a shell's command, in a chat with this name."""
    if exit_code:
        text = translate("notice", "{command} failed in {name} (exit code {code})")
        return text.format(command=command, name=name, code=exit_code)
    return translate("notice", "{command} ended in {name}").format(command=command, name=name)


def how_long_and_where(duration: str, directory: str) -> str:
    return translate("notice", "After {duration}, {directory}").format(duration=duration, directory=directory)


def needs_you(name: str) -> str:
    return translate("notice", "{name} needs you").format(name=name)


def finished(name: str) -> str:
    return translate("notice", "{name} finished").format(name=name)


def after(duration: str, what: str) -> str:
    """The duration of a turn, and the agent's last message, or else the directory."""
    return translate("notice", "After {duration}: {what}").format(duration=duration, what=what)


def several_need_you(count: int) -> str:
    return translate("notice", "%n chat(s) need(s) you", "", count)


def several_finished(count: int) -> str:
    return translate("notice", "%n chat(s) finished", "", count)


def several_died(count: int) -> str:
    return translate("notice", "%n chat(s) ended unexpectedly", "", count)


def several_notified(count: int) -> str:
    return translate("notice", "%n chat(s) notified you", "", count)


def names(shown: list[str], further: int) -> str:
    """The names of some chats, and the number of further chats."""
    listed = ", ".join(shown)
    if further <= 0:
        return listed
    return translate("notice", "{names} and {count} more").format(names=listed, count=further)


def mute_menu() -> str:
    return translate("notice", "Mute notifications")


def for_an_hour() -> str:
    return translate("notice", "For an hour")


def until_tomorrow() -> str:
    return translate("notice", "Until tomorrow morning")


def muted() -> str:
    return translate("notice", "muted")


def unmute() -> str:
    return translate("notice", "Unmute")


def ended_unexpectedly(name: str) -> str:
    return translate("notice", "{name} ended unexpectedly").format(name=name)


def quiet(name: str) -> str:
    """A chat that the user watched has written nothing for a while."""
    return translate("notice", "{name} is quiet").format(name=name)


def how_quiet_and_where(seconds: float, where: str) -> str:
    return translate("notice", "No output for {seconds} s, in {where}").format(seconds=f"{seconds:g}", where=where)


def how_and_where(how: str, where: str) -> str:
    return translate("notice", "{how}, in {where}").format(how=how, where=where)


def new_chat_in() -> str:
    return translate("notice", "New chat in")


def running(count: int) -> str:
    return translate("notice", "%n chat(s) running", "", count)


def all_chats() -> str:
    return translate("notice", "All chats…")


def open_outlive() -> str:
    return translate("notice", "Open Outlive")


def quit_window() -> str:
    return translate("notice", "Quit (chats keep running)")


def waiting(count: int) -> str:
    return translate("notice", "%n need(s) you", "", count)


def in_the_tray() -> str:
    return translate("notice", "Your chats keep running. Click the tray icon to open the window again.")


def in_the_tray_title() -> str:
    return translate("notice", "Outlive is still running")


def settings() -> str:
    return translate("tray", "Settings…")
