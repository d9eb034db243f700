"""Texts of the settings window. A setting's label and help have the key that it has in the table of settings."""

from __future__ import annotations

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

translate = QCoreApplication.translate

LABELS = {
    "window.theme": QT_TRANSLATE_NOOP("settings", "Theme"),
    "window.appearance": QT_TRANSLATE_NOOP("settings", "Light or dark"),
    "window.readable_colors": QT_TRANSLATE_NOOP("settings", "Readable colours"),
    "window.font": QT_TRANSLATE_NOOP("settings", "Font"),
    "window.font_size": QT_TRANSLATE_NOOP("settings", "Text size"),
    "window.fallback_fonts": QT_TRANSLATE_NOOP("settings", "Fallback fonts"),
    "window.font_weight": QT_TRANSLATE_NOOP("settings", "Font weight"),
    "window.font_features": QT_TRANSLATE_NOOP("settings", "Font features"),
    "window.ligatures": QT_TRANSLATE_NOOP("settings", "Ligatures"),
    "window.line_height": QT_TRANSLATE_NOOP("settings", "Line height"),
    "window.padding": QT_TRANSLATE_NOOP("settings", "Space around the text"),
    "window.cursor_shape": QT_TRANSLATE_NOOP("settings", "Cursor"),
    "window.cursor_blinks": QT_TRANSLATE_NOOP("settings", "Blinking cursor"),
    "window.text_blinks": QT_TRANSLATE_NOOP("settings", "Blinking text"),
    "window.command_heading": QT_TRANSLATE_NOOP("settings", "Show the command above its output"),
    "window.confirm_paste": QT_TRANSLATE_NOOP("settings", "Ask before risky pastes"),
    "window.ctrl_c_copies": QT_TRANSLATE_NOOP("settings", "Ctrl+C copies selected text"),
    "window.editor": QT_TRANSLATE_NOOP("settings", "Editor"),
    "window.new_chat_agent": QT_TRANSLATE_NOOP("settings", "Default agent"),
    "window.new_chat_view": QT_TRANSLATE_NOOP("settings", "Default view"),
    "window.shell_exit": QT_TRANSLATE_NOOP("settings", "When a shell exits"),
    "window.end_idle_shells": QT_TRANSLATE_NOOP("settings", "Closing its tab ends an idle shell"),
    "window.wheel_lines": QT_TRANSLATE_NOOP("settings", "Mouse wheel scrolls"),
    "window.copy_on_select": QT_TRANSLATE_NOOP("settings", "Selecting text copies it"),
    "window.right_click": QT_TRANSLATE_NOOP("settings", "Right click"),
    "window.click_moves_cursor": QT_TRANSLATE_NOOP("settings", "A click moves the cursor"),
    "window.open_links": QT_TRANSLATE_NOOP("settings", "Open links with"),
    "window.link_files": QT_TRANSLATE_NOOP("settings", "Names of files are links"),
    "window.confirm_links": QT_TRANSLATE_NOOP(
        "settings", "Ask before opening a link whose text differs from its address"
    ),
    "window.bell_mark": QT_TRANSLATE_NOOP("settings", "Mark the chat"),
    "window.bell_sound": QT_TRANSLATE_NOOP("settings", "Play a sound"),
    "window.bell_attention": QT_TRANSLATE_NOOP("settings", "Mark the window in the task bar"),
    "window.group_chats": QT_TRANSLATE_NOOP("settings", "Group chats"),
    "window.compact_rows": QT_TRANSLATE_NOOP("settings", "Compact rows"),
    "window.notifications": QT_TRANSLATE_NOOP("settings", "Show notifications"),
    "window.long_turn_s": QT_TRANSLATE_NOOP("settings", "Notify after long work"),
    "window.notify_command": QT_TRANSLATE_NOOP("settings", "Command"),
    "window.start_at_login": QT_TRANSLATE_NOOP("settings", "Start at login"),
    "chats.scrollback_lines": QT_TRANSLATE_NOOP("settings", "Scrollback"),
    "chats.shell_integration": QT_TRANSLATE_NOOP("settings", "Shell integration"),
    "chats.restore_points": QT_TRANSLATE_NOOP("settings", "Restore points"),
    "chats.record": QT_TRANSLATE_NOOP("settings", "Record chats"),
    "chats.record_limit_mib": QT_TRANSLATE_NOOP("settings", "Size of a recording"),
    "chats.ended_limit_mib": QT_TRANSLATE_NOOP("settings", "Size of all recordings"),
    "chats.idle_timeout_min": QT_TRANSLATE_NOOP("settings", "End idle agents after"),
    "chats.answer_from_outside": QT_TRANSLATE_NOOP("settings", "Answer Claude Code from notifications"),
    "chats.agents_may_control": QT_TRANSLATE_NOOP("settings", "Agents may control"),
    "endpoint.url": QT_TRANSLATE_NOOP("settings", "Address"),
    "endpoint.model": QT_TRANSLATE_NOOP("settings", "Model"),
    "endpoint.system": QT_TRANSLATE_NOOP("settings", "System prompt"),
    "endpoint.key_from": QT_TRANSLATE_NOOP("settings", "API key"),
    "endpoint.api": QT_TRANSLATE_NOOP("settings", "API"),
    "endpoint.parameters": QT_TRANSLATE_NOOP("settings", "Parameters"),
    "endpoint.timeout_s": QT_TRANSLATE_NOOP("settings", "Timeout"),
}

HELP = {
    "window.readable_colors": QT_TRANSLATE_NOOP(
        "settings", "Makes text lighter or darker if it is hard to read on its background."
    ),
    "window.font": QT_TRANSLATE_NOOP("settings", "Used in terminals and for code."),
    "window.font_size": QT_TRANSLATE_NOOP("settings", "Larger text and Smaller text start from this size."),
    "window.fallback_fonts": QT_TRANSLATE_NOOP(
        "settings", "For characters that the font lacks, in this order, with commas between."
    ),
    "window.font_weight": QT_TRANSLATE_NOOP("settings", "For text that is not bold."),
    "window.font_features": QT_TRANSLATE_NOOP("settings", "OpenType features, such as zero, ss01, cv01=2 or -calt."),
    "window.ligatures": QT_TRANSLATE_NOOP("settings", "Draws characters such as -> as one sign, if the font has one."),
    "window.line_height": QT_TRANSLATE_NOOP("settings", "1 is the font’s own height."),
    "window.padding": QT_TRANSLATE_NOOP("settings", "The marks beside commands need 6 px."),
    "window.cursor_shape": QT_TRANSLATE_NOOP("settings", "A program can choose another one."),
    "window.text_blinks": QT_TRANSLATE_NOOP("settings", "For programs that ask for it."),
    "window.command_heading": QT_TRANSLATE_NOOP("settings", "While you are scrolled back in a long output."),
    "window.confirm_paste": QT_TRANSLATE_NOOP(
        "settings", "For several lines that would run, control characters, or a very long text."
    ),
    "window.ctrl_c_copies": QT_TRANSLATE_NOOP("settings", "Without a selection, the program gets Ctrl+C."),
    "window.editor": QT_TRANSLATE_NOOP(
        "settings",
        "A command that opens files; may have {file}, {line} and {column}.",
    ),
    "window.new_chat_view": QT_TRANSLATE_NOOP("settings", "Of agents that have a terminal and a chat view."),
    "window.shell_exit": QT_TRANSLATE_NOOP("settings", "A shell that was killed, or failed at its start, stays."),
    "window.end_idle_shells": QT_TRANSLATE_NOOP("settings", "For 10 s, Undo brings the shell back."),
    "window.right_click": QT_TRANSLATE_NOOP("settings", "With Shift, it always opens the menu."),
    "window.click_moves_cursor": QT_TRANSLATE_NOOP("settings", "In the command line of bash and zsh."),
    "window.open_links": QT_TRANSLATE_NOOP("settings", "The context menu and Ctrl+Shift+H always open them."),
    "window.bell_mark": QT_TRANSLATE_NOOP("settings", "Until you look at it."),
    "window.bell_sound": QT_TRANSLATE_NOOP("settings", "Not for muted chats."),
    "window.bell_attention": QT_TRANSLATE_NOOP("settings", "Unless you are using it."),
    "window.compact_rows": QT_TRANSLATE_NOOP("settings", "One line for each chat."),
    "window.notifications": QT_TRANSLATE_NOOP("settings", "When a chat needs you or ends unexpectedly."),
    "window.long_turn_s": QT_TRANSLATE_NOOP(
        "settings", "When an agent’s turn or a shell’s command ends that took at least this long."
    ),
    "window.notify_command": QT_TRANSLATE_NOOP(
        "settings", "Also runs for each notification, such as one to your phone; may have {title} and {text}."
    ),
    "window.start_at_login": QT_TRANSLATE_NOOP("settings", "Hidden in the tray."),
    "chats.shell_integration": QT_TRANSLATE_NOOP(
        "settings", "bash, zsh and fish mark their prompts, so that you can jump to commands and copy their output."
    ),
    "chats.restore_points": QT_TRANSLATE_NOOP(
        "settings", "Saves a git repository’s files before each prompt, so that you can restore them."
    ),
    "chats.record": QT_TRANSLATE_NOOP("settings", "Lets you read and search them after they have ended."),
    "chats.record_limit_mib": QT_TRANSLATE_NOOP("settings", "The oldest output is removed first."),
    "chats.ended_limit_mib": QT_TRANSLATE_NOOP(
        "settings", "Chats that ended first are removed first, but none that is pinned, open, or ended today."
    ),
    "chats.idle_timeout_min": QT_TRANSLATE_NOOP("settings", "In chat views; the next prompt resumes the chat."),
    "chats.answer_from_outside": QT_TRANSLATE_NOOP(
        "settings", "When it runs in a terminal; “outlive approve” can then answer it, too."
    ),
    "chats.agents_may_control": QT_TRANSLATE_NOOP(
        "settings", "The chats that an agent may type into, answer and end; it can read all."
    ),
    "endpoint.url": QT_TRANSLATE_NOOP("settings", "An OpenAI-compatible server, such as http://127.0.0.1:8080/v1."),
    "endpoint.model": QT_TRANSLATE_NOOP(
        "settings", "Empty: the server’s only model, or the one that you choose with /model."
    ),
    "endpoint.system": QT_TRANSLATE_NOOP("settings", "Sent at the beginning of each conversation."),
    "endpoint.key_from": QT_TRANSLATE_NOOP(
        "settings", "Where the key is: env:NAME, file:PATH or secret; empty: OPENAI_API_KEY."
    ),
    "endpoint.parameters": QT_TRANSLATE_NOOP(
        "settings", "With commas between, such as temperature=0.2, max_tokens=4096."
    ),
    "endpoint.timeout_s": QT_TRANSLATE_NOOP("settings", "How long to wait for data from the server."),
}
"""One sentence each; a setting has none if its label says it."""

CHOICES = {
    "window.appearance=desktop": QT_TRANSLATE_NOOP("settings", "Follow the desktop"),
    "window.appearance=light": QT_TRANSLATE_NOOP("settings", "Always light"),
    "window.appearance=dark": QT_TRANSLATE_NOOP("settings", "Always dark"),
    "window.ligatures=always": QT_TRANSLATE_NOOP("settings", "Always"),
    "window.ligatures=not_under_cursor": QT_TRANSLATE_NOOP("settings", "Except at the cursor"),
    "window.ligatures=never": QT_TRANSLATE_NOOP("settings", "Never"),
    "window.font_weight=thin": QT_TRANSLATE_NOOP("settings", "Thin"),
    "window.font_weight=light": QT_TRANSLATE_NOOP("settings", "Light"),
    "window.font_weight=normal": QT_TRANSLATE_NOOP("settings", "Normal"),
    "window.font_weight=medium": QT_TRANSLATE_NOOP("settings", "Medium"),
    "window.font_weight=semi_bold": QT_TRANSLATE_NOOP("settings", "Semibold"),
    "window.cursor_shape=block": QT_TRANSLATE_NOOP("settings", "Block"),
    "window.cursor_shape=bar": QT_TRANSLATE_NOOP("settings", "Bar"),
    "window.cursor_shape=underline": QT_TRANSLATE_NOOP("settings", "Underline"),
    "window.new_chat_view=last": QT_TRANSLATE_NOOP("settings", "As last used with the agent"),
    "window.new_chat_view=chat": QT_TRANSLATE_NOOP("settings", "Chat view"),
    "window.new_chat_view=terminal": QT_TRANSLATE_NOOP("settings", "Terminal"),
    "window.shell_exit=close": QT_TRANSLATE_NOOP("settings", "Close its tab"),
    "window.shell_exit=keep": QT_TRANSLATE_NOOP("settings", "Keep it"),
    "window.right_click=menu": QT_TRANSLATE_NOOP("settings", "Opens the menu"),
    "window.right_click=paste": QT_TRANSLATE_NOOP("settings", "Pastes"),
    "window.open_links=ctrl_click": QT_TRANSLATE_NOOP("settings", "Ctrl+click"),
    "window.open_links=click": QT_TRANSLATE_NOOP("settings", "Click"),
    "window.open_links=never": QT_TRANSLATE_NOOP("settings", "No click"),
    "window.group_chats=state": QT_TRANSLATE_NOOP("settings", "By state"),
    "window.group_chats=project": QT_TRANSLATE_NOOP("settings", "By project"),
    "chats.agents_may_control=own": QT_TRANSLATE_NOOP("settings", "Their own chats"),
    "chats.agents_may_control=all": QT_TRANSLATE_NOOP("settings", "All chats"),
    "endpoint.api=auto": QT_TRANSLATE_NOOP("settings", "Detect it"),
    "endpoint.api=chat": QT_TRANSLATE_NOOP("settings", "Chat completions"),
    "endpoint.api=responses": QT_TRANSLATE_NOOP("settings", "Responses"),
}

PAGES = {
    "general": QT_TRANSLATE_NOOP("settings", "General"),
    "appearance": QT_TRANSLATE_NOOP("settings", "Appearance"),
    "terminal": QT_TRANSLATE_NOOP("settings", "Terminal"),
    "keys": QT_TRANSLATE_NOOP("settings", "Keys"),
    "notifications": QT_TRANSLATE_NOOP("settings", "Notifications"),
    "agents": QT_TRANSLATE_NOOP("settings", "Agents"),
    "server": QT_TRANSLATE_NOOP("settings", "Model server"),
}

SECTIONS = {
    "new_chats": QT_TRANSLATE_NOOP("settings", "New chats"),
    "ended": QT_TRANSLATE_NOOP("settings", "Ended chats"),
    "theme": QT_TRANSLATE_NOOP("settings", "Theme"),
    "text": QT_TRANSLATE_NOOP("settings", "Text"),
    "cursor": QT_TRANSLATE_NOOP("settings", "Cursor"),
    "sidebar": QT_TRANSLATE_NOOP("settings", "Sidebar"),
    "new_terminals": QT_TRANSLATE_NOOP("settings", "New terminals"),
    "shells": QT_TRANSLATE_NOOP("settings", "Shells"),
    "clipboard": QT_TRANSLATE_NOOP("settings", "Copy and paste"),
    "mouse": QT_TRANSLATE_NOOP("settings", "Mouse"),
    "links": QT_TRANSLATE_NOOP("settings", "Links"),
    "bell": QT_TRANSLATE_NOOP("settings", "When a program rings the bell"),
    "control": QT_TRANSLATE_NOOP("settings", "Permissions"),
}

_UNITS = {
    "px": QT_TRANSLATE_NOOP("settings", "px"),
    "lines": QT_TRANSLATE_NOOP("settings", "lines"),
    "MiB": QT_TRANSLATE_NOOP("settings", "MiB"),
    "s": QT_TRANSLATE_NOOP("settings", "s"),
    "min": QT_TRANSLATE_NOOP("settings", "min"),
}

_ZERO = {
    "never": QT_TRANSLATE_NOOP("settings", "Never"),
    "no limit": QT_TRANSLATE_NOOP("settings", "No limit"),
    "as the desktop": QT_TRANSLATE_NOOP("settings", "Same as the desktop"),
}


def name_of(setting: str) -> str:
    """A setting's label."""
    return translate("settings", str(LABELS[setting]))


def help_of(setting: str) -> str:
    """A setting's help; "" for none."""
    return translate("settings", str(HELP[setting])) if setting in HELP else ""


def choice(setting: str, value: str) -> str:
    return translate("settings", str(CHOICES[f"{setting}={value}"]))


def page(name: str) -> str:
    return translate("settings", str(PAGES[name]))


def section(name: str) -> str:
    return translate("settings", str(SECTIONS[name]))


def unit(name: str) -> str:
    return translate("settings", str(_UNITS[name])) if name else ""


def zero(name: str) -> str:
    return translate("settings", str(_ZERO[name]))


def title() -> str:
    return translate("settings", "Settings — Outlive")


def settings() -> str:
    return translate("settings", "Settings")


def search() -> str:
    return translate("settings", "Search settings")


def pages() -> str:
    return translate("settings", "Pages")


def nothing_found() -> str:
    return translate("settings", "No settings found")


def reset(setting: str) -> str:
    return translate("settings", "Reset {setting}").format(setting=setting)


def as_the_desktop(what: str) -> str:
    return translate("settings", "{what} (desktop)").format(what=what)


def last_agent() -> str:
    """A choice of the default agent."""
    return translate("settings", "The last one used")


def not_installed(name: str) -> str:
    return translate("settings", "{name} (not installed)").format(name=name)


def installed_editors() -> str:
    """A button's name: it lists them."""
    return translate("settings", "Installed editors")


def any_editor() -> str:
    """What an empty field of the editor means."""
    return translate("settings", "Found automatically")


def no_editors() -> str:
    return translate("settings", "No known editor is installed")


def less(setting: str) -> str:
    return translate("settings", "{setting}: less").format(setting=setting)


def more(setting: str) -> str:
    return translate("settings", "{setting}: more").format(setting=setting)


def pair(dark: str, light: str) -> str:
    """The names of a pair of themes."""
    return translate("settings", "{dark} / {light}").format(dark=dark, light=light)


def no_version(theme: str, *, dark: bool) -> str:
    """A theme has no version for the chosen appearance."""
    if dark:
        return translate("settings", "{theme} has no dark version").format(theme=theme)
    return translate("settings", "{theme} has no light version").format(theme=theme)


def import_theme() -> str:
    return translate("settings", "Import a theme…")


def preview() -> str:
    return translate("settings", "Preview")


def save() -> str:
    return translate("settings", "Save")


def enter(field: str) -> str:
    """The problem of a field that must not be empty."""
    return translate("settings", "{field}: enter a value").format(field=field)


def sample_chats() -> tuple[str, str, str]:
    """Names of chats in the preview."""
    return translate("settings", "api-fix"), translate("settings", "docs"), translate("settings", "notes")
