"""Keys of other layouts and input methods on a Wayland compositor."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import pytest

from tests.conftest import Sessions
from tests.e2e.wayland.conftest import on_sway, wait_for_keyboard
from tests.e2e.window.conftest import WAIT_S, NewChat, OpenWindow, chat_text, new_echo
from tests.support.compositors.input_method import wayland_input_method
from tests.support.compositors.sway import Sway
from tests.support.waiting import wait_until
from tests.support.windows import window

pytestmark = pytest.mark.e2e


@on_sway
def test_the_non_joiner_of_persian_is_typed(compositor: Sway, open_window: OpenWindow, new_chat: NewChat) -> None:
    chat = new_echo(new_chat, "first")["id"]
    with open_window() as app:
        app.show(chat)
        wait_for_keyboard(compositor, chat)
        compositor.set_layout("ir")
        compositor.press("f", "shift+space", "f")
        wait_until(lambda: "ب\u200cب" in chat_text(chat), WAIT_S, lambda: f"the text, {chat_text(chat)!r}")


def cursors(log: Path) -> list[tuple[int, int]]:
    """The positions of the text cursor that the window has told the compositor so far."""
    return [(int(x), int(y)) for x, y in re.findall(r"set_cursor_rectangle\((\d+), (\d+), [1-9]", log.read_text())]


def is_right_of(column: int, log: Path) -> bool:
    return cursors(log)[-1][0] > column


@on_sway
def test_a_composed_text_stays_in_its_chat_and_its_candidates_are_at_the_cursor(
    compositor: Sway,
    window_server: None,
    sessions: Sessions,
    new_chat: NewChat,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log = tmp_path / "stderr"
    monkeypatch.setenv("WAYLAND_DEBUG", "1")
    first, second = (new_echo(new_chat, name)["id"] for name in ("first", "second"))
    with wayland_input_method(compositor.socket) as method, window(errors=log) as app:
        app.show(first)
        wait_until(method.fields, WAIT_S, "the terminal to take text")
        wait_until(lambda: cursors(log), WAIT_S, "the cursor's position")
        for letter in "ab":
            column = cursors(log)[-1][0]
            compositor.type(letter)
            wait_until(partial(is_right_of, column, log), WAIT_S, "the cursor's position after a letter")
        method.compose("ni hao")
        wait_until(
            lambda: re.search(r'preedit_string\("ni hao".*\n.*\.done\(', log.read_text()), WAIT_S, "the composition"
        )
        app.show(second)
        wait_until(lambda: "abni hao" in chat_text(first), WAIT_S, "the composed text in its chat")
        method.commit("你好")
        wait_until(lambda: "你好" in chat_text(second), WAIT_S, "the text in the other chat")
        assert "ni hao" not in chat_text(second)
