"""Checkpoints: a complete one is read, or none."""

from __future__ import annotations

import os
from collections.abc import Iterator
from random import Random

import msgspec
import pytest

from session_host.protocol.messages import Resized
from session_host.protocol.values import CellSize, GridSize
from session_host.storage.descriptors import checkpoint as checkpoints
from session_host.storage.descriptors.checkpoint import Checkpoint
from session_host.storage.descriptors.input_log import CheckpointLocation, InputLog, LogHeader
from session_host.storage.descriptors.log_state import AttachmentState, LogState
from session_host.storage.descriptors.output_file import PAGE_BYTES
from session_host.storage.descriptors.splice import Splicer

BLOCK_BYTES = 512


def checkpoint_of(number: int, length: int = 10_000) -> Checkpoint:
    log_state = LogState(
        name=f"name {number}",
        attachments={"ab" * 16: AttachmentState(read_only=False, last_sequence=number)},
        resizes=[Resized(5, GridSize(80, 24), CellSize(8, 16), 1)],
    )
    data = Random(number).randbytes(length)
    return Checkpoint(number, 1, "pyte-1", GridSize(80, 24), CellSize(), 100, "title", data, log_state)


@pytest.fixture
def header() -> Iterator[LogHeader]:
    log_file = os.memfd_create("input log")
    input_log = InputLog(log_file, -1, Splicer())
    yield input_log.header
    input_log.close()
    os.close(log_file)


def put(file: int, header: LogHeader, checkpoint: Checkpoint) -> CheckpointLocation:
    at = checkpoints.write(file, checkpoint, PAGE_BYTES)
    checkpoints.commit(file, at, header)
    return at


def test_the_newest_checkpoint_is_read_completely(file: int, header: LogHeader) -> None:
    assert checkpoints.read(file, header) is None
    for number in range(1, 6):
        put(file, header, checkpoint_of(number))
        assert checkpoints.read(file, header) == checkpoint_of(number)


def test_a_partly_written_checkpoint_does_not_count(file: int, header: LogHeader) -> None:
    put(file, header, checkpoint_of(1))
    length = os.fstat(file).st_size
    checkpoints.write(file, checkpoint_of(2), PAGE_BYTES)
    os.ftruncate(file, length + 3 * PAGE_BYTES - 7)
    assert checkpoints.read(file, header) == checkpoint_of(1)
    put(file, header, checkpoint_of(3))
    assert checkpoints.read(file, header) == checkpoint_of(3)


@pytest.mark.parametrize("where", [0, -1])
def test_a_damaged_checkpoint_is_not_read(file: int, header: LogHeader, where: int) -> None:
    at = put(file, header, checkpoint_of(1))
    place = at.offset + where % at.length
    os.pwrite(file, bytes([os.pread(file, 1, place)[0] ^ 1]), place)
    assert checkpoints.read(file, header) is None


def test_a_checkpoint_of_another_form_is_not_read(file: int, header: LogHeader) -> None:
    import zlib

    data = msgspec.msgpack.encode(["something", "else"])
    os.pwrite(file, data, 0)
    header.checkpoint = CheckpointLocation(0, len(data), zlib.crc32(data), PAGE_BYTES)
    assert checkpoints.read(file, header) is None


def test_the_pages_of_previous_checkpoints_are_freed(file: int, header: LogHeader) -> None:
    for number in range(50):
        put(file, header, checkpoint_of(number, 100_000))
    assert os.fstat(file).st_blocks * BLOCK_BYTES <= 100_000 + 3 * PAGE_BYTES
    assert os.fstat(file).st_size > 50 * 100_000, "offsets only grow"
