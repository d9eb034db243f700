"""The line tracker indexes each line once, whether it scrolled, grew or was painted again."""

from __future__ import annotations

from session_host.storage.search.reader import REMEMBERED, LineTracker, SeenState


class Lines:
    """A fake of the index."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def add(self, text: str) -> int:
        self.texts.append(text)
        return len(self.texts)

    def grow(self, number: int, text: str) -> None:
        self.texts[number - 1] = text

    def tracker(self, state: SeenState | None = None) -> LineTracker:
        return LineTracker(state or SeenState(), self.add, self.grow)


def test_a_line_that_scrolls_off_is_recognised_from_the_screen() -> None:
    lines = Lines()
    tracker = lines.tracker()
    tracker.update_screen(["one", "", "two", "$ "])
    tracker.scroll_off(["one", "", "two"])
    tracker.scroll_off(["$ ls", "three"])
    tracker.update_screen(["four"])
    assert lines.texts == ["one", "two", "$ ls", "three", "four"]


def test_a_growing_line_stays_one_line() -> None:
    lines = Lines()
    tracker = lines.tracker()
    for text in ("The", "The quick", "The quick brown"):
        tracker.update_screen(["above", text])
    tracker.scroll_off(["above", "The quick brown fox"])
    assert lines.texts == ["above", "The quick brown fox"]


def test_equal_lines_are_counted_each() -> None:
    lines = Lines()
    tracker = lines.tracker()
    tracker.update_screen(["ok", "ok"])
    tracker.update_screen(["ok", "ok", "ok"])
    tracker.scroll_off(["ok"] * 5)
    assert lines.texts == ["ok"] * 5


def test_a_repeated_screen_is_recognised() -> None:
    lines = Lines()
    tracker = lines.tracker()
    for _ in range(3):
        tracker.update_screen(["menu", "a"])
        tracker.update_screen(["help", "b"])
    assert sorted(lines.texts) == ["a", "b", "help", "menu"]


def test_the_remembered_lines_are_bounded_and_can_be_saved() -> None:
    lines = Lines()
    tracker = lines.tracker()
    for number in range(3 * REMEMBERED):
        tracker.update_screen([f"{number:06}"])
    state = tracker.state()
    assert len(state.gone) == REMEMBERED
    lines.tracker(state).update_screen([f"{3 * REMEMBERED - 1:06}", f"{3 * REMEMBERED - 2:06}"])
    assert len(lines.texts) == 3 * REMEMBERED
