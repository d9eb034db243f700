"""Values from /proc about processes and descriptors, compared with known ones."""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path

from session_host.system.processes import proc


def test_a_running_process_has_its_values(tmp_path: Path) -> None:
    path = tmp_path / "open"
    with path.open("w") as file, path.open() as reader:
        command = ["sh", "-c", "echo; read _; :", "a) b"]
        with subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=tmp_path,
            env={"MARK": "x"},
            pass_fds=[file.fileno(), reader.fileno()],
        ) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == b"\n", "Popen returns a moment before the name is that of the program"
            assert proc.exists(child.pid)
            assert child.pid in proc.pids()
            assert child.pid in set(proc.pids_of_user(os.getuid()))
            assert child.pid in proc.children_of_all_threads(os.getpid())
            assert proc.name(child.pid) == "sh"
            assert proc.command_line(child.pid) == b"".join(word.encode() + b"\0" for word in command)
            assert b"MARK=x\0" in proc.environment(child.pid)
            assert int(proc.stat_fields(child.pid)[1]) == os.getpid()
            assert proc.status_field(child.pid, "PPid") == str(os.getpid())
            assert proc.status_field(child.pid, "None") == ""
            assert proc.working_directory(child.pid) == str(tmp_path)
            assert (file.fileno(), str(path)) in set(proc.open_files(child.pid))
            assert proc.is_writable(child.pid, file.fileno())
            assert not proc.is_writable(child.pid, reader.fileno())
            child.communicate(b"\n")
        assert proc.descriptor_target(file.fileno()) == str(path)


def test_children_of_another_thread_are_children_too() -> None:
    begun: list[subprocess.Popen[bytes]] = []

    def begin() -> None:
        begun.append(subprocess.Popen(["cat"], stdin=subprocess.PIPE))
        assert begun[0].pid not in proc.children(os.getpid())
        assert begun[0].pid in proc.children_of_all_threads(os.getpid())

    thread = threading.Thread(target=begin)
    thread.start()
    thread.join()
    begun[0].communicate()


def test_a_process_that_is_gone_has_empty_values() -> None:
    with subprocess.Popen(["true"]) as child:
        pass
    gone = child.pid
    assert not proc.exists(gone)
    assert (proc.name(gone), proc.command_line(gone), proc.environment(gone)) == ("", b"", b"")
    assert (proc.children(gone), proc.children_of_all_threads(gone), list(proc.open_files(gone))) == ([], [], [])
    assert (proc.working_directory(gone), proc.status_field(gone, "PPid")) == ("", "")
    assert not proc.is_writable(gone, 0)
