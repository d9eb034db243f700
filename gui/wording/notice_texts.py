"""Texts of banners over the pages."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

translate = QCoreApplication.translate


def another_window() -> str:
    return translate("notice", "Outlive runs twice. The command `outlive window` controls the other one.")


def window_fault() -> str:
    """An unexpected error of the window itself."""
    return translate("notice", "Something went wrong in this window. Your chats keep running.")


def window_crashed() -> str:
    return translate("notice", "The window ended unexpectedly. Your chats kept running.")


def show_report() -> str:
    return translate("notice", "Show report")


def no_tray() -> str:
    return translate(
        "notice",
        "Your desktop has no tray. When you close the window, chats keep running, but you get no notifications.",
    )


def built_in_agents(error: object) -> str:
    return translate("notice", "{error}. Using the agents that come with Outlive.").format(error=error)


def previous_agents(error: object) -> str:
    return translate("notice", "{error}. The previous agents stay in use.").format(error=error)


def paste_too_long(count: int, most: int) -> str:
    return translate(
        "notice",
        "The text is too long to paste ({count:,} characters, at most {most:,}). Save it to a file, and "
        "paste the file’s name.",
    ).format(count=count, most=most)


def waits_for_clipboard() -> str:
    return translate("notice", "Waiting for the program that has the clipboard…")


def clipboard_does_not_answer() -> str:
    return translate("notice", "The program that has the clipboard doesn’t answer. Nothing was pasted; copy it again.")


def nothing_to_paste() -> str:
    return translate("notice", "The clipboard has nothing that can be pasted here.")


def unreadable_image() -> str:
    return translate("notice", "The copied image can’t be read. Save it to a file, and paste the file’s name.")


def nothing_to_open() -> str:
    """Nothing in view can be opened or copied by letters."""
    return translate("notice", "No links, paths or hashes in view")


def copied(text: str) -> str:
    shown = text if len(text) <= 60 else f"{text[:28]}…{text[-28:]}"
    return translate("notice", "Copied {text}").format(text=shown)


def not_a_link(address: str) -> str:
    return translate("notice", "Can’t open {address}: only web, mail and file links open").format(address=address)


def asks(name: str, question: str) -> str:
    return translate("notice", "{name} asks: {question}").format(name=name, question=question)


def cannot_start_at_login(error: object) -> str:
    return translate("notice", "Can’t change “Start at login”: {error}").format(error=error)


def how_chat_ended(name: str, how: str) -> str:
    return translate("notice", "{name}: {how}").format(name=name, how=how)


def setting_not_offered(chat: str) -> str:
    return translate("notice", "The agent of {chat} does not offer this setting").format(chat=chat)


def no_chats_need_you() -> str:
    return translate("notice", "No chats need you")


def marked_unread() -> str:
    return translate("notice", "Marked as unread, until you come back to the chat")


def marked_read() -> str:
    return translate("notice", "Marked as read")


def tab_closed() -> str:
    return translate("notice", "Tab closed. The chat keeps running.")


def shell_closed(name: str) -> str:
    return translate("notice", "{name} closed. An idle shell ends with its tab.").format(name=name)


def sent_to(name: str) -> str:
    return translate("notice", "Sent to {name}").format(name=name)


def sent_to_several(count: int) -> str:
    return translate("notice", "Sent to {count} chats").format(count=count)


def reopen() -> str:
    return translate("notice", "Reopen")


def input_refused(name: str, reason: object) -> str:
    return translate("notice", "Input to {name} was not accepted: {reason}").format(name=name, reason=reason)


def clipboard_set(name: str) -> str:
    return translate("notice", "{name} copied text to the clipboard").format(name=name)


def continue_typing() -> str:
    return translate("notice", "Continue typing")


def cannot_resume(name: str, reason: object) -> str:
    """``name``: of one chat, or of several."""
    return translate("notice", "Can’t resume {name}: {reason}").format(name=name, reason=reason)


def cannot_open_terminal(reason: object) -> str:
    return translate("notice", "Can’t open a terminal for {reason}").format(reason=reason)


def ended(name: str) -> str:
    return translate("notice", "{name} ended").format(name=name)


def no_resume_command(name: str, reason: object) -> str:
    return translate("notice", "{name} has no resume command: {reason}").format(name=name, reason=reason)


def older_chats(theirs: str, ours: str) -> str:
    return translate("notice", "Some running chats use Outlive {theirs}. Version {ours} is installed.").format(
        theirs=theirs, ours=ours
    )


def newer_chats(theirs: str, ours: str) -> str:
    return translate(
        "notice",
        "Some running chats use Outlive {theirs}; this window uses {ours}. Close the window and open it again "
        "to update it. Chats keep running.",
    ).format(theirs=theirs, ours=ours)


def updating() -> str:
    return translate("notice", "Updating running chats…")


def cannot_update(reason: object) -> str:
    return translate("notice", "Can’t update the running chats: {reason}. They keep running.").format(reason=reason)


def update_chats() -> str:
    return translate("notice", "Update running chats")


def exported(name: str, path: object, *, is_complete: bool) -> str:
    if not is_complete:
        text = translate(
            "notice", "Exported {name} to {path}, but parts of its recording are missing; the file says where"
        )
        return text.format(name=name, path=path)
    return translate("notice", "Exported {name} to {path}").format(name=name, path=path)


def no_such_agent(agent: str) -> str:
    return translate("notice", "The agent {agent} is no longer available").format(agent=agent)


def removed_several(count: int) -> str:
    return translate("notice", "{count} chats removed").format(count=count)


def removed_by_limit(count: int) -> str:
    if count == 1:
        return translate("notice", "1 ended chat is over the limit of ended chats, and is removed in a minute")
    text = translate("notice", "{count} ended chats are over the limit of ended chats, and are removed in a minute")
    return text.format(count=count)


def change_limit() -> str:
    return translate("notice", "Change the limit…")


def removed(name: str) -> str:
    return translate("notice", "{name} removed").format(name=name)


def undo() -> str:
    return translate("notice", "Undo")


def cannot_export(name: str, reason: object) -> str:
    return translate("notice", "Can’t export {name}: {reason}").format(name=name, reason=reason)


def cannot_open_text(name: str, reason: object) -> str:
    return translate("notice", "Can’t open the text of {name}: {reason}").format(name=name, reason=reason)


def no_text(name: str) -> str:
    return translate("notice", "{name} has no text yet").format(name=name)


def show_in_folder() -> str:
    return translate("notice", "Show in folder")


def exporting(name: str) -> str:
    return translate("notice", "Exporting {name}…").format(name=name)


def copied_command(command: str) -> str:
    return translate("notice", "Copied: {command}").format(command=command)


def copied_command_of_running(command: str) -> str:
    return translate("notice", "Copied. Stop this chat before you run the command: {command}").format(command=command)


def updated_chat(name: str, version: str) -> str:
    return translate("notice", "Updated {name} to {version}. Nothing was interrupted.").format(
        name=name, version=version
    )


def updated_chats(count: int, version: str) -> str:
    return translate("notice", "Updated %n running chat(s) to {version}. Nothing was interrupted.", "", count).format(
        version=version
    )


def updated_some(done: int, count: int) -> str:
    return translate("notice", "Updated {done} of %n running chat(s).", "", count).format(done=done)


def updated_none() -> str:
    return translate("notice", "No running chats were updated.")


def not_updated(name: str, reason: str) -> str:
    return translate("notice", "{name} was not updated: {reason}.").format(name=name, reason=reason)


def several_not_updated(names: str, reason: str) -> str:
    return translate("notice", "{names} were not updated: {reason}.").format(names=names, reason=reason)


def too_old_to_update() -> str:
    return translate("notice", "started by a version of Outlive that can’t be updated")


def setting_not_saved(error: object) -> str:
    return translate("notice", "Can’t save the setting: {error}").format(error=error)


def theme_imported(path: str) -> str:
    return translate("notice", "The theme was imported to {path} and is in use.").format(path=path)


def layout_damaged() -> str:
    return translate(
        "notice", "The saved windows and tabs were damaged, so some may be missing. All chats are in the sidebar."
    )


def restart_interrupted_chats(count: int) -> str:
    return translate("notice", "A restart of the computer interrupted %n chat(s).", "", count)


def nothing_to_reopen() -> str:
    return translate("notice", "No tab was closed.")
