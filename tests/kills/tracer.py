"""Kills a process just before the kernel carries out one chosen system call, counted over all its threads.

``python -I -S tracer.py PID [--kill-at N] [--follow self|fork|daemon] [--match TEXT] [--only NAME…]``; see ``trace``

*self*: counts the calls of process PID, from now on. *fork*: counts the calls of the next process that PID forks, from
its first call on; then PID is no longer traced. *daemon*: counts the calls of the next process that is forked by the
first descendant of PID that executes a command line that contains TEXT. With names of calls, only these count.

Prints ``tracing`` once it is attached, then, when the counted process has ended or standard input is closed,
one line of JSON::

    {"calls": 412, "pid": 4711, "killed_at": 37, "name": "sendfile", "thread": "main", "names": {"read": 12, …}}

``killed_at`` is null if the process ended by itself before. Needs Linux 5.3 (PTRACE_GET_SYSCALL_INFO) and permission to
trace: the superuser's, or ``kernel.yama.ptrace_scope`` = 0. Names of calls come from libseccomp if it is installed. If
the tracer ends, the traced process continues normally.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import select
import signal
import struct
import sys
from collections import Counter
from functools import lru_cache
from pathlib import Path

PTRACE_CONT, PTRACE_SYSCALL, PTRACE_DETACH = 7, 24, 17
PTRACE_GETEVENTMSG, PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_LISTEN = 0x4201, 0x4206, 0x4207, 0x4208
PTRACE_GET_SYSCALL_INFO, SYSCALL_INFO_ENTRY = 0x420E, 1
O_TRACESYSGOOD, O_TRACEFORK, O_TRACEVFORK, O_TRACECLONE, O_TRACEEXEC = 1, 2, 4, 8, 16
EVENT_FORK, EVENT_VFORK, EVENT_CLONE, EVENT_EXEC, EVENT_STOP = 1, 2, 3, 4, 128
SYSCALL_STOP = signal.SIGTRAP | 0x80
STOPS = {signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU}
WALL = 0x40000000

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.restype = ctypes.c_long
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def ptrace(request: int, pid: int, address: int = 0, data: int = 0) -> int:
    """ptrace(2).

    Raises:
        ProcessLookupError: the thread has ended, or is about to end.
        PermissionError: the thread may not be traced.
    """
    result: int = _libc.ptrace(request, pid, address, data)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


class Tracer:
    """Traces threads and counts the system calls of one process, the target; kills it at one of them."""

    def __init__(self, root: int, follow: str, match: str, kill_at: int, only: frozenset[str] = frozenset()) -> None:
        self.root = root
        self.follow = follow
        self.match = match.encode()
        self.kill_at = kill_at
        self.only = only
        self.target = root if follow == "self" else 0
        self.processes: dict[int, int] = {}
        """The process of each traced thread."""
        self.calls = 0
        self.names: Counter[str] = Counter()
        self.killed: tuple[int, str, str] | None = None
        self.forks = 0 if follow == "self" else root if follow == "fork" else -1
        """The process that will fork the target; -1: not known before its exec; 0: the target is not forked."""
        self.options = O_TRACESYSGOOD | O_TRACECLONE
        if follow != "self":
            self.options |= O_TRACEFORK | O_TRACEVFORK
        if follow == "daemon":
            self.options |= O_TRACEEXEC

    def attach(self) -> None:
        """Attach to all threads of the process, including those that start meanwhile."""
        known: set[int] = set()
        while new := _threads_of(self.root) - self.processes.keys() - known:
            for thread in new:
                try:
                    ptrace(PTRACE_SEIZE, thread, 0, self.options)
                    self.processes[thread] = self.root
                    ptrace(PTRACE_INTERRUPT, thread)
                except (ProcessLookupError, PermissionError):
                    # EPERM also stands for a thread that is just ending, and for one that is traced since its start.
                    if thread == self.root or not _needs_no_seizing(self.root, thread):
                        raise
                    known.add(thread)

    def run(self) -> None:
        """Handle events until the target has ended, or standard input is closed."""
        while not self.is_over:
            try:
                thread, status = os.waitpid(-1, WALL | os.WNOHANG)
            except ChildProcessError:
                return
            if thread:
                self.handle(thread, status)
            elif self.wait_for_event():
                return

    @property
    def is_over(self) -> bool:
        """Whether the target has ended, or no process is left that could fork or execute it."""
        if self.target:
            return self.target not in self.processes.values()
        return not self.processes

    def wait_for_event(self) -> bool:
        """Wait up to a second for SIGCHLD or standard input; return whether standard input is closed."""
        ready, _, _ = select.select([0, WAKE_UP], [], [], 1.0)
        if WAKE_UP in ready:
            os.read(WAKE_UP, 4096)
        return 0 in ready and not os.read(0, 64)

    def handle(self, thread: int, status: int) -> None:
        """Handle one stop or the end of one thread, and continue the thread."""
        if not os.WIFSTOPPED(status):
            self.processes.pop(thread, None)
            return
        number, event = os.WSTOPSIG(status), status >> 16
        if thread not in self.processes:
            self.add_unknown(thread)
        is_signal = number != SYSCALL_STOP and not event
        try:
            if event == EVENT_STOP and number in STOPS:
                ptrace(PTRACE_LISTEN, thread)
                return
            if number == SYSCALL_STOP:
                self.at_call(thread)
            elif event:
                self.at_event(thread, event)
            if self.target not in {0, self.processes[thread]}:
                # Once there is a target, other processes continue untraced.
                del self.processes[thread]
                ptrace(PTRACE_DETACH, thread, 0, number if is_signal else 0)
            else:
                ptrace(self.next_stop(thread), thread, 0, number if is_signal else 0)
        except ProcessLookupError:
            pass  # The thread was killed meanwhile; the kernel reports its end next.

    def add_unknown(self, thread: int) -> None:
        """Add a thread that runs before the kernel reports its start; it may make many calls until then."""
        facts = _status_of(Path(f"/proc/{thread}"))
        process = self.processes[thread] = int(facts.get("Tgid", thread))
        if not self.target and self.forks > 0 and facts.get("PPid") == str(self.forks):
            self.target = process

    def next_stop(self, thread: int) -> int:
        """The ptrace request that continues a thread, with a stop at each system call if its calls may count."""
        may_count = self.target or (self.forks > 0 and self.processes[thread] != self.forks)
        return PTRACE_SYSCALL if may_count else PTRACE_CONT

    def at_call(self, thread: int) -> None:
        """Handle the entry to or exit from a system call: count an entry, and kill at the chosen one."""
        process = self.processes[thread]
        if process != self.target:
            return
        info = ctypes.create_string_buffer(88)
        ptrace(PTRACE_GET_SYSCALL_INFO, thread, len(info), ctypes.addressof(info))
        op, architecture = struct.unpack_from("=B3xI", info)
        if op != SYSCALL_INFO_ENTRY:
            return
        name = call_name(architecture, struct.unpack_from("=Q", info, 24)[0])
        if self.only and name not in self.only:
            return
        self.calls += 1
        self.names[name] += 1
        if self.calls == self.kill_at:
            self.killed = (self.calls, name, "main" if thread == process else "another")
            os.kill(process, signal.SIGKILL)

    def at_event(self, thread: int, event: int) -> None:
        """Handle a fork, a new thread, an exec, or a stop that this tracer requested."""
        process = self.processes[thread]
        if event in {EVENT_FORK, EVENT_VFORK, EVENT_CLONE}:
            message = ctypes.c_ulong()
            ptrace(PTRACE_GETEVENTMSG, thread, 0, ctypes.addressof(message))
            child = int(message.value)
            self.processes.setdefault(child, process if event == EVENT_CLONE else child)
            # A child may run, and fork in turn, before the kernel reports that the child was forked; see add_unknown.
            if event != EVENT_CLONE and not self.target and process == self.forks:
                self.target = child
        if event == EVENT_EXEC and not self.target and self.match in Path(f"/proc/{process}/cmdline").read_bytes():
            self.forks = process

    def result(self) -> dict[str, object]:
        """The report to print."""
        number, name, thread = self.killed or (None, None, None)
        return {
            "calls": self.calls,
            "pid": self.target,
            "killed_at": number,
            "name": name,
            "thread": thread,
            "names": dict(self.names.most_common()),
        }


def _threads_of(process: int) -> set[int]:
    return {int(entry.name) for entry in Path(f"/proc/{process}/task").iterdir()}


def _needs_no_seizing(process: int, thread: int) -> bool:
    """Whether this thread has ended (it may still be listed), or this process already traces it."""
    facts = _status_of(Path(f"/proc/{process}/task/{thread}"))
    return not facts or facts["State"][0] in "ZX" or facts["TracerPid"] == str(os.getpid())


def _status_of(directory: Path) -> dict[str, str]:
    """The fields of ``status`` (proc(5)); empty for a process that has ended."""
    try:
        lines = (directory / "status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return {}
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


@lru_cache
def call_name(architecture: int, number: int) -> str:
    """A system call's name; "call NUMBER" if the name is unknown."""
    try:
        library = ctypes.CDLL("libseccomp.so.2")
    except OSError:
        return f"call {number}"
    resolve = library.seccomp_syscall_resolve_num_arch
    resolve.restype = ctypes.c_char_p
    name: bytes | None = resolve(ctypes.c_uint32(architecture), ctypes.c_int(number))
    return name.decode() if name else f"call {number}"


WAKE_UP, _WAKER = os.pipe()


def main() -> None:
    """Trace as the command line describes, and print the report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("pid", type=int)
    parser.add_argument("--kill-at", type=int, default=0)
    parser.add_argument("--follow", choices=("self", "fork", "daemon"), default="self")
    parser.add_argument("--match", default="")
    parser.add_argument("--only", nargs="*", default=())
    options = parser.parse_args()
    for end in (WAKE_UP, _WAKER):
        os.set_blocking(end, False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.set_wakeup_fd(_WAKER, warn_on_full_buffer=False)
    tracer = Tracer(options.pid, options.follow, options.match, options.kill_at, frozenset(options.only))
    try:
        tracer.attach()
    except OSError as error:
        sys.exit(f"process {options.pid} cannot be traced: {error.strerror}")
    print("tracing", flush=True)
    tracer.run()
    print(json.dumps(tracer.result()), flush=True)


if __name__ == "__main__":
    main()
