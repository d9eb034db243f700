"""Texts of banners over the pages, also of links, files and directories that cannot be opened."""

from __future__ import annotations

from gui.wording.phrases import first_upper
from gui.wording.text import Text
from session_host.errors import HostUnavailable, OutliveError

ANOTHER_WINDOW = Text("Outlive runs twice. The command `outlive window` controls the other one.")
WINDOW_FAULT = Text("Something went wrong in this window. Your chats keep running.")
"""An unexpected error of the window itself."""
WINDOW_CRASHED = Text("The window ended unexpectedly. Your chats kept running.")
SHOW_REPORT = Text("Show report")
ASKS_FOR_ATTENTION = Text("{name} asks for your attention")
ASKS_TO_LOOK = Text("{name} asks you to look at {chat}")
A_PROGRAM = Text("A program")
"""The name of an agent's process whose chat is not known."""
STARTED = Text("{name} has started")
"""A chat that the user started, and that opens behind what he types into meanwhile."""
KEYS_REFUSED = Text("What you typed went nowhere: the keyboard is somewhere else now.")
"""The chat, the question or the button with the keyboard has gone by itself, or a field for a secret has it."""
NO_TRAY = Text("Your desktop has no tray. When you close the window, chats keep running, but you get no notifications.")
"""At the first start with running chats and without a tray icon (``App._show_tray_hint``)."""
BUILT_IN_AGENTS = Text("{error}. Using the agents that come with Outlive.")
PREVIOUS_AGENTS = Text("{error}. The previous agents stay in use.")
PASTE_TOO_LONG = Text(
    "The text is too long to paste ({count:,} characters, at most {most:,}). Save it to a file, and "
    "paste the file’s name.",
)
WAITS_FOR_CLIPBOARD = Text("Waiting for the program that has the clipboard…")
CLIPBOARD_DOES_NOT_ANSWER = Text(
    "The program that has the clipboard doesn’t answer. Nothing was pasted; copy it again."
)
NOTHING_TO_PASTE = Text("The clipboard has nothing that can be pasted here.")
UNREADABLE_IMAGE = Text("The copied image can’t be read. Save it to a file, and paste the file’s name.")
NOTHING_TO_OPEN = Text("No links, paths or hashes in view")
"""Nothing in view can be opened or copied by letters."""


def copied(text: str) -> str:
    shown = text if len(text) <= 60 else f"{text[:28]}…{text[-28:]}"
    return Text("Copied {text}")(text=shown)


NOT_A_LINK = Text("Can’t open {address}: only web, mail and file links open")
ASKS = Text("{name} asks: {question}")
CANNOT_START_AT_LOGIN = Text("Can’t change “Start at login”: {error}")
HOW_CHAT_ENDED = Text("{name}: {how}")
SETTING_NOT_OFFERED = Text("The agent of {chat} does not offer this setting")
NO_CHATS_NEED_YOU = Text("No chats need you")
MARKED_UNREAD = Text("Marked as unread, until you come back to the chat")
MARKED_READ = Text("Marked as read")
TAB_CLOSED = Text("Tab closed. The chat keeps running.")
"""When the user closes a chat's tab for the first time (``ChatActions.close_tab``)."""
SHELL_CLOSED = Text("{name} closed. An idle shell ends with its tab.")
SENT_TO = Text("Sent to {name}")
SENT_TO_SEVERAL = Text("Sent to {count} chats")
REOPEN = Text("Reopen")
INPUT_REFUSED = Text("Input to {name} was not accepted: {reason}")
CLIPBOARD_SET = Text("{name} copied text to the clipboard")
CONTINUE_TYPING = Text("Continue typing")
CANNOT_RESUME = Text("Can’t resume {name}: {reason}")
"""``name``: of one chat, or of several."""
ENDED = Text("{name} ended")
NO_RESUME_COMMAND = Text("{name} has no resume command: {reason}")
OLDER_CHATS = Text("Some running chats use Outlive {theirs}. Version {ours} is installed.")
NEWER_CHATS = Text(
    "Some running chats use Outlive {theirs}; this window uses {ours}. Restart it to update it. Chats keep running.",
)
NEWER_STORE = Text(
    "A newer version of Outlive has changed the chat database. This window can no longer start or change chats. "
    "Chats keep running.",
)
RESTART_WINDOW = Text("Restart the window")
UPDATING = Text("Updating running chats…")
CANNOT_UPDATE = Text("Can’t update the running chats: {reason}. They keep running.")
UPDATE_CHATS = Text("Update running chats")


def exported(name: str, path: object, *, is_complete: bool) -> str:
    if not is_complete:
        text = Text("Exported {name} to {path}, but parts of its recording are missing; the file says where")
        return text(name=name, path=path)
    return Text("Exported {name} to {path}")(name=name, path=path)


NO_SUCH_AGENT = Text("The agent {agent} is no longer available")
REMOVED_SEVERAL = Text("{count} chats removed")


def removed_by_limit(count: int) -> str:
    if count == 1:
        return Text("1 ended chat is over the limit of ended chats, and is removed in a minute")()
    text = Text("{count} ended chats are over the limit of ended chats, and are removed in a minute")
    return text(count=count)


CHANGE_LIMIT = Text("Change the limit…")
REMOVED = Text("{name} removed")
UNDO = Text("Undo")
CANNOT_EXPORT = Text("Can’t export {name}: {reason}")
CANNOT_RENAME = Text("Can’t rename {name}")
CANNOT_SEND_LATER = Text("Can’t change what {name} gets later")
STAYS_AWAKE = Text("{name} was not put to sleep: {why}")
AWAKE = Text("{name} ({why})")
"""One of several in STAY_AWAKE."""
STAY_AWAKE = Text("Not put to sleep: {chats}")
CANNOT_STOP = Text("Can’t stop {name}")
CANNOT_REMOVE = Text("Can’t remove {name}")
CANNOT_REMOVE_SEVERAL = Text("Can’t remove the chats")
CANNOT_ARRANGE = Text("Can’t pin or move chats")
CANNOT_OPEN = Text("Can’t open this")
CANNOT_COPY = Text("Can’t copy files")
CANNOT_FORWARD = Text("Can’t forward port {port}")
"""The beginnings of lines about actions that failed, see ``failed``."""


def failed(action: str, error: OutliveError) -> str:
    """A line about an action that failed; it names the action if the error is only that something does not answer."""
    if isinstance(error, HostUnavailable) and action:
        return Text("{action}: {reason}")(action=action, reason=error)
    return first_upper(str(error))


CANNOT_OPEN_TEXT = Text("Can’t open the text of {name}: {reason}")
NO_TEXT = Text("{name} has no text yet")
SHOW_IN_FOLDER = Text("Show in folder")
EXPORTING = Text("Exporting {name}…")
COPIED_COMMAND = Text("Copied: {command}")
COPIED_COMMAND_OF_RUNNING = Text("Copied. Stop this chat before you run the command: {command}")
UPDATED_CHAT = Text("Updated {name} to {version}. Nothing was interrupted.")
UPDATED_CHATS = Text(
    "Updated {n:,} running chat to {version}. Nothing was interrupted.",
    "Updated {n:,} running chats to {version}. Nothing was interrupted.",
)
UPDATED_SOME = Text("Updated {done} of {n:,} running chat.", "Updated {done} of {n:,} running chats.")
UPDATED_NONE = Text("No running chats were updated.")
NOT_UPDATED = Text("{name} was not updated: {reason}.")
SEVERAL_NOT_UPDATED = Text("{names} were not updated: {reason}.")
TOO_OLD_TO_UPDATE = Text("started by a version of Outlive that can’t be updated")
SETTING_NOT_SAVED = Text("Can’t save the setting: {error}")
THEME_IMPORTED = Text("The theme was imported to {path} and is in use.")
LAYOUT_DAMAGED = Text("The saved windows and tabs were damaged, so some may be missing. All chats are in the sidebar.")
LAYOUT_KEPT = Text("What was saved is kept in {path}.")


def layout_damaged(path: str) -> str:
    """The window's layout was damaged, and is kept at ``path``; "" if it could not be kept."""
    return f"{LAYOUT_DAMAGED()} {LAYOUT_KEPT(path=path)}" if path else LAYOUT_DAMAGED()


RESTART_INTERRUPTED_CHATS = Text(
    "A restart of the computer interrupted {n:,} chat.", "A restart of the computer interrupted {n:,} chats."
)
NOTHING_TO_REOPEN = Text("There is no closed tab to reopen.")

# Files that open in the editor; links, files and directories that cannot be opened.
DIRECTORY_ELSEWHERE = Text("The file manager here can’t show a directory on {machine}")
COPYING = Text("Copying {what} to {machine}: {percent} %")
FORWARDED = Text("Port {port} of {machine} is forwarded to {local}")
STOP_FORWARDING = Text("Stop forwarding")
PATH_ELSEWHERE = Text("Not pasted: panes of other machines have no such file; stop broadcasting first")
NO_PATH = Text("No valid path of the file came from {machine}")
NO_FAR_EDITOR = Text("No editor that opens a directory on {machine} is set: see Settings, General")
WRONG_FAR_EDITOR = Text(
    "The editor for other machines in window.toml needs the machine and the file, such as: {example}"
)
NO_EDITOR = Text("No editor is set for {path}. Enter one in Settings, Terminal, Editor, such as: code")
WRONG_EDITOR = Text("The editor setting in window.toml is not a valid command")
NOT_A_LINK_HERE = Text("Can’t open this link: only web, mail and file links open")
LINK_NOT_OPENED = Text("The desktop can’t open this {scheme} link")
"""The desktop could not open a link with this scheme, such as "https"."""
CANNOT_START = Text("Can’t start {program}")
NO_FILE_MANAGER = Text("No file manager was found")
OPENS_FILE = Text("Open {name} in your editor")
