from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.area import Area
from tests.support.commands import outlive
from tests.support.displays import XServer


@pytest.mark.e2e
@pytest.mark.slow
def test_the_demo_shows_a_chat_that_survives_its_window(display: XServer, area: Area, tmp_path: Path) -> None:
    done = outlive("demo", "--output", str(tmp_path / "pictures"), timeout_s=110)

    assert done.error == ""
    assert done.code == 0
    assert re.search(r"killed \(SIGKILL\) during the answer, at line \d+ of 1500", done.output)
    assert "1500 lines, in order, none missing, same process" in done.output
    pictures = sorted((tmp_path / "pictures").iterdir())
    assert [picture.name for picture in pictures] == ["1-before.png", "2-reopened.png", "3-complete.png"]
    assert all(picture.read_bytes().startswith(b"\x89PNG") for picture in pictures)
    assert not list(area.temporary.iterdir())


def test_a_directory_that_cannot_be_written_is_reported_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    done = outlive("demo", "--output", str(tmp_path / "file" / "pictures"))

    assert done.code == 1
    assert "choose another with --output" in done.complaint()


def test_a_window_that_cannot_open_is_reported_in_one_line_and_leaves_nothing(area: Area, tmp_path: Path) -> None:
    done = outlive("demo", "--output", str(tmp_path), env={"DISPLAY": ":987", "QT_QPA_PLATFORM": "xcb"}, timeout_s=110)

    assert done.code == 1
    assert "the window exited at startup" in done.error
    assert done.error.count("\n") == 1
    assert not list(area.temporary.iterdir())
