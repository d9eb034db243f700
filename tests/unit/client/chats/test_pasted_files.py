"""Files that are copied to a chat's machine, in pieces."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from session_host.client.chats import pasted_files
from session_host.client.chats.pasted_files import PIECE_BYTES, copy_to, discard_upload, file_source, save_piece
from session_host.errors import OutliveError, Unreachable
from session_host.paths import pasted_files_dir
from tests.support.area import Area
from tests.support.other_machine import Alpha

CHAT = "0e9b2c52-6a39-4f7b-9b3c-9d1f6a1c2b3d"


class CutAlpha(Alpha):
    """Loses its link in the middle: the answers to some pieces are lost, too."""

    calls = 0

    async def call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """See ``Alpha``."""
        self.calls += 1
        result = await super().call(function, *args, **kwargs)
        if self.calls % 3 == 0:
            raise Unreachable("alpha: the connection was lost")
        return result


async def test_a_file_arrives_whole_although_the_link_is_cut(area: Area, tmp_path: Path) -> None:
    data = os.urandom(5 * PIECE_BYTES + 17)
    (tmp_path / "a b.bin").write_bytes(data)
    machine, arrived = CutAlpha(), list[int]()
    machine.fails = 2
    path = Path(await copy_to(machine, CHAT, file_source(str(tmp_path / "a b.bin")), arrived.append))
    assert path.read_bytes() == data
    assert (path.name, path.parent.parent) == ("a b.bin", pasted_files_dir(CHAT))
    assert [each.stat().st_mode & 0o777 for each in (path, path.parent, path.parent.parent)] == [0o600, 0o700, 0o700]
    assert arrived == sorted(arrived)
    assert arrived[-1] == len(data)


@pytest.mark.parametrize("end", ["cancelled", "disk full", "changed"])
async def test_of_a_file_that_did_not_arrive_nothing_is_left(
    area: Area, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    file = tmp_path / "a.bin"
    file.write_bytes(bytes(20 * PIECE_BYTES))
    source = file_source(str(file))
    copying: list[asyncio.Future[str]] = []

    def on_progress(arrived: int) -> None:
        if arrived >= 4 * PIECE_BYTES:
            if end == "cancelled":
                copying[0].cancel()
            elif end == "changed":
                file.write_bytes(b"")

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    if end == "disk full":
        monkeypatch.setattr(os, "pwrite", full)
    copying.append(asyncio.ensure_future(copy_to(Alpha(), CHAT, source, on_progress)))
    with pytest.raises(
        asyncio.CancelledError if end == "cancelled" else OutliveError, match=end if end == "changed" else None
    ):
        await copying[0]
    assert not list(pasted_files_dir(CHAT).iterdir())


@pytest.mark.parametrize(
    ("name", "written"),
    [("../../x", "x"), ("/etc/passwd", "etc-passwd"), ("a\nb\x1b.png", "a-b-.png"), ("..", "file"), ("", "file")],
)
def test_a_name_of_a_copied_file_is_only_a_name(area: Area, name: str, written: str) -> None:
    path = Path(save_piece(CHAT, "0123456789abcdef", name, 0, b"x"))
    assert path.parent == pasted_files_dir(CHAT) / "0123456789abcdef"
    assert path.name == written
    assert len(Path(save_piece(CHAT, "0" * 16, "ä" * 300 + ".png", 0, b"x")).name.encode()) <= 200


@pytest.mark.parametrize(("upload", "offset"), [("../x", 0), ("0" * 16, -1), ("0" * 16, 2**40)])
def test_a_piece_outside_of_its_file_is_refused(area: Area, upload: str, offset: int) -> None:
    with pytest.raises(OutliveError):
        save_piece(CHAT, upload, "a", offset, b"x")
    discard_upload(CHAT, upload)


async def test_a_directory_or_a_huge_file_is_refused_in_one_line(area: Area, tmp_path: Path) -> None:
    with pytest.raises(OutliveError, match="is a directory; only files are copied"):
        file_source(str(tmp_path))
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(pasted_files.MAX_BYTES + 1)
    with pytest.raises(OutliveError, match="at most 256 MiB"):
        await copy_to(Alpha(), CHAT, file_source(str(tmp_path / "huge")))


@pytest.mark.timeout(20)
def test_a_pipe_in_the_place_of_a_file_that_is_copied_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    source = file_source(str(path))
    path.unlink()
    os.mkfifo(path)

    with pytest.raises(OSError, match="not a regular file"):
        source.read(0)
