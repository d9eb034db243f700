"""The output file: its length is the offset, and its old pages are freed."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random

import pytest

from session_host.storage.descriptors.output_file import PAGE_BYTES, OutputFile, punch
from session_host.storage.descriptors.session_descriptors import create_descriptors
from session_host.storage.descriptors.splice import Splicer
from tests.support.session_harness import SessionHarness, session_harness, spec_of
from tests.support.waiting import wait_readable

MOST = 1 << 16
BLOCK_BYTES = 512
"""The unit of st_blocks (stat(2))."""


def kept_bytes(file: int) -> int:
    return os.fstat(file).st_blocks * BLOCK_BYTES


def opened(harness: SessionHarness, *, read_only: bool = False) -> OutputFile:
    return OutputFile(harness.descriptors, Splicer(), read_only=read_only)


def test_pages_are_freed_and_the_length_stays(file: int) -> None:
    content = Random(1).randbytes(10 * PAGE_BYTES)
    os.pwrite(file, content, 0)
    punch(file, 1, 3 * PAGE_BYTES + 1)
    assert os.fstat(file).st_size == len(content)
    assert kept_bytes(file) == 8 * PAGE_BYTES
    expected = content[:PAGE_BYTES] + bytes(2 * PAGE_BYTES) + content[3 * PAGE_BYTES :]
    assert os.pread(file, len(content), 0) == expected, "only whole pages between the two offsets are freed"


def test_output_has_offsets_from_the_first_byte_on() -> None:
    with session_harness() as harness:
        output_file = opened(harness)
        assert (output_file.start, output_file.end, output_file.read_new(MOST)) == (0, 0, b"")
        os.write(harness.slave, b"hello")
        wait_readable(harness.descriptors.master, 10, "output")
        assert output_file.read_new(MOST) == b"hello"
        assert (output_file.start, output_file.end, output_file.read(1, 4)) == (0, 5, b"ell")
        assert not output_file.at_end


def test_a_later_host_finds_the_start() -> None:
    with session_harness() as harness:
        output_file = opened(harness)
        content = Random(2).randbytes(20 * PAGE_BYTES)
        os.pwrite(harness.descriptors.output_file, content, 0)
        output_file.end = len(content)
        for offset in (10, PAGE_BYTES + 10, 7 * PAGE_BYTES, 20 * PAGE_BYTES):
            output_file.free_before(offset)
            assert output_file.start == offset
            again = opened(harness)
            assert (again.start, again.end) == (offset // PAGE_BYTES * PAGE_BYTES, len(content))
            assert again.read(again.start, again.end) == content[again.start :]
        output_file.free_before(5)
        assert output_file.start == 20 * PAGE_BYTES, "freed output is not restored"


def test_no_more_than_all_output_is_freed() -> None:
    with session_harness() as harness:
        output_file = opened(harness)
        os.pwrite(harness.descriptors.output_file, b"x" * 5000, 0)
        output_file.end = 5000
        output_file.free_before(1 << 40)
        assert output_file.start == output_file.end == 5000
        os.write(harness.slave, b"more")
        wait_readable(harness.descriptors.master, 10, "output")
        output_file.read_new(MOST)
        assert output_file.read(5000, 5004) == b"more"
        assert opened(harness).start == PAGE_BYTES


def test_output_left_in_the_pipe_comes_before_that_in_the_pty() -> None:
    with session_harness() as harness:
        os.write(harness.slave, b"first,")
        wait_readable(harness.descriptors.master, 10, "output")
        opened(harness).read_new(MOST)
        os.write(harness.slave, b"then,")
        wait_readable(harness.descriptors.master, 10, "output")
        os.splice(harness.descriptors.master, harness.descriptors.pipe_write, 100)
        os.write(harness.slave, b"last")

        looking = opened(harness, read_only=True)
        assert looking.end == 6, "a read-only reader takes nothing from the pipe"
        output_file = opened(harness)
        assert output_file.end == 11
        wait_readable(harness.descriptors.master, 10, "output")
        output_file.read_new(MOST)
        assert output_file.read(0, output_file.end) == b"first,then,last"


def test_the_hang_up_is_reported() -> None:
    with session_harness() as harness:
        output_file = opened(harness)
        os.write(harness.slave, b"x")
        slave, harness.slave = harness.slave, os.open("/dev/null", os.O_RDONLY)
        os.close(slave)
        while not output_file.at_end:
            wait_readable(harness.descriptors.master, 10, "the end")
            output_file.read_new(MOST)
        assert output_file.read(0, output_file.end) == b"x"


def test_a_structured_agent_writes_to_the_pipe_or_to_its_socket() -> None:
    spec = spec_of()
    descriptors, theirs = create_descriptors(Path(spec.socket_path), spec.facts.program.size, structured=True)
    output_file = OutputFile(descriptors, Splicer())
    pipe = os.open(f"/dev/fd/{descriptors.pipe_write}", os.O_WRONLY)
    os.write(theirs, b"by the socket\n")
    assert output_file.read_new(MOST) == b"by the socket\n"
    os.write(pipe, b"by the pipe\n")
    assert (output_file.read_new(MOST), output_file.at_end) == (b"by the pipe\n", False)
    os.close(theirs)
    os.write(pipe, b"the last words\n")
    assert (output_file.read_new(MOST), output_file.at_end) == (b"the last words\n", True)
    assert output_file.read(0, output_file.end) == b"by the socket\nby the pipe\nthe last words\n"
    os.close(pipe)
    descriptors.close()


def test_sequences_of_the_host_are_within_one_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the kernel kills the writer, it may end the write at the end of a page."""
    written: list[tuple[int, int]] = []
    pwrite = os.pwrite

    def note(file: int, data: bytes, offset: int) -> int:
        written.append((offset, len(data)))
        return pwrite(file, data, offset)

    with session_harness() as harness:
        for before in (0, 100, PAGE_BYTES - 4, PAGE_BYTES - 3, PAGE_BYTES - 1, PAGE_BYTES):
            os.ftruncate(harness.descriptors.output_file, 0)
            os.pwrite(harness.descriptors.output_file, b"x" * before, 0)
            output_file = opened(harness)
            monkeypatch.setattr(os, "pwrite", note)
            appended = output_file.append(b"\x1b[3J")
            monkeypatch.setattr(os, "pwrite", pwrite)
            assert appended.lstrip(b"\0") == b"\x1b[3J"
            assert output_file.read(0, output_file.end) == b"x" * before + appended
            assert output_file.end == os.fstat(harness.descriptors.output_file).st_size
            assert all(at // PAGE_BYTES == (at + length - 1) // PAGE_BYTES for at, length in written), before
