"""``outlive export``: the whole recording as asciicast, text or a page."""

from __future__ import annotations

import json
import os
import random
import re
import stat
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from session_host.cli.recording import lines as export_lines
from session_host.cli.recording import recording as recording_module
from session_host.cli.recording.html_page import html_of
from session_host.cli.recording.lines import lines_of, text_of
from session_host.cli.recording.recording import Recording, recording_of
from session_host.cli.session_argument import find
from session_host.client.sessions.session_info import info_of
from session_host.client.sessions.store_access import open_store
from session_host.paths import session_dir, session_journal
from session_host.protocol.messages import Description, HostReport
from session_host.protocol.values import GridSize, State
from session_host.storage.journal import Entry, Journal, Snapshot
from session_host.storage.store.saved_screen import SavedScreen, save_screen
from session_host.terminal import available_engines, create, default_engine
from session_host.terminal.base import EngineName
from session_host.terminal.rows import Row, row_text
from session_host.terminal.sgr_lines import SgrLines
from tests.support import disks
from tests.support.commands import OnTerminal, new, outlive
from tests.support.facts import changed, chat_facts, described
from tests.support.journals import output, recorded_session, resize, write_journal


def exported(tmp_path: Path, session: str, suffix: str, *, is_complete: bool = True) -> str:
    path = tmp_path / f"out{suffix}"
    done = outlive("export", session, str(path), timeout_s=60)
    assert done.output == ""
    if is_complete:
        assert (done.code, done.error) == (0, "")
    else:
        assert done.code == 1
        assert re.match(f"{path} is written, but without all that .* showed", done.complaint())
    return path.read_text(encoding="utf-8")


def stream(*chunks: bytes, first: int = 0) -> list[Entry]:
    """Output entries at intervals of a second."""
    entries: list[Entry] = []
    for number, chunk in enumerate(chunks):
        entries.append(output(first, chunk, float(number)))
        first += len(chunk)
    return entries


class TestTheFile:
    @pytest.mark.parametrize("suffix", [".cast", ".txt", ".html"])
    def test_a_session_without_a_recording_is_refused(self, tmp_path: Path, suffix: str) -> None:
        recorded_session("x", [])
        done = outlive("export", "x", str(tmp_path / f"out{suffix}"))
        assert done.code == 1
        assert "no recording" in done.complaint()
        assert list(tmp_path.iterdir()) == []

    def test_an_existing_file_is_replaced(self, tmp_path: Path) -> None:
        recorded_session("x", stream(b"hello"))
        path, link = tmp_path / "kept.txt", tmp_path / "link.TXT"
        path.write_text("previous" * 1000)
        path.chmod(0o640)
        link.symlink_to(path)
        assert outlive("export", "x", str(link)).code == 0
        assert path.read_text() == "hello\n"
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        assert link.is_symlink()
        assert sorted(tmp_path.iterdir()) == [path, link]

    def test_a_new_file_is_private_to_the_user(self, tmp_path: Path) -> None:
        recorded_session("x", stream(b"hello"))
        exported(tmp_path, "x", ".txt")
        assert stat.S_IMODE((tmp_path / "out.txt").stat().st_mode) == 0o600

    def test_a_path_that_cannot_be_written_is_reported(self, tmp_path: Path) -> None:
        recorded_session("x", stream(b"hello"))
        (tmp_path / "dir.txt").mkdir()
        os.mkfifo(tmp_path / "fifo.txt")
        (tmp_path / "file.txt").touch()
        for name in ("dir.txt", "fifo.txt", "nowhere/out.txt", "file.txt/out.txt"):
            done = outlive("export", "x", str(tmp_path / name))
            assert done.code == 1
            assert name in done.complaint()
            assert "; choose another " in done.complaint()

    def test_a_full_disk_keeps_the_existing_file(self, tmp_path: Path) -> None:
        recorded_session("x", stream(b"x" * 3_000_000))
        with disks.small_disk(tmp_path / "disk", 512) as disk:
            path = disk / "out.cast"
            path.write_text("previous")
            done = outlive("export", "x", str(path))
            assert done.code == 1
            assert "No space" in done.complaint()
            assert path.read_text() == "previous"
            assert list(disk.iterdir()) == [path]

    @pytest.mark.parametrize("state", [State.RUNNING, State.LOST])
    def test_an_interrupted_chat_is_exported(self, tmp_path: Path, state: State) -> None:
        recorded_session("x", stream(b"hello"), state=state, exit_code=None, boot_id="another", host_pid=1)
        assert exported(tmp_path, "x", ".txt") == "hello\n"


def line_texts(recording: Recording) -> Iterator[str]:
    """The lines of a page, without blanks at their ends."""
    for part in lines_of(recording):
        if isinstance(part, SgrLines):
            text = "".join(text for text, _ in part.spans())
            yield from (line.rstrip(" ") for line in text.removesuffix("\n").split("\n"))
        elif isinstance(part, list):
            yield "".join(map(row_text, part)).rstrip(" ")


def cast(tmp_path: Path, session: str, *, is_complete: bool = True) -> tuple[dict[str, Any], list[list[Any]]]:
    header, *events = map(json.loads, exported(tmp_path, session, ".cast", is_complete=is_complete).splitlines())
    return header, events


class TestCast:
    def test_a_cast_has_header_times_and_events(self, tmp_path: Path) -> None:
        recorded_session(
            "my chat",
            [
                resize(0, 0, 100, 30),
                output(0, b"\x1b[1mone\r\n", 0.25),
                resize(9, 1, 90, 20, 1.5),
                output(9, b'"2"', 61.75),
            ],
            exit_code=3,
        )
        header, events = cast(tmp_path, "my chat")
        assert header["version"] == 3
        assert (header["term"]["cols"], header["term"]["rows"]) == (100, 30)
        assert header["timestamp"] == 1767323045
        assert header["title"] == "my chat"
        assert events == [[0.25, "o", "\x1b[1mone\r\n"], [1.25, "r", "90x20"], [60.25, "o", '"2"'], [0.0, "x", "3"]]

    def test_times_never_decrease_when_the_clock_is_set_back(self, tmp_path: Path) -> None:
        recorded_session("x", [output(0, b"a", 5.0), output(1, b"b", 2.0), output(2, b"c", 3.5)])
        assert [event[:2] for event in cast(tmp_path, "x")[1]] == [[0, "o"], [0, "o"], [1.5, "o"], [0, "x"]]

    def test_split_characters_are_joined_and_invalid_bytes_replaced(self, tmp_path: Path) -> None:
        whole = "héllo 字 😀".encode()
        recorded_session(
            "x", stream(*(whole[place : place + 1] for place in range(len(whole))), b"\xff\xe5", b"!\xe5\xad")
        )
        events = [event for event in cast(tmp_path, "x")[1] if event[1] == "o"]
        assert "".join(event[2] for event in events) == "héllo 字 😀\ufffd\ufffd!\ufffd"
        assert sum(event[0] for event in events) == len(whole) + 1, "time goes on where there is nothing to show"

    def test_a_gap_is_marked_in_a_cast(self, tmp_path: Path) -> None:
        recorded_session("x", [output(10, b"a\xe5"), output(1012, b"b", 2.0)], exit_code=None, exit_signal=9)
        assert cast(tmp_path, "x", is_complete=False)[1] == [
            [0, "m", "10 bytes of output missing"],
            [0, "o", "a"],
            [2, "o", "\ufffd"],
            [0, "m", "1,000 bytes of output missing"],
            [0, "o", "b"],
            [0, "x", "137"],
        ]

    def test_a_cast_without_its_beginning_starts_with_the_screen(self, tmp_path: Path) -> None:
        without_beginning("x", b"kept\r\n", b"and on")
        _, events = cast(tmp_path, "x")
        assert [event[1] for event in events] == ["m", "o", "o", "x"]
        screen = create(None, GridSize(80, 24))
        for event in events:
            if event[1] == "o":
                screen.feed(event[2].encode())
        assert [row.text() for row in screen.rows()[:2]] == ["kept", "and on"]
        screen.close()


def without_beginning(name: str, before: bytes, after: bytes, *others: Entry, engine: EngineName | None = None) -> Path:
    """Record a session without its first segment; the second one begins with a snapshot of the terminal."""
    emulator = create(engine, GridSize(80, 24), scrollback_lines=200)
    emulator.feed(before)
    data = emulator.snapshot()
    snapshot = Snapshot(len(before), 0, emulator.build, emulator.size, emulator.scrollback_limit, "", data)
    emulator.close()
    directory = session_journal(recorded_session(name, []))
    with Journal.open(directory) as journal:
        journal.append([resize(0, 0), output(0, before)])
        journal.begin_segment(snapshot)
        journal.append([*others, output(len(before), after)])
    (directory / "00000001.log").unlink()
    return directory


class TestText:
    def test_text_has_every_line_of_the_chat(self, tmp_path: Path) -> None:
        lines = [f"line {number:06}" for number in range(30_000)]
        data = "\r\n".join(lines).encode()
        recorded_session("x", stream(*(data[place : place + 30_011] for place in range(0, len(data), 30_011))))
        assert exported(tmp_path, "x", ".txt").splitlines() == lines

    def test_soft_wraps_are_joined_across_the_screens_edge(self, tmp_path: Path) -> None:
        long = "".join(f"{number:05} " for number in range(2000)).rstrip()
        recorded_session("x", [resize(0, 0, 40, 5), *stream(long.encode() + b"\r\nnext\r\n\r\nlast")])
        assert exported(tmp_path, "x", ".txt") == f"{long}\nnext\n\nlast\n"

    def test_a_wide_character_at_the_line_end_is_kept(self, tmp_path: Path) -> None:
        recorded_session("x", [resize(0, 0, 21, 5), *stream("字".encode() * 100)])
        assert exported(tmp_path, "x", ".txt") == "字" * 100 + "\n"

    def test_a_resize_neither_loses_nor_repeats_lines(self, tmp_path: Path) -> None:
        entries: list[Entry] = [resize(0, 0, 80, 10)]
        place, lines = 0, []
        for number in range(60):
            lines.append(f"{number:03} " + "x" * (number * 7 % 150) + ".")
            data = lines[-1].encode() + b"\r\n"
            entries.append(output(place, data))
            place += len(data)
            entries.append(resize(place, number + 1, 30 + number * 37 % 60, 6 + number % 7))
        recorded_session("x", entries)
        assert exported(tmp_path, "x", ".txt").splitlines() == lines

    def test_lines_cleared_from_the_history_are_kept(self, tmp_path: Path) -> None:
        numbered_lines = [f"seen {number}" for number in range(100)]
        data = "\r\n".join(numbered_lines).encode()
        recorded_session("x", stream(data + b"\x1b[H\x1b[2J\x1b[3Jafter\r\n" + b"more\r\n" * 40 + b"\x1bcend"))
        text = exported(tmp_path, "x", ".txt").splitlines()
        assert text == [*numbered_lines[:76], "after", *["more"] * 17, "end"]

    def test_the_screen_behind_a_full_screen_program_is_kept(self, tmp_path: Path) -> None:
        lines = b"".join(b"line %d\r\n" % number for number in range(50))
        recorded_session("x", [resize(0, 0), *stream(lines + b"$ vi\r\n", b"\x1b[?1049h\x1b[2J\x1b[HVI IS HERE\r\n~")])
        text = exported(tmp_path, "x", ".txt").splitlines()
        assert text[:51] == [f"line {number}" for number in range(50)] + ["$ vi"]
        assert text[-2:] == ["VI IS HERE", "~"]

    def test_a_gap_is_marked_in_a_text(self, tmp_path: Path) -> None:
        recorded_session("x", [output(0, b"one\r\n\x1b]0;cut"), output(2012, b"two\r\n")])
        assert exported(tmp_path, "x", ".txt", is_complete=False).splitlines() in (
            ["one", "[2,000 bytes of output missing]", "two"],
            ["[2,000 bytes of output missing]", "one", "two"],
        )

    def test_a_missing_beginning_is_marked(self, tmp_path: Path) -> None:
        without_beginning("x", b"".join(b"%d\r\n" % number for number in range(100)), b"and on")
        text = exported(tmp_path, "x", ".txt").splitlines()
        assert "no longer stored" in text[0]
        assert text[1:] == [*map(str, range(100)), "and on"], "the snapshot's history is all that is left of it"

    @pytest.mark.parametrize("engine", available_engines())
    def test_a_long_recording_without_its_beginning_has_all_that_is_stored(self, engine: EngineName) -> None:
        before = b"".join(b"early %d\r\n" % number for number in range(400))
        late = [f"late {number}" for number in range(4300)]
        directory = without_beginning("x", before, "\r\n".join(late).encode(), engine=engine)
        recording = Recording(directory, engine, GridSize(80, 24))
        gap, *text = "".join(text_of(recording)).splitlines()
        assert "no longer stored" in gap
        early = [f"early {number}" for number in range(400)]
        assert len(text) > 200 + len(late)
        assert text == [*early, *late][-len(text) :]
        by_rows = list(line_texts(recording))
        assert by_rows == text

    def test_a_resize_within_a_sequence_neither_loses_nor_repeats_lines(self, tmp_path: Path) -> None:
        begun, rest = "\x1b]0;title\x1b", "\\"
        line = f"{'x' * 70}\x1b[1;31mé\x1b[0m{begun}{rest}.\r\n".encode()
        entries: list[Entry] = [resize(0, 0, 80, 5)]
        place = 0
        for cut in range(70, len(line)):
            for number in range(8):
                data = b"%03d.%d " % (cut, number) + line
                pieces = [data] if number < 7 else [data[: cut + 6], data[cut + 6 :]]
                for piece in pieces:
                    entries.append(output(place, piece))
                    place += len(piece)
                    if piece is not data:
                        entries.append(resize(place, len(entries), 30 + 60 * (len(entries) % 2), 5))
        recorded_session("x", entries)
        expected = [f"{cut:03}.{number} {'x' * 70}é." for cut in range(70, len(line)) for number in range(8)]
        assert exported(tmp_path, "x", ".txt").splitlines() == expected

    def test_a_resize_right_after_the_missing_beginning_counts(self) -> None:
        directory = without_beginning("x", b"kept\r\n", b"y" * 30, resize(6, 1, 20))
        _, *lines = lines_of(Recording(directory, default_engine(), GridSize(80, 24)))
        assert [[row.text() for row in line if isinstance(row, Row)] for line in lines] == [
            ["kept"],
            ["y" * 20, "y" * 10],
        ]

    @pytest.mark.parametrize("engine", available_engines())
    def test_text_is_the_same_with_either_engine_and_any_cut(self, tmp_path: Path, engine: EngineName) -> None:
        data = b"".join(
            b"\x1b[3%dm%d\x1b]0;title\n\x07 \xe5\xad\x97\x1b[0m\r\n" % (n % 8, n) for n in range(12_000 // 3)
        )
        write_journal(tmp_path / "journal", stream(*(data[place : place + 777] for place in range(0, len(data), 777))))
        recording = Recording(tmp_path / "journal", engine, GridSize(80, 24))
        assert list(line_texts(recording)) == [f"{n} 字" for n in range(4000)]


class _Page(HTMLParser):
    """Parses a page: the text of its <pre>, its links and its tags."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text, self.links, self.tags = "", list[str](), set[str]()
        self._within = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self._within = self._within or tag == "pre"
        self.links.extend(value or "" for name, value in attrs if name == "href")
        assert not any(name.startswith("on") or name == "src" for name, _ in attrs)

    def handle_endtag(self, tag: str) -> None:
        self._within = self._within and tag != "pre"

    def handle_data(self, data: str) -> None:
        self.text += data if self._within else ""


class TestPage:
    def test_a_page_has_text_colours_and_styles(self, tmp_path: Path) -> None:
        recorded_session(
            "a <b> & co",
            stream(
                b"plain <script>alert(1)</script> &amp;\r\n"
                b"\x1b[1;31mred\x1b[0m \x1b[38;2;1;2;3;48;5;196mrgb\x1b[0m\r\n"
                b"\x1b[7minverse\x1b[0m  \x1b[4:3;9mcurly\x1b[0m   \r\n\x1b[44m  \x1b[0m"
            ),
        )
        page = exported(tmp_path, "a <b> & co", ".html")
        read = _Page(page)
        assert read.text.strip("\n") == "plain <script>alert(1)</script> &amp;\nred rgb\ninverse  curly\n  "
        assert not read.tags & {"script", "b", "img", "link", "iframe"}
        assert "<title>a &lt;b&gt; &amp; co</title>" in page
        assert re.search(r'<span style="color:var\(--c1\);font-weight:bold">red</span>', page)
        assert '<span style="color:#010203;background:#ff0000">rgb</span>' in page
        assert '<span style="color:Canvas;background:CanvasText">inverse</span>' in page
        assert "wavy" in page
        assert '<span style="background:var(--c4)">  </span>' in page
        assert "prefers-color-scheme: dark" in page

    def test_a_page_has_links(self, tmp_path: Path) -> None:
        targets = [
            "https://example.org/a?b=1&c=\"'<x>",
            "HTTP://example.org",
            "mailto:a@example.org",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "data:text/html,x",
            "//example.org",
            " https://example.org",
            "ssh://example.org",
        ]
        recorded_session(
            "x", stream(*(b"\x1b]8;;%s\x1b\\link\x1b]8;;\x1b\\\r\n" % target.encode() for target in targets))
        )
        page = _Page(exported(tmp_path, "x", ".html"))
        assert page.links == targets[:3]
        assert page.text.split() == ["link"] * len(targets)

    def test_a_page_loads_nothing_from_elsewhere(self, tmp_path: Path) -> None:
        recorded_session("x", stream(b"hello"))
        page = exported(tmp_path, "x", ".html")
        assert "default-src 'none'" in page
        assert "http" not in page.replace("http-equiv", "")

    def test_a_gap_is_marked_in_a_page(self, tmp_path: Path) -> None:
        recorded_session("x", [output(0, b"one\r\n"), output(2005, b"two\r\n")])
        page = exported(tmp_path, "x", ".html", is_complete=False)
        assert "[2,000 bytes of output missing]" in _Page(page).text


def test_a_damaged_end_is_marked(tmp_path: Path) -> None:
    last = "[the rest of the output is missing: the recording is damaged, or the disk was full]"
    session = recorded_session("x", stream(b"one\r\n", b"two\r\n", b"three\r\n"))
    segment = session_journal(session) / "00000001.log"
    segment.write_bytes(segment.read_bytes()[:-1] + b"!")
    assert exported(tmp_path, "x", ".txt", is_complete=False).splitlines() == ["one", "two", last]
    assert cast(tmp_path, "x", is_complete=False)[1][-2:] == [[0, "m", last[1:-1]], [0, "x", "0"]]
    assert _Page(exported(tmp_path, "x", ".html", is_complete=False)).text.rstrip().endswith(f"two\n{last}")

    emulator = create(None, GridSize(80, 24))
    save_screen(session_dir(session) / "screen.bin", SavedScreen.of(emulator, portable=False, offset=1017))
    emulator.close()
    assert exported(tmp_path, "x", ".txt", is_complete=False).splitlines()[-1] == "[1,007 bytes of output missing]"


def test_control_characters_and_markup_in_a_name_are_neutralised(tmp_path: Path) -> None:
    session = recorded_session("x", stream(b"hello"))
    with open_store() as store:
        store.update(session, name="\x1b]0;owned\x07</title><script>")
    page = exported(tmp_path, session, ".html")
    assert "\x1b" not in page
    assert "<script" not in page
    assert "\x1b" not in exported(tmp_path, session, ".cast")


def with_joined_spans(page: str) -> str:
    """The page with neighbours of one style as one: row by row, those of a soft-wrapped line are several."""
    joined = re.sub(r"<(span|a)([^>]*)>([^<]*)</\1><\1\2>", r"<\1\2>\3", page)
    return joined if joined == page else with_joined_spans(joined)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("engine", available_engines())
def test_text_and_page_are_the_same_row_by_row_and_in_blocks(
    tmp_path: Path, engine: EngineName, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    directory = tmp_path / "journal"
    columns, rows = chance.randrange(20, 60), chance.randrange(5, 12)
    words = [
        b"word",
        b" ",
        b"  ",
        b"\r\n",
        b"\r\n\r\n",
        b"\x1b[41m \x1b[0m",
        "x字".encode(),  # not after a blank, which could also be the empty cell before a wrapped wide character
        b"x" * 30,
        b"\t",
        b"\x1b[2C",
        b"\x1b[1;32mgreen \x1b[m",
        b"\x1b[4m\x1b[2C_\x1b[m",
        b"\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\",
        b"\x1b[44m\x1b[K\x1b[m",
    ]
    with Journal.open(directory) as journal:
        journal.append([resize(0, 0, columns, rows)])
        for _ in range(chance.randrange(1, 4)):
            data = b"".join(chance.choices(words, k=chance.randrange(5000)))
            journal.append([output(journal.end, data)])
    recording = Recording(directory, engine, GridSize(columns, rows))
    # A small limit makes many pieces of text.
    monkeypatch.setattr(export_lines, "_MIN_TEXT_ROWS", 12)
    monkeypatch.setattr(export_lines, "_READ_ROWS", 40)
    by_pieces = "".join(text_of(recording))
    info = info_of(chat_facts(id="1", name="chat", agent="command", argv=[], cwd="/", created_at=""))
    page = "".join(html_of(recording, info))
    monkeypatch.setattr(export_lines, "_MIN_TEXT_ROWS", 10**9)
    assert with_joined_spans(page) == with_joined_spans("".join(html_of(recording, info)))
    assert by_pieces.splitlines() == "\n".join(line_texts(recording)).rstrip("\n").splitlines()


@pytest.mark.usefixtures("sessions")
def test_a_chat_is_exported_while_it_runs_and_after_its_end(tmp_path: Path) -> None:
    new("-n", "x", "--size", "60x10", "--", "sh", "-c", "seq 100; echo end of numbers; read line; exit 7")
    assert outlive("wait", "x", "--text", "end of numbers", "--timeout", "60").code == 0
    lines = [*map(str, range(1, 101)), "end of numbers"]
    assert exported(tmp_path, "x", ".txt").splitlines() == lines
    assert outlive("send", "x", "--enter").code == 0
    assert outlive("wait", "x", "--exited", "--timeout", "60").code == 0
    assert exported(tmp_path, "x", ".txt").splitlines() == lines
    assert cast(tmp_path, "x")[1][-1] == [0, "x", "7"]


@pytest.mark.usefixtures("sessions")
def test_a_file_is_replaced_in_a_terminal_only_after_a_yes(tmp_path: Path) -> None:
    recorded_session("x", stream(b"first\r\n"))
    file = tmp_path / "out.txt"
    file.write_text("mine\n")
    for answer, code, content in (("n", 1, "mine\n"), ("y", 0, "first\n")):
        with OnTerminal("export", "x", str(file)) as terminal:
            terminal.see("Replace it? [y/N]")
            terminal.type(f"{answer}\r")
            assert terminal.end() == code
        assert file.read_text() == content
    for words in ([str(file), "--yes"], [str(tmp_path / "new.txt")]):
        with OnTerminal("export", "x", *words) as terminal:
            assert terminal.end() == 0
            assert "Replace it?" not in terminal.text()


NO_PID = 2**22 + 1
"""More than the kernel assigns."""


@pytest.mark.parametrize("state", [State.EXITED, State.RUNNING])
def test_a_chat_that_ends_right_now_is_exported_with_its_last_lines(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its host is still there, and reads and records them."""
    session = recorded_session("x", stream(b"first\r\n"))
    info = find("x")
    info.facts, info.host = changed(info.facts, state=state), HostReport(0, 0)  # as its host says
    read_so_far = 7 if state is State.RUNNING else 13
    facts = chat_facts(id=session, name="x", agent="shell", state=state, child_pid=NO_PID)
    answer = described(facts, 0, offset=read_so_far, journal_bytes=1)
    asked = []

    def ask(*_: object) -> Description:
        asked.append(True)
        if len(asked) == 1:
            return answer
        with Journal.open(session_journal(session)) as journal:
            journal.append(stream(b"last\r\n", first=7))
        return described(changed(facts, state=State.EXITED), 0, offset=13, journal_bytes=1)

    monkeypatch.setattr(recording_module, "ask", ask)
    assert "".join(text_of(recording_of(info))) == "first\nlast\n"
