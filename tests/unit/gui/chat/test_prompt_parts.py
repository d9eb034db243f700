"""The parts of the prompt box that need no window."""

from __future__ import annotations

from pathlib import Path

from gui.chat.prompt.files import files_in, matching
from gui.chat.prompt.history import History


def test_up_and_down_go_through_former_prompts_and_back_to_the_draft() -> None:
    history = History()
    history.set(["one", "two"])
    assert [history.older("draft"), history.older("two"), history.older("one")] == ["two", "one", None]
    assert [history.newer(), history.newer(), history.newer()] == ["two", "draft", None]
    history.add("three")
    assert history.older("") == "three"


def test_files_below_the_directory_are_found_by_a_part_of_their_path(tmp_path: Path) -> None:
    for name in ("src/retry.py", "src/deep/retry_test.py", "node_modules/retry.js", ".git/retry", "docs/a.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "loop").symlink_to(tmp_path)
    found = files_in(str(tmp_path))
    assert sorted(found) == ["docs/a.md", "loop", "src/deep/retry_test.py", "src/retry.py"]
    assert matching(found, "retry") == ["src/retry.py", "src/deep/retry_test.py"]
    assert matching(found, "docs/") == ["docs/a.md"]
    assert matching(found, "nothing") == []


def test_a_directory_that_is_not_there_has_no_files(tmp_path: Path) -> None:
    assert files_in(str(tmp_path / "gone")) == []
