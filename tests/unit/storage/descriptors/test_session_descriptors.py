"""A session's descriptors: their kinds, and that none is left open if one cannot be made."""

from __future__ import annotations

import os
import socket
import stat
import termios
from pathlib import Path

import pytest

from session_host.protocol.values import GridSize
from session_host.storage.descriptors import session_descriptors
from tests.support.leaks import descriptors as open_descriptors

SIZE = GridSize(91, 17)


def test_a_session_gets_all_descriptors_that_it_needs(area: object, tmp_path: Path) -> None:
    path = tmp_path / "s"
    descriptors, slave = session_descriptors.create_descriptors(path, SIZE)
    try:
        assert termios.tcgetwinsize(slave) == (17, 91)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert [
            os.get_blocking(each) for each in (descriptors.master, descriptors.pipe_read, descriptors.pipe_write)
        ] == [False] * 3
        assert [
            os.fstat(each).st_size for each in (descriptors.output_file, descriptors.input_log, descriptors.checkpoint)
        ] == [0, 0, 0]
        assert not any(os.get_inheritable(each) for each in (*descriptors.present, slave)), (
            "a program gets none of them"
        )
        with socket.socket(socket.AF_UNIX) as viewer:
            viewer.settimeout(60)
            viewer.connect(str(path))  # nobody accepts yet, so the connection waits
    finally:
        descriptors.close()
        os.close(slave)
        path.unlink()


def test_a_file_left_at_the_sockets_path_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "s"
    path.write_text("junk")
    descriptors, slave = session_descriptors.create_descriptors(path, SIZE)
    assert path.is_socket()
    descriptors.close()
    os.close(slave)
    path.unlink()


@pytest.mark.parametrize("path", ["missing/s", "x" * 200])
def test_a_socket_that_cannot_be_made_leaves_no_descriptor(tmp_path: Path, path: str) -> None:
    before = open_descriptors()
    with pytest.raises(OSError):  # noqa: PT011 - of whatever kind
        session_descriptors.create_descriptors(tmp_path / path, SIZE)
    assert open_descriptors() == before
