"""Texts of banners over the pages, also of links, files and directories that cannot be opened."""

from __future__ import annotations

from gui.wording.phrases import first_upper
from gui.wording.text import Text
from session_host.errors import HostUnavailable, OutliveError

ANOTHER_WINDOW = Text("notice", "Outlive runs twice. The command `outlive window` controls the other one.")
WINDOW_FAULT = Text("notice", "Something went wrong in this window. Your chats keep running.")
"""An unexpected error of the window itself."""
WINDOW_CRASHED = Text("notice", "The window ended unexpectedly. Your chats kept running.")
SHOW_REPORT = Text("notice", "Show report")
NO_TRAY = Text(
    "notice", "Your desktop has no tray. When you close the window, chats keep running, but you get no notifications."
)
"""At the first start with running chats and without a tray icon (``App._show_tray_hint``)."""
BUILT_IN_AGENTS = Text("notice", "{error}. Using the agents that come with Outlive.")
PREVIOUS_AGENTS = Text("notice", "{error}. The previous agents stay in use.")
PASTE_TOO_LONG = Text(
    "notice",
    "The text is too long to paste ({count:,} characters, at most {most:,}). Save it to a file, and "
    "paste the file’s name.",
)
WAITS_FOR_CLIPBOARD = Text("notice", "Waiting for the program that has the clipboard…")
CLIPBOARD_DOES_NOT_ANSWER = Text(
    "notice", "The program that has the clipboard doesn’t answer. Nothing was pasted; copy it again."
)
NOTHING_TO_PASTE = Text("notice", "The clipboard has nothing that can be pasted here.")
UNREADABLE_IMAGE = Text("notice", "The copied image can’t be read. Save it to a file, and paste the file’s name.")
NOTHING_TO_OPEN = Text("notice", "No links, paths or hashes in view")
"""Nothing in view can be opened or copied by letters."""


def copied(text: str) -> str:
    shown = text if len(text) <= 60 else f"{text[:28]}…{text[-28:]}"
    return Text("notice", "Copied {text}")(text=shown)


NOT_A_LINK = Text("notice", "Can’t open {address}: only web, mail and file links open")
ASKS = Text("notice", "{name} asks: {question}")
CANNOT_START_AT_LOGIN = Text("notice", "Can’t change “Start at login”: {error}")
HOW_CHAT_ENDED = Text("notice", "{name}: {how}")
SETTING_NOT_OFFERED = Text("notice", "The agent of {chat} does not offer this setting")
NO_CHATS_NEED_YOU = Text("notice", "No chats need you")
MARKED_UNREAD = Text("notice", "Marked as unread, until you come back to the chat")
MARKED_READ = Text("notice", "Marked as read")
TAB_CLOSED = Text("notice", "Tab closed. The chat keeps running.")
"""When the user closes a chat's tab for the first time (``ChatActions.close_tab``)."""
SHELL_CLOSED = Text("notice", "{name} closed. An idle shell ends with its tab.")
SENT_TO = Text("notice", "Sent to {name}")
SENT_TO_SEVERAL = Text("notice", "Sent to {count} chats")
REOPEN = Text("notice", "Reopen")
INPUT_REFUSED = Text("notice", "Input to {name} was not accepted: {reason}")
CLIPBOARD_SET = Text("notice", "{name} copied text to the clipboard")
CONTINUE_TYPING = Text("notice", "Continue typing")
CANNOT_RESUME = Text("notice", "Can’t resume {name}: {reason}")
"""``name``: of one chat, or of several."""
CANNOT_OPEN_TERMINAL = Text("notice", "Can’t open a terminal for {reason}")
ENDED = Text("notice", "{name} ended")
NO_RESUME_COMMAND = Text("notice", "{name} has no resume command: {reason}")
OLDER_CHATS = Text("notice", "Some running chats use Outlive {theirs}. Version {ours} is installed.")
NEWER_CHATS = Text(
    "notice",
    "Some running chats use Outlive {theirs}; this window uses {ours}. Close the window and open it again "
    "to update it. Chats keep running.",
)
UPDATING = Text("notice", "Updating running chats…")
CANNOT_UPDATE = Text("notice", "Can’t update the running chats: {reason}. They keep running.")
UPDATE_CHATS = Text("notice", "Update running chats")


def exported(name: str, path: object, *, is_complete: bool) -> str:
    if not is_complete:
        text = Text("notice", "Exported {name} to {path}, but parts of its recording are missing; the file says where")
        return text(name=name, path=path)
    return Text("notice", "Exported {name} to {path}")(name=name, path=path)


NO_SUCH_AGENT = Text("notice", "The agent {agent} is no longer available")
REMOVED_SEVERAL = Text("notice", "{count} chats removed")


def removed_by_limit(count: int) -> str:
    if count == 1:
        return Text("notice", "1 ended chat is over the limit of ended chats, and is removed in a minute")()
    text = Text("notice", "{count} ended chats are over the limit of ended chats, and are removed in a minute")
    return text(count=count)


CHANGE_LIMIT = Text("notice", "Change the limit…")
REMOVED = Text("notice", "{name} removed")
UNDO = Text("notice", "Undo")
CANNOT_EXPORT = Text("notice", "Can’t export {name}: {reason}")
CANNOT_RENAME = Text("notice", "Can’t rename {name}")
CANNOT_STOP = Text("notice", "Can’t stop {name}")
CANNOT_REMOVE = Text("notice", "Can’t remove {name}")
CANNOT_REMOVE_SEVERAL = Text("notice", "Can’t remove the chats")
CANNOT_ARRANGE = Text("notice", "Can’t pin or move chats")
CANNOT_OPEN = Text("notice", "Can’t open this")
CANNOT_COPY = Text("notice", "Can’t copy files")
CANNOT_FORWARD = Text("notice", "Can’t forward port {port}")
"""The beginnings of lines about actions that failed, see ``failed``."""


def failed(action: str, error: OutliveError) -> str:
    """A line about an action that failed; it names the action if the error is only that something does not answer."""
    if isinstance(error, HostUnavailable) and action:
        return Text("notice", "{action}: {reason}")(action=action, reason=error)
    return first_upper(str(error))


CANNOT_OPEN_TEXT = Text("notice", "Can’t open the text of {name}: {reason}")
NO_TEXT = Text("notice", "{name} has no text yet")
SHOW_IN_FOLDER = Text("notice", "Show in folder")
EXPORTING = Text("notice", "Exporting {name}…")
COPIED_COMMAND = Text("notice", "Copied: {command}")
COPIED_COMMAND_OF_RUNNING = Text("notice", "Copied. Stop this chat before you run the command: {command}")
UPDATED_CHAT = Text("notice", "Updated {name} to {version}. Nothing was interrupted.")
UPDATED_CHATS = Text("notice", "Updated {n:,} running chat(s) to {version}. Nothing was interrupted.")
UPDATED_SOME = Text("notice", "Updated {done} of {n:,} running chat(s).")
UPDATED_NONE = Text("notice", "No running chats were updated.")
NOT_UPDATED = Text("notice", "{name} was not updated: {reason}.")
SEVERAL_NOT_UPDATED = Text("notice", "{names} were not updated: {reason}.")
TOO_OLD_TO_UPDATE = Text("notice", "started by a version of Outlive that can’t be updated")
SETTING_NOT_SAVED = Text("notice", "Can’t save the setting: {error}")
THEME_IMPORTED = Text("notice", "The theme was imported to {path} and is in use.")
LAYOUT_DAMAGED = Text(
    "notice", "The saved windows and tabs were damaged, so some may be missing. All chats are in the sidebar."
)
RESTART_INTERRUPTED_CHATS = Text("notice", "A restart of the computer interrupted {n:,} chat(s).")
NOTHING_TO_REOPEN = Text("notice", "There is no closed tab to reopen.")

# Files that open in the editor; links, files and directories that cannot be opened.
DIRECTORY_ELSEWHERE = Text("notice", "The file manager here can’t show a directory on {machine}")
COPYING = Text("notice", "Copying {what} to {machine}: {percent} %")
FORWARDED = Text("notice", "Port {port} of {machine} is forwarded to {local}")
STOP_FORWARDING = Text("notice", "Stop forwarding")
PATH_ELSEWHERE = Text("notice", "Not pasted: panes of other machines have no such file; stop broadcasting first")
NO_PATH = Text("notice", "No valid path of the file came from {machine}")
NO_FAR_EDITOR = Text("notice", "No editor that opens a directory on {machine} is set: see Settings, General")
WRONG_FAR_EDITOR = Text(
    "notice", "The editor for other machines in window.toml needs the machine and the file, such as: {example}"
)
NO_EDITOR = Text("notice", "No editor is set for {path}. Enter one in Settings, Terminal, Editor, such as: code")
WRONG_EDITOR = Text("notice", "The editor setting in window.toml is not a valid command")
NOT_A_LINK_HERE = Text("notice", "Can’t open this link: only web, mail and file links open")
LINK_NOT_OPENED = Text("notice", "The desktop can’t open this {scheme} link")
"""The desktop could not open a link with this scheme, such as "https"."""
CANNOT_START = Text("notice", "Can’t start {program}")
NO_FILE_MANAGER = Text("notice", "No file manager was found")
OPENS_FILE = Text("chat", "Open {name} in your editor")
