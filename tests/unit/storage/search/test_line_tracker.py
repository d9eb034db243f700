"""The line tracker indexes each line once, whether it scrolled, grew or was painted again."""

from __future__ import annotations

from session_host.storage.search.line_tracker import REMEMBERED, LineTracker, SeenState


class Lines:
    """A fake of the index."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def add(self, text: str) -> int:
        self.texts.append(text)
        return len(self.texts)

    def grow(self, number: int, text: str) -> None:
        self.texts[number - 1] = text

    def seen(self, state: SeenState | None = None) -> LineTracker:
        return LineTracker(state or SeenState(), self.add, self.grow)


def test_a_line_that_scrolls_off_is_recognised_from_the_screen() -> None:
    lines = Lines()
    seen = lines.seen()
    seen.update_screen(["one", "", "two", "$ "])
    seen.scroll_off(["one", "", "two"])
    seen.scroll_off(["$ ls", "three"])
    seen.update_screen(["four"])
    assert lines.texts == ["one", "two", "$ ls", "three", "four"]


def test_a_growing_line_stays_one_line() -> None:
    lines = Lines()
    seen = lines.seen()
    for text in ("The", "The quick", "The quick brown"):
        seen.update_screen(["above", text])
    seen.scroll_off(["above", "The quick brown fox"])
    assert lines.texts == ["above", "The quick brown fox"]


def test_equal_lines_are_counted_each() -> None:
    lines = Lines()
    seen = lines.seen()
    seen.update_screen(["ok", "ok"])
    seen.update_screen(["ok", "ok", "ok"])
    seen.scroll_off(["ok"] * 5)
    assert lines.texts == ["ok"] * 5


def test_a_repeated_screen_is_recognised() -> None:
    lines = Lines()
    seen = lines.seen()
    for _ in range(3):
        seen.update_screen(["menu", "a"])
        seen.update_screen(["help", "b"])
    assert sorted(lines.texts) == ["a", "b", "help", "menu"]


def test_the_remembered_lines_are_bounded_and_can_be_saved() -> None:
    lines = Lines()
    seen = lines.seen()
    for number in range(3 * REMEMBERED):
        seen.update_screen([f"{number:06}"])
    state = seen.state()
    assert len(state.gone) == REMEMBERED
    lines.seen(state).update_screen([f"{3 * REMEMBERED - 1:06}", f"{3 * REMEMBERED - 2:06}"])
    assert len(lines.texts) == 3 * REMEMBERED
