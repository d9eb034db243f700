"""The format of segments and snapshots: round trips, and invalid bytes."""

from __future__ import annotations

import struct
from zlib import crc32

from hypothesis import given
from hypothesis import strategies as st

from session_host.protocol.values import CellSize, GridSize
from session_host.storage.journal.segments import (
    HEAD_BYTES,
    MAX_PAYLOAD_BYTES,
    VERSION,
    Entry,
    Head,
    Output,
    Resize,
    Snapshot,
    decode_frames,
    decode_head,
    decode_snapshot,
    encode_entry,
    encode_head,
    encode_snapshot,
    entry_of,
    snapshot_offset,
)
from tests.support.journals import output, snapshot

offsets = st.integers(0, 2**63)
times = st.integers(-(2**63), 2**63 - 1)
sizes = st.builds(GridSize, st.integers(1, 1000), st.integers(1, 1000))
snapshots_ = st.builds(
    Snapshot,
    offsets,
    offsets,
    st.text(max_size=40),
    sizes,
    st.integers(0, 10**6),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=100),
    st.binary(max_size=300),
)

HEAD = encode_head(Head(VERSION, 1, 2, 3, GridSize(80, 24), CellSize()))


def segment_of(recorded: list[Entry]) -> bytes:
    return HEAD + b"".join(bytes(piece) for entry in recorded for piece in encode_entry(entry))


def entries_in(segment: bytes) -> list[Entry | None]:
    return [entry_of(record) for record in decode_frames(segment)]


class TestRoundTrips:
    @given(snapshots_)
    def test_snapshots_are_read_as_written(self, kept: Snapshot) -> None:
        encoded = b"".join(encode_snapshot(kept))
        assert decode_snapshot(encoded) == kept
        assert snapshot_offset(encoded) == kept.offset

    def test_output_larger_than_a_record_is_split(self) -> None:
        data = bytes(range(256)) * (MAX_PAYLOAD_BYTES // 256) + b"the rest"
        read = [entry for entry in entries_in(segment_of([output(7, data)])) if isinstance(entry, Output)]
        assert [entry.offset for entry in read] == [7, 7 + MAX_PAYLOAD_BYTES]
        assert b"".join(entry.data for entry in read) == data

    def test_a_title_with_surrogates_is_cleaned_and_cut(self) -> None:
        kept = decode_snapshot(b"".join(encode_snapshot(snapshot(0)._replace(title="a\ud800b" + "x" * 9999))))
        assert kept is not None
        assert kept.title.startswith("a?bxx")


class TestInvalidBytes:
    @given(st.binary(max_size=2000))
    def test_any_bytes_are_read_without_an_error(self, data: bytes) -> None:
        decode_head(data)
        decode_snapshot(data)
        assert entries_in(data) == []
        assert entries_in(HEAD + data) == []

    @given(st.data(), st.sampled_from(["head", "snapshot"]))
    def test_a_changed_head_or_snapshot_is_refused(self, data: st.DataObject, which: str) -> None:
        encoded = bytearray(HEAD if which == "head" else b"".join(encode_snapshot(snapshot(5))))
        place = data.draw(st.integers(0, len(encoded) - 1))
        encoded[place] ^= data.draw(st.integers(1, 255))
        changed = bytes(encoded)
        if which == "head":
            assert decode_head(changed) is None
        else:
            # Bytes 10 and 11 are unused, and no CRC covers them.
            assert decode_snapshot(changed) is None or place in {10, 11}

    @given(st.integers(0, 2**32 - 1), st.integers(0, 255), times, offsets, st.binary(max_size=100))
    def test_a_wrong_length_with_a_valid_checksum_is_refused(
        self, length: int, kind: int, time_ns: int, offset: int, payload: bytes
    ) -> None:
        covered = struct.pack("<IB3xqQ", length, kind, time_ns, offset) + payload
        records = list(decode_frames(HEAD + struct.pack("<I", crc32(covered)) + covered))
        assert len(records) == (length == len(payload))
        for record in records:
            entry_of(record)

    def test_an_unknown_kind_of_a_later_version_is_skipped(self) -> None:
        covered = struct.pack("<IB3xqQ", 3, 99, 0, 0) + b"new"
        segment = HEAD + struct.pack("<I", crc32(covered)) + covered + segment_of([output(0, b"known")])[HEAD_BYTES:]
        assert [entry for entry in entries_in(segment) if entry] == [output(0, b"known")]

    @given(st.integers(0, 0xFFFF), st.integers(0, 0xFFFF))
    def test_an_impossible_terminal_size_is_refused(self, columns: int, rows: int) -> None:
        changed = Resize(0, 0, 1, GridSize(columns, rows), CellSize())
        possible = 1 <= columns <= 1000 and 1 <= rows <= 1000
        assert entries_in(segment_of([changed])) == [changed if possible else None]
