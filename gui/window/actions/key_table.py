"""The key table: every action with its keys, and the user's changes to them.

Ctrl+letter, Alt+letter and Escape belong to the program in the terminal, so the table has none of them.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from PySide6.QtGui import QKeySequence

from gui.settings.pane_tree import SIDES
from gui.settings.text_keys import is_text
from gui.wording import action_texts, key_texts

Scope = Literal["window", "terminal"]


@dataclass(frozen=True)
class Key:
    """An action's entry in the table.

    Attributes:
        action: the action's name in ``keys.toml``.
        keys: the keys in Qt's notation.
        scope: "terminal" keys work only while a terminal has the keyboard focus, so that fields in sheets keep their
            own Shift+arrows.
        listed: whether the palette shows the action.
        on: the condition; "" for none. Of the shown chat: there is a "chat"; it is an "agent", "running", "ended",
            "resumable" (and ended), "forkable", "forkable_before" a prompt, in a "terminal", in a "running_terminal",
            "suspended", or "structured" (and running). Of the window: several "tabs" in the pane, tabs at the right
            of the shown one ("tabs_right"), several "panes", several "windows".
        needs_conversations: whether the action needs an agent with conversations that can be resumed.
        repeats: whether the action repeats while its key is held. Opening, closing, sending and ending do not: a
            key that is released late must not close a second tab.
    """

    action: str
    keys: tuple[str, ...]
    scope: Scope = "window"
    listed: bool = True
    on: Literal[
        "", "chat", "agent", "running", "ended", "resumable", "forkable", "forkable_before",
        "terminal", "running_terminal", "suspended", "structured", "tabs", "tabs_right", "panes", "windows",
    ] = ""  # fmt: skip
    needs_conversations: bool = False
    repeats: bool = False

    @property
    def title(self) -> str:
        """The action's name in the palette and in menus."""
        return action_texts.title(self.action)


TABLE: tuple[Key, ...] = (
    Key("palette", ("Ctrl+Shift+P",), listed=False),
    Key("switch_chat", ("Ctrl+Shift+K",)),
    Key("search", ("Ctrl+Shift+S",)),
    Key("find", ("Ctrl+Shift+F",), on="chat"),
    Key("select_by_keyboard", ("Ctrl+Shift+Space",), on="terminal"),
    Key("show_hints", ("Ctrl+Shift+H",), on="terminal"),
    Key("next_waiting", ("Ctrl+Shift+J",)),
    Key("new_chat", ("Ctrl+Shift+N",)),
    Key("new_chat_in_worktree", ()),
    Key("continue", ()),
    Key("new_shell", ("Ctrl+Shift+Return",)),
    Key("close_tab", ("Ctrl+Shift+W",), on="chat"),
    Key("close_other_tabs", (), on="tabs"),
    Key("close_tabs_right", (), on="tabs_right"),
    Key("reopen_tab", ("Ctrl+Shift+T",)),
    Key("next_tab", ("Ctrl+PgDown", "Ctrl+Tab"), repeats=True),
    Key("previous_tab", ("Ctrl+PgUp", "Ctrl+Shift+Tab"), repeats=True),
    Key("last_tab", ("Ctrl+Shift+M",), on="chat"),
    Key("move_tab_left", ("Alt+Shift+PgUp",), on="tabs", repeats=True),
    Key("move_tab_right", ("Alt+Shift+PgDown",), on="tabs", repeats=True),
    *(Key(f"tab_{number}", (f"Alt+{number}",), listed=False) for number in range(1, 10)),
    Key("split_right", ("Ctrl+Shift+D",)),
    Key("split_down", ("Ctrl+Shift+E",)),
    Key("mirror_right", (), on="chat"),
    Key("mirror_down", (), on="chat"),
    Key("zoom_pane", ("Ctrl+Shift+Z",), on="panes"),
    Key("even_out", ("Ctrl+Shift+G",), on="panes"),
    Key("close_pane", (), on="panes"),
    Key("swap_panes", (), on="panes"),
    Key("move_to_pane", (), on="panes"),
    Key("broadcast", (), on="panes"),
    *(Key(f"pane_{side}", (f"Alt+Shift+{side.title()}",), on="panes", repeats=True) for side in SIDES),
    *(Key(f"resize_{side}", (f"Ctrl+Shift+{side.title()}",), on="panes", repeats=True) for side in SIDES),
    Key("move_to_new_window", (), on="chat"),
    Key("move_to_window", (), on="windows"),
    Key("send", ()),
    Key("insert_prompt", ("Ctrl+Shift+R",)),
    Key("save_prompt", (), on="structured"),
    Key("rename", (), on="chat"),
    Key("resume", (), on="resumable"),
    Key("pick", (), on="ended", needs_conversations=True),
    Key("resume_all", ()),
    Key("copy_resume", (), on="chat", needs_conversations=True),
    Key("duplicate", (), on="chat"),
    Key("fork", (), on="forkable"),
    Key("fork_before", (), on="forkable_before"),
    Key("choose_model", (), on="structured"),
    Key("choose_mode", (), on="structured"),
    Key("choose_effort", (), on="structured"),
    Key("pin", (), on="chat"),
    Key("choose_color", (), on="chat"),
    Key("mark_unread", (), on="chat"),
    Key("stop", (), on="running"),
    Key("kill", (), on="running"),
    Key("stop_all", ()),
    Key("remove", (), on="chat"),
    Key("mute_chat", (), on="chat"),
    Key("notify_quiet", (), on="running_terminal"),
    Key("mute_hour", ()),
    Key("mute_tomorrow", ()),
    Key("unmute", ()),
    Key("copy_name", (), on="chat"),
    Key("show_changes", ("Ctrl+Shift+I",), on="chat"),
    Key("changes_since", (), on="agent"),
    Key("restore_files", (), on="agent"),
    Key("open_directory", (), on="chat"),
    Key("show_directory", (), on="chat"),
    Key("copy_path", (), on="chat"),
    Key("export", (), on="chat"),
    Key("open_text", (), on="terminal"),
    Key("open_output", (), on="terminal"),
    Key("clear_scrollback", ("Ctrl+Shift+Del",), on="running_terminal"),
    Key("reset_terminal", (), on="running_terminal"),
    Key("continue_program", (), on="suspended"),
    Key("errors", (), on="chat"),
    Key("explain", (), on="chat"),
    Key("copy", ("Ctrl+Shift+C",), "terminal"),
    Key("paste", ("Ctrl+Shift+V",), "terminal"),
    Key("paste_selection", ("Shift+Ins", "Ctrl+Shift+Ins"), "terminal", on="running_terminal"),
    Key("select_all", ("Ctrl+Shift+A",)),
    Key("scroll_line_up", ("Shift+Up",), "terminal", listed=False, repeats=True),
    Key("scroll_line_down", ("Shift+Down",), "terminal", listed=False, repeats=True),
    Key("scroll_page_up", ("Shift+PgUp",), "terminal", listed=False, repeats=True),
    Key("scroll_page_down", ("Shift+PgDown",), "terminal", listed=False, repeats=True),
    Key("scroll_to_start", ("Shift+Home",), "terminal"),
    Key("scroll_to_end", ("Shift+End",), "terminal"),
    Key("previous_prompt", ("Ctrl+Shift+PgUp",), on="chat", repeats=True),
    Key("next_prompt", ("Ctrl+Shift+PgDown",), on="chat", repeats=True),
    Key("previous_failed", (), on="terminal", repeats=True),
    Key("next_failed", (), on="terminal", repeats=True),
    Key("go_to_command", (), on="terminal"),
    Key("put_at_prompt", (), on="running_terminal"),
    Key("copy_command", (), on="terminal"),
    Key("copy_command_and_output", (), on="terminal"),
    Key("copy_output", ("Ctrl+Shift+O",), on="chat"),
    Key("select_output", ("Ctrl+Shift+Y",), on="chat"),
    Key("zoom_in", ("Ctrl++", "Ctrl+="), repeats=True),
    Key("zoom_out", ("Ctrl+-",), repeats=True),
    Key("zoom_reset", ("Ctrl+0",)),
    Key("focus_sidebar", ("Ctrl+Shift+L",)),
    Key("sidebar", ("Ctrl+Shift+B",)),
    Key("status_line", ()),
    Key("choose_theme", ()),
    Key("choose_appearance", ()),
    Key("import_theme", ()),
    Key("find_agents", ()),
    Key("settings", ("Ctrl+,",)),
    Key("guide", ("Ctrl+Shift+F1",)),
    Key("shortcuts", ()),
    Key("full_screen", ("F11",)),
    Key("close_window", ()),
)


def sequences(keys: Sequence[str]) -> list[QKeySequence]:
    """Keys as Qt objects."""
    return [QKeySequence(key, QKeySequence.SequenceFormat.PortableText) for key in keys]


BETWEEN_PANES = frozenset(f"{verb}_{side}" for verb in ("pane", "resize") for side in SIDES)
"""Actions that do nothing where there is one pane; programs that use modified arrows get these keys then."""


def of_the_window(
    chosen: dict[str, list[QKeySequence]], overrides: Container[str], *, has_panes: bool = True
) -> tuple[str, ...]:
    """The keys that the window does not pass to the program in a terminal.

    Args:
        chosen: the keys of each action and text.
        overrides: the actions with keys of the user, which work in terminals, too.
        has_panes: whether the window has several panes.
    """
    in_terminals = {entry.action for entry in TABLE if entry.scope == "terminal"}
    return tuple(
        sequence.toString()
        for name, has in chosen.items()
        for sequence in has
        if (name not in in_terminals or name in overrides) and (has_panes or name not in BETWEEN_PANES)
    )


def with_overrides(
    overrides: Mapping[str, Sequence[str]], lines: Mapping[str, int] | None = None
) -> tuple[dict[str, list[QKeySequence]], list[str]]:
    """The keys of each action and text, with the user's changes.

    Args:
        overrides: the user's keys of actions, and of texts by ``text_keys.name_of``.
        lines: the line of each action in ``keys.toml``, for problems.

    Returns:
        The keys by name, and one line for each override without an effect.
    """
    problems: list[str] = []
    chosen = {entry.action: sequences(entry.keys) for entry in TABLE}
    holders: dict[str, str] = {}
    for action, keys in overrides.items():
        location = f"keys.toml:{line}" if (line := (lines or {}).get(action, 0)) else "keys.toml"
        if action not in chosen and not is_text(action):
            problems.append(key_texts.unknown_action(location, action))
            continue
        wanted = sequences(keys)
        if any(not sequence.toString() for sequence in wanted):
            problems.append(key_texts.invalid_key(location, ", ".join(keys), action))
            continue
        # Qt gives an ambiguous key to no action, so the first action keeps it.
        for sequence in list(wanted):
            if (holder := holders.setdefault(sequence.toString(), action)) != action:
                problems.append(key_texts.key_is_taken(location, sequence.toString(), holder))
                wanted.remove(sequence)
        chosen[action] = wanted
        # A key that the user gave to one action is removed from the other one.
        for other, has in chosen.items():
            if other != action and other not in overrides:
                chosen[other] = [sequence for sequence in has if sequence not in wanted]
    return chosen, problems
