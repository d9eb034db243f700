"""Texts of the settings window. A setting's label and help have the key that it has in the table of settings."""

from __future__ import annotations

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

translate = QCoreApplication.translate

LABELS = {
    "window.theme": QT_TRANSLATE_NOOP("settings", "Theme"),
    "window.appearance": QT_TRANSLATE_NOOP("settings", "Light or dark"),
    "window.readable_colors": QT_TRANSLATE_NOOP("settings", "Readable colours"),
    "window.font": QT_TRANSLATE_NOOP("settings", "Font"),
    "window.font_size": QT_TRANSLATE_NOOP("settings", "Font size"),
    "window.fallback_fonts": QT_TRANSLATE_NOOP("settings", "Fallback fonts"),
    "window.font_weight": QT_TRANSLATE_NOOP("settings", "Font weight"),
    "window.font_features": QT_TRANSLATE_NOOP("settings", "Font features"),
    "window.ligatures": QT_TRANSLATE_NOOP("settings", "Ligatures"),
    "window.line_height": QT_TRANSLATE_NOOP("settings", "Line height"),
    "window.padding": QT_TRANSLATE_NOOP("settings", "Padding"),
    "window.cursor_shape": QT_TRANSLATE_NOOP("settings", "Cursor"),
    "window.cursor_blinks": QT_TRANSLATE_NOOP("settings", "Blinking cursor"),
    "window.text_blinks": QT_TRANSLATE_NOOP("settings", "Blinking text"),
    "window.command_heading": QT_TRANSLATE_NOOP("settings", "Command above its output"),
    "window.confirm_paste": QT_TRANSLATE_NOOP("settings", "Ask before risky pastes"),
    "window.ctrl_c_copies": QT_TRANSLATE_NOOP("settings", "Ctrl+C copies"),
    "window.editor": QT_TRANSLATE_NOOP("settings", "Editor"),
    "window.shell_exit": QT_TRANSLATE_NOOP("settings", "When a shell exits"),
    "window.end_idle_shells": QT_TRANSLATE_NOOP("settings", "Idle shells end with their tab"),
    "window.wheel_lines": QT_TRANSLATE_NOOP("settings", "Wheel scrolls"),
    "window.copy_on_select": QT_TRANSLATE_NOOP("settings", "Copy when selected"),
    "window.right_click": QT_TRANSLATE_NOOP("settings", "Right click"),
    "window.click_moves_cursor": QT_TRANSLATE_NOOP("settings", "A click moves the cursor"),
    "window.open_links": QT_TRANSLATE_NOOP("settings", "Open links with"),
    "window.link_files": QT_TRANSLATE_NOOP("settings", "File names as links"),
    "window.confirm_links": QT_TRANSLATE_NOOP("settings", "Ask before opening"),
    "window.bell_mark": QT_TRANSLATE_NOOP("settings", "Mark the chat"),
    "window.bell_sound": QT_TRANSLATE_NOOP("settings", "Sound"),
    "window.bell_attention": QT_TRANSLATE_NOOP("settings", "Ask for attention"),
    "window.group_chats": QT_TRANSLATE_NOOP("settings", "Group chats"),
    "window.compact_rows": QT_TRANSLATE_NOOP("settings", "Compact rows"),
    "window.notifications": QT_TRANSLATE_NOOP("settings", "Notifications"),
    "window.long_turn_s": QT_TRANSLATE_NOOP("settings", "Long turn or command"),
    "window.notify_command": QT_TRANSLATE_NOOP("settings", "Command"),
    "window.start_at_login": QT_TRANSLATE_NOOP("settings", "Start at login"),
    "chats.scrollback_lines": QT_TRANSLATE_NOOP("settings", "Scrollback"),
    "chats.shell_integration": QT_TRANSLATE_NOOP("settings", "Shell integration"),
    "chats.restore_points": QT_TRANSLATE_NOOP("settings", "Restore points"),
    "chats.record": QT_TRANSLATE_NOOP("settings", "Record chats"),
    "chats.record_limit_mib": QT_TRANSLATE_NOOP("settings", "Limit of one chat"),
    "chats.ended_limit_mib": QT_TRANSLATE_NOOP("settings", "Limit of all ended chats"),
    "chats.rest_after_s": QT_TRANSLATE_NOOP("settings", "Save memory after"),
    "chats.idle_timeout_min": QT_TRANSLATE_NOOP("settings", "{agent}, when idle"),
    "chats.answer_from_outside": QT_TRANSLATE_NOOP("settings", "Answer from notifications"),
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
    "window.theme": QT_TRANSLATE_NOOP("settings", "Most themes have a dark and a light version."),
    "window.appearance": QT_TRANSLATE_NOOP("settings", "Which version of the theme is shown."),
    "window.readable_colors": QT_TRANSLATE_NOOP(
        "settings", "Makes text lighter or darker if its colour is too similar to its background."
    ),
    "window.font": QT_TRANSLATE_NOOP("settings", "The terminals’ font. Only monospace fonts are listed."),
    "window.font_size": QT_TRANSLATE_NOOP("settings", "Zooming starts from this size."),
    "window.fallback_fonts": QT_TRANSLATE_NOOP(
        "settings",
        "For characters that the font lacks, in this order. Example: Symbols Nerd Font Mono, Noto Sans CJK JP.",
    ),
    "window.font_weight": QT_TRANSLATE_NOOP("settings", "For text that is not bold, if the font has this weight."),
    "window.font_features": QT_TRANSLATE_NOOP(
        "settings", "OpenType features, such as zero, ss01, cv01=2; -calt disables one."
    ),
    "window.ligatures": QT_TRANSLATE_NOOP(
        "settings", "Characters such as -> are drawn as one sign, if the font has one, as Fira Code does."
    ),
    "window.line_height": QT_TRANSLATE_NOOP(
        "settings", "Height of a terminal’s rows. 1 is the font’s own line height."
    ),
    "window.padding": QT_TRANSLATE_NOOP(
        "settings", "Space around the text of terminals. The marks of commands need 6 px."
    ),
    "window.cursor_shape": QT_TRANSLATE_NOOP("settings", "Used unless a program chooses another one."),
    "window.cursor_blinks": QT_TRANSLATE_NOOP("settings", "Used unless a program chooses otherwise."),
    "window.text_blinks": QT_TRANSLATE_NOOP("settings", "For programs that ask for it."),
    "window.command_heading": QT_TRANSLATE_NOOP(
        "settings",
        "While you are scrolled back in a long output, shows its command at the top. A click goes to the prompt.",
    ),
    "window.confirm_paste": QT_TRANSLATE_NOOP(
        "settings",
        "Asks before you paste several lines that the program would run, control characters, or a very long text.",
    ),
    "window.ctrl_c_copies": QT_TRANSLATE_NOOP(
        "settings",
        "If text is selected in a terminal, Ctrl+C copies and deselects it; otherwise the program gets Ctrl+C.",
    ),
    "window.editor": QT_TRANSLATE_NOOP(
        "settings",
        "Opens files named in a chat; may have {file}, {line}, {column}. Empty: VISUAL, EDITOR, the desktop’s, or vim.",
    ),
    "window.shell_exit": QT_TRANSLATE_NOOP(
        "settings", "By exit or Ctrl+D. A shell that was killed, or ended with an error at its start, stays."
    ),
    "window.end_idle_shells": QT_TRANSLATE_NOOP(
        "settings",
        "If they were started in the window, 10 s after the tab was closed; until then, Undo brings them back.",
    ),
    "window.wheel_lines": QT_TRANSLATE_NOOP(
        "settings", "How far one notch of the wheel scrolls. Touchpads scroll as far as you move."
    ),
    "window.copy_on_select": QT_TRANSLATE_NOOP(
        "settings", "Text that the mouse selects in a terminal goes to the clipboard at once, without Ctrl+Shift+C."
    ),
    "window.right_click": QT_TRANSLATE_NOOP(
        "settings", "In a terminal, unless the program uses the mouse. With Shift, a right click always opens the menu."
    ),
    "window.click_moves_cursor": QT_TRANSLATE_NOOP(
        "settings", "In the command line of bash and zsh, if they mark their prompts. The shell gets arrow keys."
    ),
    "window.open_links": QT_TRANSLATE_NOOP(
        "settings",
        "Links in terminals, and names of files in chat views. The context menu and Ctrl+Shift+H always work.",
    ),
    "window.link_files": QT_TRANSLATE_NOOP("settings", "Names of existing files in the text are links, too."),
    "window.confirm_links": QT_TRANSLATE_NOOP(
        "settings",
        "Before a link with another text opens, shows its address. The link’s tooltip shows the address, too.",
    ),
    "window.bell_mark": QT_TRANSLATE_NOOP(
        "settings", "When a chat rings the bell, marks it in the sidebar and on its tab until you look at it."
    ),
    "window.bell_sound": QT_TRANSLATE_NOOP(
        "settings", "Plays the desktop’s alert sound, at most once a second. Not for muted chats."
    ),
    "window.bell_attention": QT_TRANSLATE_NOOP(
        "settings", "The desktop marks the window in its task bar, unless you are using it."
    ),
    "window.group_chats": QT_TRANSLATE_NOOP(
        "settings", "By state: chats that need you come first. By project: by repository or directory."
    ),
    "window.compact_rows": QT_TRANSLATE_NOOP("settings", "One line for each chat, without its status text."),
    "window.notifications": QT_TRANSLATE_NOOP(
        "settings", "The desktop notifies you when a chat needs you or ends unexpectedly."
    ),
    "window.long_turn_s": QT_TRANSLATE_NOOP(
        "settings", "Also notifies you at the end of each agent’s turn or shell’s command of at least this duration."
    ),
    "window.notify_command": QT_TRANSLATE_NOOP(
        "settings",
        "Also runs for each notification, for example to notify your phone; may have {title} and {text}. Empty: none.",
    ),
    "window.start_at_login": QT_TRANSLATE_NOOP("settings", "Starts Outlive in the tray when you log in."),
    "chats.scrollback_lines": QT_TRANSLATE_NOOP("settings", "How far a terminal can be scrolled back."),
    "chats.shell_integration": QT_TRANSLATE_NOOP(
        "settings",
        "bash, zsh and fish mark their prompts, so that you can jump to them, and copy a command’s output.",
    ),
    "chats.restore_points": QT_TRANSLATE_NOOP(
        "settings", "Keeps a git repository’s files before each prompt of an agent, so that you can restore them."
    ),
    "chats.record": QT_TRANSLATE_NOOP(
        "settings", "Keeps the chats’ output on disk, so that you can read and search it after they have ended."
    ),
    "chats.record_limit_mib": QT_TRANSLATE_NOOP("settings", "The oldest output is removed first."),
    "chats.ended_limit_mib": QT_TRANSLATE_NOOP(
        "settings", "The chats that ended first are removed first, but none that is pinned, open, or ended today."
    ),
    "chats.rest_after_s": QT_TRANSLATE_NOOP(
        "settings", "A chat uses less memory after this time without events. It keeps running."
    ),
    "chats.idle_timeout_min": QT_TRANSLATE_NOOP(
        "settings", "Ends the agent of a chat view after this time without a turn. The next prompt resumes the chat."
    ),
    "chats.answer_from_outside": QT_TRANSLATE_NOOP(
        "settings", "Notifications and “outlive approve” can also answer Claude Code in a terminal."
    ),
    "chats.agents_may_control": QT_TRANSLATE_NOOP(
        "settings", "Which chats an agent may type into, answer and end. It can read all chats."
    ),
    "endpoint.url": QT_TRANSLATE_NOOP("settings", "An OpenAI-compatible server, such as http://127.0.0.1:8080/v1."),
    "endpoint.model": QT_TRANSLATE_NOOP(
        "settings", "Empty: the server’s only model, or the one that you choose with /model."
    ),
    "endpoint.system": QT_TRANSLATE_NOOP("settings", "Sent at the beginning of each new conversation."),
    "endpoint.key_from": QT_TRANSLATE_NOOP(
        "settings", "Where the key is: env:NAME, file:PATH or secret. Empty: OPENAI_API_KEY."
    ),
    "endpoint.api": QT_TRANSLATE_NOOP("settings", "Which API of the server is used."),
    "endpoint.parameters": QT_TRANSLATE_NOOP(
        "settings",
        "What each request tells the server, with commas between: temperature=0.2, max_tokens=4096. /set changes it "
        "in a chat.",
    ),
    "endpoint.timeout_s": QT_TRANSLATE_NOOP("settings", "How long to wait for data from the server before giving up."),
}

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
    "appearance": QT_TRANSLATE_NOOP("settings", "Appearance"),
    "terminal": QT_TRANSLATE_NOOP("settings", "Terminal"),
    "sidebar": QT_TRANSLATE_NOOP("settings", "Sidebar"),
    "notifications": QT_TRANSLATE_NOOP("settings", "Notifications"),
    "keys": QT_TRANSLATE_NOOP("settings", "Keys"),
    "chats": QT_TRANSLATE_NOOP("settings", "Chats"),
    "agents": QT_TRANSLATE_NOOP("settings", "Agents"),
}

SECTIONS = {
    "theme": QT_TRANSLATE_NOOP("settings", "Theme"),
    "text": QT_TRANSLATE_NOOP("settings", "Text"),
    "cursor": QT_TRANSLATE_NOOP("settings", "Cursor"),
    "shells": QT_TRANSLATE_NOOP("settings", "Shells"),
    "mouse": QT_TRANSLATE_NOOP("settings", "Mouse"),
    "links": QT_TRANSLATE_NOOP("settings", "Links"),
    "bell": QT_TRANSLATE_NOOP("settings", "Bell"),
    "login": QT_TRANSLATE_NOOP("settings", "Login"),
    "recording": QT_TRANSLATE_NOOP("settings", "Recording"),
    "rest": QT_TRANSLATE_NOOP("settings", "Memory"),
    "idle": QT_TRANSLATE_NOOP("settings", "Idle agents"),
    "control": QT_TRANSLATE_NOOP("settings", "Control"),
    "server": QT_TRANSLATE_NOOP("settings", "Model server"),
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


def name_of(setting: str, agent: str = "") -> str:
    """A setting's label; ``agent`` is the title of the agent to which it applies."""
    return translate("settings", str(LABELS[setting])).replace("{agent}", agent)


def help_of(setting: str) -> str:
    return translate("settings", str(HELP[setting]))


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


def for_new_chats() -> str:
    return translate("settings", "For new chats.")


def as_the_desktop(what: str) -> str:
    return translate("settings", "{what} (desktop)").format(what=what)


def not_installed(name: str) -> str:
    return translate("settings", "{name} (not installed)").format(name=name)


def installed_editors() -> str:
    """A button's name: it lists them."""
    return translate("settings", "Installed editors")


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


def zoom() -> str:
    return translate("settings", "Zoom")


def zoom_help() -> str:
    return translate("settings", "For all terminals in the window. Keys and Ctrl with the mouse wheel change it, too.")


def zoom_steps(steps: int) -> str:
    return translate("settings", "{steps:+d} px").format(steps=steps) if steps else translate("settings", "0 px")


def save() -> str:
    return translate("settings", "Save")


def enter(field: str) -> str:
    """The problem of a field that must not be empty."""
    return translate("settings", "{field}: enter a value").format(field=field)


def sample_chats() -> tuple[str, str, str]:
    """Names of chats in the preview."""
    return translate("settings", "api-fix"), translate("settings", "docs"), translate("settings", "notes")
