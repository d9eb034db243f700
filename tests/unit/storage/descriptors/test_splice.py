"""Moving bytes between a PTY and a file, with system calls of the kernel and by reading and writing.

The test makes the PTY itself, since the PTY is under test and no program runs on it.
"""

from __future__ import annotations

import errno
import os
import threading
import tty
from collections.abc import Iterator
from random import Random

import pytest

from session_host.storage.descriptors.splice import PIPE_SLOTS, Splicer
from tests.support.waiting import wait_readable, wait_until

ENOUGH = 1024


class Line:
    """A PTY, a pipe, a file, and the splicer that moves bytes between them."""

    def __init__(self, splicer: Splicer) -> None:
        self.splicer = splicer
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        self.pipe_read, self.pipe_write = os.pipe()
        for descriptor in (self.master, self.pipe_read, self.pipe_write):
            os.set_blocking(descriptor, False)
        self.file = os.memfd_create("file")
        self.end = 0

    def take(self) -> tuple[int, bool]:
        came, at_end = self.splicer.splice_from_pty(
            self.master, self.pipe_read, self.pipe_write, self.file, self.end, ENOUGH
        )
        self.end += came
        assert os.fstat(self.file).st_size == self.end
        return came, at_end

    def content(self) -> bytes:
        return os.pread(self.file, self.end + 1, 0)

    def hang_up(self) -> None:
        """Close the program's side."""
        os.close(self.slave)
        self.slave = -1

    def close(self) -> None:
        for descriptor in (self.master, self.slave, self.pipe_read, self.pipe_write, self.file):
            if descriptor >= 0:
                os.close(descriptor)


@pytest.fixture(params=[True, False], ids=["in the kernel", "read and written"])
def line(request: pytest.FixtureRequest) -> Iterator[Line]:
    line = Line(Splicer(in_kernel=request.param))
    yield line
    assert line.splicer.in_kernel is request.param, "the kernel did what it was asked to"
    line.close()


# -------------------------------------------------------------------------------- output


def test_output_of_any_sizes_arrives_exactly(line: Line) -> None:
    random = Random(7)
    whole = random.randbytes(600_000)

    def program() -> None:
        at = 0
        while at < len(whole):
            at += os.write(
                line.slave, whole[at : at + random.choice([1, 7, 100, 1023, 1024, 1025, 4095, 4096, 30_000])]
            )
        line.hang_up()

    writer = threading.Thread(target=program)
    writer.start()
    at_end = False
    while not at_end:
        wait_readable(line.master, 10, "output")
        _, at_end = line.take()
    writer.join()
    assert line.content() == whole


def test_without_output_nothing_is_read(line: Line) -> None:
    assert line.take() == (0, False)
    os.write(line.slave, b"a little")
    wait_readable(line.master, 10, "output")
    assert line.take() == (8, False)
    assert line.take() == (0, False)


def test_output_before_the_hang_up_is_read_before_the_end(line: Line) -> None:
    os.write(line.slave, b"last words")
    line.hang_up()
    wait_until(lambda: line.take()[1], 10, "the end")
    assert line.content() == b"last words"
    assert line.take() == (0, True), "the end stays"


def test_an_invalid_pty_descriptor_is_no_end_of_output(line: Line) -> None:
    gone = os.open("/dev/null", os.O_WRONLY)
    try:
        with pytest.raises(OSError, match=os.strerror(errno.EBADF)):
            line.splicer.splice_from_pty(gone, line.pipe_read, line.pipe_write, line.file, 0, ENOUGH)
    finally:
        os.close(gone)


def test_all_output_in_a_pty_is_read_in_a_few_calls(line: Line) -> None:
    """Also if it was written in single bytes: a pipe has sixteen slots."""
    os.set_blocking(line.slave, False)
    whole = b""
    try:
        while True:
            piece = bytes([len(whole) % 251])
            os.write(line.slave, piece)
            whole += piece
    except BlockingIOError:
        pass
    assert len(whole) > PIPE_SLOTS
    while line.end < len(whole):
        wait_readable(line.master, 10, "output")
        line.take()
    assert line.content() == whole


def test_a_pipe_left_full_by_an_earlier_host_is_emptied_first() -> None:
    """The pipe is emptied when the output file is opened; until then, output waits in the PTY and is not lost."""
    line = Line(Splicer())
    left = 0
    try:
        while True:
            left += os.write(line.pipe_write, b"l" * 4096)
    except BlockingIOError:
        pass
    os.write(line.slave, b"behind")
    wait_readable(line.master, 10, "output")
    assert line.take() == (0, False), "the pipe is full, with bytes that this splicer did not put there"
    line.end += Splicer.drain_pipe(line.pipe_read, line.file, line.end, left)
    assert line.take() == (6, False)
    assert line.content() == b"l" * left + b"behind"
    line.close()


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOSYS])
def test_system_calls_that_the_kernel_refuses_are_not_tried_again(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def refuse(*_: object, **__: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "splice", refuse)
    monkeypatch.setattr(os, "sendfile", refuse)
    line = Line(Splicer())
    os.write(line.slave, b"output")
    wait_readable(line.master, 10, "output")
    assert line.take() == (6, False)
    assert line.content() == b"output"
    assert not line.splicer.in_kernel

    line.splicer.in_kernel = True
    os.write(line.file, b"input!")
    os.lseek(line.file, 0, os.SEEK_SET)
    assert line.splicer.sendfile_to_pty(line.master, line.file, 6) == 6
    assert not line.splicer.in_kernel
    assert os.read(line.slave, 100) == b"input!"
    line.close()


# ------------------------------------------------------------------------------ input


def test_input_is_sent_from_the_files_position_and_moves_it(line: Line) -> None:
    os.write(line.file, b"0123456789")
    os.lseek(line.file, 3, os.SEEK_SET)
    assert line.splicer.sendfile_to_pty(line.master, line.file, 4) == 4
    assert os.read(line.slave, 100) == b"3456"
    assert os.lseek(line.file, 0, os.SEEK_CUR) == 7
    assert line.splicer.sendfile_to_pty(line.master, line.file, 3) == 3
    assert os.read(line.slave, 100) == b"789"


def test_a_program_that_does_not_read_takes_a_part_of_the_input_and_the_rest_later(line: Line) -> None:
    whole = Random(3).randbytes(200_000)
    os.write(line.file, whole)
    os.lseek(line.file, 0, os.SEEK_SET)
    given, read = 0, b""
    full = 0
    while given < len(whole):
        count = line.splicer.sendfile_to_pty(line.master, line.file, len(whole) - given)
        given += count
        assert os.lseek(line.file, 0, os.SEEK_CUR) == given, "the position is exactly that of the taken bytes"
        if count == 0:
            full += 1
            wait_readable(line.slave, 10, "input")
            read += os.read(line.slave, 65536)
    while len(read) < len(whole):
        read += os.read(line.slave, 65536)
    assert full > 0
    assert read == whole


def test_input_for_an_ended_program_raises_no_error(line: Line) -> None:
    os.write(line.file, b"into the void")
    os.lseek(line.file, 0, os.SEEK_SET)
    line.hang_up()
    assert line.splicer.sendfile_to_pty(line.master, line.file, 13) in {0, 13}
