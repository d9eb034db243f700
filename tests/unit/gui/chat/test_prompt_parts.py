"""The parts of the prompt box that need no window."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from gui.chat.prompt.attachments import MAX_IMAGES, Attachments
from gui.chat.prompt.box import History
from gui.chat.prompt.completion import DirectoryFiles, PathIndex, files_in, nearest, with_folders
from gui.chat.prompt.settings_row import ContextRing
from gui.input.draft import NO_DRAFT, Draft
from gui.theme.theme import Theme
from tests.support.qt_waiting import delete_now, process_events_until


def test_up_and_down_go_through_previous_prompts_and_back_to_the_draft() -> None:
    history = History()
    one, two, three, draft = (Draft(text) for text in ("one", "two", "three", "draft"))
    history.set([one, two])
    assert [history.older(draft), history.older(two), history.older(one)] == [two, one, None]
    assert [history.newer(), history.newer(), history.newer()] == [two, draft, None]
    history.add(three)
    assert history.older(NO_DRAFT) == three


def test_prompts_from_elsewhere_come_into_the_history_and_what_is_shown_stays() -> None:
    history = History()
    one, here, there, later, draft = (Draft(text) for text in ("one", "here", "there", "later", "draft"))
    history.set([one])
    history.add(here)
    history.note(here)  # the transcript has it now
    history.note(there)
    assert [history.older(draft), history.older(there)] == [there, here]
    history.note(later)
    assert history.draft(here) == draft
    assert [history.newer(), history.newer(), history.newer(), history.newer()] == [there, later, draft, None]
    for number in range(300):
        history.note(Draft(str(number)))
    assert history.older(draft) == Draft("299")
    history.note(Draft("300"))
    assert history.draft(Draft("299")) == draft
    assert history.newer() == Draft("300")


def test_what_is_said_of_a_file_that_cannot_be_attached_names_it(tmp_path: Path, qapp: QApplication) -> None:
    attachments = Attachments()
    (tmp_path / "shot.png").write_bytes(b"no image")
    assert attachments.add_file(str(tmp_path / "shot.png")) == (
        "shot.png is not attached: it is not an image that can be shown"
    )
    assert attachments.add_file(str(tmp_path / "gone.png")) == "gone.png is not attached: No such file or directory"
    assert attachments.add_file(str(tmp_path / "notes.md")) is None
    picture = QImage(2, 2, QImage.Format.Format_RGB32)
    picture.fill(0)
    assert picture.save(str(tmp_path / "good.png"))
    for _ in range(MAX_IMAGES):
        assert attachments.add_file(str(tmp_path / "good.png")) == ""
    assert attachments.add_file(str(tmp_path / "good.png")) == (
        "good.png is not attached: a prompt can have at most 8 images"
    )
    attachments.deleteLater()


def test_files_below_the_directory_are_listed(tmp_path: Path) -> None:
    for name in ("src/retry.py", "src/deep/retry_test.py", "node_modules/retry.js", ".git/retry", "docs/a.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "loop").symlink_to(tmp_path)
    found = files_in(str(tmp_path))
    assert sorted(found) == ["docs/a.md", "loop", "src/deep/retry_test.py", "src/retry.py"]


def test_a_file_that_the_agent_has_just_made_is_offered(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = 1000.0
    monkeypatch.setattr("gui.chat.prompt.completion.time", SimpleNamespace(monotonic=lambda: now_s))
    files = DirectoryFiles()
    files.set_directory(str(tmp_path))
    listings: list[bool] = []
    files.listed.connect(lambda: listings.append(True))

    def paths_for(typed: str, count: int) -> list[str]:
        files.matching(typed)
        process_events_until(lambda: len(listings) == count, 60.0, "the files to be listed")
        return [match.path for match in files.matching(typed)]

    (tmp_path / "old.py").touch()
    assert paths_for("", 1) == ["old.py"]
    (tmp_path / "new.py").touch()
    assert paths_for("", 1) == ["old.py"], "each letter lists nothing"
    now_s += 3
    assert paths_for("n", 1) == []
    assert paths_for("", 2) == ["new.py", "old.py"]


def test_a_missing_directory_has_no_files(tmp_path: Path) -> None:
    assert files_in(str(tmp_path / "gone")) == []


FILES = [
    "README.md",
    "docs/a.md",
    "gui/chat/prompt/box.py",
    "gui/chat/prompt/history.py",
    "gui/chat/page.py",
    "src/deep/retry_test.py",
    "src/retry.py",
    "apparel_bold/x.md",
    "prune/bixby/ox.c",
]


def best(typed: str, paths: list[str] = FILES) -> list[str]:
    return [match.path for match in PathIndex(paths).matching(typed)]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("prbox", "gui/chat/prompt/box.py"),
        ("retry", "src/retry.py"),
        ("docs/", "docs/a.md"),
        ("hist", "gui/chat/prompt/history.py"),
        ("gcp", "gui/chat/page.py"),
        ("readme", "README.md"),
    ],
)
def test_a_few_letters_of_a_path_find_it(typed: str, expected: str) -> None:
    assert best(typed)[0] == expected


def test_an_empty_text_finds_the_shortest_paths_and_an_upper_case_letter_only_itself() -> None:
    assert best("")[:2] == ["README.md", "docs/a.md"]
    assert best("R") == ["README.md"]
    assert best("[") == best("xyz") == []


def test_the_matched_letters_are_named() -> None:
    [match] = PathIndex(["gui/chat/prompt/box.py"]).matching("prbox")
    assert "".join(match.path[place] for place in match.positions) == "prbox"


def test_a_match_in_the_name_is_found_among_many_in_directories() -> None:
    crowd = [f"box/{number}" for number in range(1000)]
    assert best("box", [*crowd, "far/away/from/here/box.py"])[0].endswith("box.py")


def test_folders_are_found_and_can_be_entered(monkeypatch: pytest.MonkeyPatch) -> None:
    paths = with_folders(["src/deep/retry.py", "src/a.py", "lib/src/b.py", "a.py"])
    assert paths == {"src/deep/retry.py", "src/a.py", "lib/src/b.py", "a.py", "src/", "src/deep/", "lib/", "lib/src/"}
    index = sorted(paths)
    assert best("sr", index)[0] == "src/"
    assert best("src/", index) == ["src/a.py", "src/deep/", "src/deep/retry.py", "lib/src/", "lib/src/b.py"]
    assert best("a.py", index)[0] == "a.py"
    monkeypatch.setattr("gui.chat.prompt.completion.MAX_FILES", 2)
    assert nearest(["a/b/c", "d", "e/f"]) == ["d", "e/f"]


@pytest.mark.parametrize("theme", ["light"], indirect=True)
def test_the_ring_of_a_nearly_full_context_is_amber_as_an_area_and_its_number_as_a_text(theme: Theme) -> None:
    ring = ContextRing(theme)
    ring.show_share(0.8, "80 %")
    ring.resize(ring.sizeHint())
    image = ring.grab().toImage()
    shown = {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}
    assert theme.tokens.needs_you_fill in shown
    assert theme.tokens.needs_you not in {image.pixelColor(x, y).name() for x in range(16) for y in range(16)}
    delete_now(ring)
