"""``outlive doctor``: checks the installation, and names remedies."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Sequence

from session_host.cli.doctor import agents, chats, files, logout, recordings, settings, system, web
from session_host.cli.doctor.check import Check, Status, fail, fail_with
from session_host.cli.output import print_json
from session_host.errors import OutliveError, UsageError
from session_host.paths import own_obstacle
from session_host.protocol.untrusted_text import one_line

_MARKS = {Status.OK: "ok  ", Status.WARN: "warn", Status.FAIL: "FAIL"}

PARTS: tuple[Callable[[], Iterable[Check]], ...] = (
    system.python,
    system.engines,
    system.window,
    system.terminal,
    system.git,
    files.directories,
    files.contents,
    files.sockets,
    files.database,
    recordings.recordings,
    chats.keeper,
    chats.chats,
    chats.ended,
    chats.worktrees,
    system.kernel,
    settings.settings,
    agents.agents,
    logout.logout,
    web.page,
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments to the parser."""
    parser.add_argument("--json", action="store_true", help="print the checks as JSON")
    parser.add_argument(
        "--stale-sockets", action="store_true", help="print only the paths of stale sockets of lost chats, one per line"
    )
    parser.add_argument(
        "--remove", action="store_true", help="list what Outlive has put on this machine, and remove it after a yes"
    )
    parser.add_argument("-y", "--yes", action="store_true", help="with --remove: do not ask")
    parser.epilog = (
        "Without --remove, makes no changes. Exits with 1 if a check fails. --remove names the chats that run first, "
        "and ends them; it keeps worktrees, branches and restore points with work that is nowhere else. See `outlive "
        "help remove`."
    )


def run(options: argparse.Namespace) -> int:
    """Run every check; none stops the others. With ``--remove``, remove Outlive."""
    if options.yes and not options.remove:
        raise UsageError("--yes works only with --remove")
    if options.remove:
        if options.json or options.stale_sockets:
            raise UsageError("--remove takes no other option than --yes and --on")
        from session_host.cli.doctor.removal import remove

        return remove(without_asking=options.yes)
    if options.stale_sockets:
        for path in files.stale_sockets():
            print(path)
        return 0
    checks = [check for part in PARTS for check in checks_of(part)]
    if options.json:
        print_json([check._asdict() for check in checks])
    else:
        width = max(len(check.name) for check in checks)
        for check in checks:
            print(f"{_MARKS[check.status]}  {check.name:<{width}}  {one_line(check.message)}")
            if check.remedy:
                print(f"      {'':<{width}}  → {one_line(check.remedy)}")
        print(_summary(checks))
    return 1 if any(check.status is Status.FAIL for check in checks) else 0


def checks_of(part: Callable[[], Iterable[Check]]) -> Iterator[Check]:
    """The checks of a part, the last of them about what the part itself cannot read."""
    try:
        yield from part()
    except OSError as error:
        file = f"{error.filename}: " if error.filename else ""
        why = own_obstacle(error) or f"{file}{error.strerror}; check the owner and permissions"
        yield fail_with(part.__name__, f"cannot check: {why}")
    except OutliveError as error:
        yield fail(part.__name__, f"cannot check: {error}", "see the message above")


def _summary(checks: Sequence[Check]) -> str:
    """The last line: which of the checks above the user should read."""
    parts = []
    for mark, status in (("FAIL", Status.FAIL), ("warn", Status.WARN)):
        if names := [check.name for check in checks if check.status is status]:
            parts.append(f"{len(names)} {mark}: {', '.join(dict.fromkeys(names))}")
    return "; ".join(parts) or "no problems found"
