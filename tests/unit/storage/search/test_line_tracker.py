"""A line is indexed once, however it came to be on the screen."""

from __future__ import annotations

from session_host.storage.search.line_tracker import REMEMBERED, LineTracker, SeenState


class Lines:
    """Stands for the index."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def add(self, text: str) -> int:
        self.texts.append(text)
        return len(self.texts)

    def grow(self, number: int, text: str) -> None:
        self.texts[number - 1] = text

    def seen(self, state: SeenState | None = None) -> LineTracker:
        return LineTracker(state or SeenState(), self.add, self.grow)


def test_a_line_that_scrolls_out_is_known_from_the_screen() -> None:
    lines = Lines()
    seen = lines.seen()
    seen.update_screen(["one", "", "two", "$ "])
    seen.scroll_off(["one", "", "two"])
    seen.scroll_off(["$ ls", "three"])
    seen.update_screen(["four"])
    assert lines.texts == ["one", "two", "$ ls", "three", "four"]


def test_a_line_that_grows_stays_one() -> None:
    lines = Lines()
    seen = lines.seen()
    for text in ("The", "The quick", "The quick brown"):
        seen.update_screen(["above", text])
    seen.scroll_off(["above", "The quick brown fox"])
    assert lines.texts == ["above", "The quick brown fox"]


def test_equal_lines_count_each() -> None:
    lines = Lines()
    seen = lines.seen()
    seen.update_screen(["ok", "ok"])
    seen.update_screen(["ok", "ok", "ok"])
    seen.scroll_off(["ok"] * 5)
    assert lines.texts == ["ok"] * 5


def test_a_screen_that_comes_again_is_known() -> None:
    lines = Lines()
    seen = lines.seen()
    for _ in range(3):
        seen.update_screen(["menu", "a"])
        seen.update_screen(["help", "b"])
    assert sorted(lines.texts) == ["a", "b", "help", "menu"]


def test_what_it_remembers_is_bounded_and_can_be_kept() -> None:
    lines = Lines()
    seen = lines.seen()
    for number in range(3 * REMEMBERED):
        seen.update_screen([f"{number:06}"])
    state = seen.state()
    assert len(state.gone) == REMEMBERED
    lines.seen(state).update_screen([f"{3 * REMEMBERED - 1:06}", f"{3 * REMEMBERED - 2:06}"])
    assert len(lines.texts) == 3 * REMEMBERED
