"""The waits of the tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.waiting import WaitTimeout, eventually, wait_until


async def test_a_file_that_is_not_there_is_waited_for(tmp_path: Path) -> None:
    file, looks = tmp_path / "file", 0

    def content() -> str:
        nonlocal looks
        looks += 1
        if looks == 3:
            file.write_text("there")
        return file.read_text()

    assert wait_until(content, 5, "the file") == "there"
    file.unlink()
    looks = 0
    assert await eventually(content, 5, "the file") == "there"
    file.unlink()
    with pytest.raises(WaitTimeout, match="the file"):
        wait_until(file.read_text, 0.0, "the file", is_exact=True)
