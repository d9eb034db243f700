"""The start of a program: in a fork of the host, while the host gets ready."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable

from session_host.errors import LaunchFailed
from session_host.protocol.launch import LaunchSpec
from session_host.storage.descriptors.input_log import LogHeader
from session_host.storage.descriptors.session_descriptors import SessionDescriptors
from session_host.system.installation import own_python
from session_host.system.processes.pty_process import Program, ProgramDescriptors, PtyProcess, StartingProcess
from session_host.system.systemd import enter


def program_argv(spec: LaunchSpec) -> list[str]:
    """The agent's argv, or that of the program that sets up its worktree and then execs the agent."""
    if spec.setup is None:
        return spec.facts.origin.argv
    lines = ["--lines"] if spec.structured is not None else []
    setup = spec.setup
    mark = ["--mark", setup.mark] if setup.mark else []
    argv = [*own_python(), "-m", "session_host.worktree_setup", *lines, *mark]
    return [*argv, setup.worktree, setup.repository, setup.command, "--", *spec.facts.origin.argv]


log = logging.getLogger(__name__)


def fork_program(
    spec: LaunchSpec, descriptors: SessionDescriptors, slave: int, open_files: int, *, has_scope: bool
) -> StartingProcess | LaunchFailed | None:
    """Start the program in a fork of this process, unless a previous host has started it.

    Its output and queries wait in its terminal until the host is ready. If the host is killed before the fork has saved
    its PID, the keeper ends the fork, and the next host starts another.

    Args:
        spec: the launch spec.
        descriptors: the session descriptors.
        slave: the PTY's other side, which is closed in this process; -1 once a program has it.
        open_files: the program's soft limit of open files.
        has_scope: whether host and program get a systemd scope of their own.

    Returns:
        The fork; the reason why there is none; None if the program was started before.
    """
    host_pid = os.getpid()
    header = LogHeader(descriptors.input_log)

    def prepare() -> None:
        # A control group of our own, so that the end of another group does not end us.
        if has_scope:
            unit = f"outlive-{spec.facts.id}.scope"
            log.info("scope: %s", enter(unit, f"Outlive: {spec.facts.entry.name}", [host_pid, os.getpid()]))

    def about_to_exec(pid: int) -> None:
        header.child = pid

    try:
        if header.child:
            return None
        # The directory as the user named it: getcwd(3) has no symbolic links. A shell keeps it if it is the right one.
        environment = {"PWD": spec.facts.origin.cwd, **spec.env}
        output = descriptors.pipe_write if spec.structured is not None else -1
        return PtyProcess.fork(
            Program(program_argv(spec), spec.facts.origin.cwd, environment, spec.umask, open_files, spec.stderr),
            ProgramDescriptors(descriptors.master, slave, output),
            about_to_exec=about_to_exec,
            prepare=prepare,
        )
    except LaunchFailed as error:
        return error
    finally:
        header.close()
        if slave >= 0:
            os.close(slave)


def follow_start(
    starting: StartingProcess | LaunchFailed,
    program: asyncio.Future[PtyProcess],
    report_running: Callable[[PtyProcess], None],
) -> None:
    """Wait, without blocking, until the fork has exec'd the program or failed.

    Args:
        starting: the fork, or the reason why there is none.
        program: gets the running program, or the LaunchFailed.
        report_running: called first with a running program.
    """
    if isinstance(starting, LaunchFailed):
        program.set_exception(starting)
        return
    loop, file = asyncio.get_running_loop(), starting.fileno()

    def known() -> None:
        loop.remove_reader(file)
        try:
            process = starting.result()
        except LaunchFailed as error:
            program.set_exception(error)
        else:
            report_running(process)
            program.set_result(process)

    loop.add_reader(file, known)
