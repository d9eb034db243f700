"""Makes random working trees, and does to them what the product does; reports what was lost, not done, or not said.

``python -m tests.kills.work_at_random [--cases N] [--seed N] [--from N] [--only NAME] [--repeat CASE]…``

Each case has an action, something that disturbs it (a file is saved, the process is killed, the disk is full, at the
n-th call that opens, renames, links, removes or starts git), and a few features of a working tree; see ``work``. The
table has a row for each feature and action: how often it was done, done in part, refused, or had nothing to do, by what
disturbed it. For each kind of fault, the report has the first case and the smallest one; ``--repeat`` takes its text.

Cases are drawn by a generator of our own, not by hypothesis: each cell of the table is met equally often, a number
repeats a case in any process, and a smaller case is found by leaving out features and files, which is all that a reader
needs. hypothesis would run each case, of half a second and a hundred processes, many times.

Exit status: 0; 1 if there was a fault, or a cell in which nothing was ever done.
"""

from __future__ import annotations

import argparse
import os
import pickle
import re
import select
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from random import Random
from typing import IO, Final, NamedTuple

from tests.kills.work.child import adopt_orphans
from tests.kills.work.features import ALONE, APART, FEATURES, NEVER_DONE, NOT_HERE
from tests.kills.work.judge import Fault, Verdict, can_mount, judge
from tests.kills.work.model import ACTIONS, DISTURBANCES, Case, Feature, disturbance_of
from tests.kills.work.trees import Tree, make_upstream

OPEN: Final[dict[str, str]] = {}
"""Faults that are known and not mended yet: a pattern of their text, and why they are here."""
TRIES: Final = 24
"""How many smaller cases are tried."""
MANY: Final = 4
"""In this many rounds over all cells, each cell must be done once."""


def cells() -> list[tuple[str, str, str]]:
    """The cells of the table: feature, action, disturbance."""
    return [cell for cell in product(FEATURES, ACTIONS, DISTURBANCES) if not is_not_here(cell[0], cell[1])]


def is_not_here(feature: str, action: str) -> bool:
    """Whether an action is never done with a feature."""
    if feature == "mount" and not can_mount():
        return True
    return (feature, action) in NOT_HERE or (feature, "rm" if action == "rm" else "all but rm") in NOT_HERE


def cases(seed: int) -> Iterator[Case]:
    """Cases without end; each cell of the table is met once in each round."""
    choose, waiting = Random(seed), cells()
    while True:
        choose.shuffle(waiting)
        for name, action, kind in waiting:
            names = [name]
            for other in choose.sample(list(FEATURES), choose.choice([0, 1, 1, 2, 3])):
                if _fits(other, names, action):
                    names.append(other)
            features = tuple(Feature(each, choose.randrange(10**6)) for each in names)
            yield Case(action, disturbance_of(choose, kind, action), features)


def _fits(name: str, others: Sequence[str], action: str) -> bool:
    """Whether a feature can be added to others."""
    if name in others or is_not_here(name, action) or (name in ALONE and ALONE.intersection(others)):
        return False
    return not any(frozenset({name, other}) in APART for other in others)


class Found(NamedTuple):
    """A case, and what was found of it.

    Attributes:
        number: its number.
        case: the case.
        verdict: what was found; None if it could not be made.
        error: why it could not be made.
        smaller: a smaller case with the same kind of fault; None if none was looked for.
    """

    number: int
    case: Case
    verdict: Verdict | None
    error: str = ""
    smaller: Case | None = None


@contextmanager
def area() -> Iterator[Path]:
    """Directories of one case, in the environment of this process."""
    root = Path(tempfile.mkdtemp(prefix="ot-", dir="/tmp"))
    names = {
        "HOME": "home",
        "OUTLIVE_STATE_DIR": "state",
        "OUTLIVE_RUNTIME_DIR": "r",
        "OUTLIVE_CONFIG_DIR": "config",
        "TMPDIR": "tmp",
    }
    for variable, name in names.items():
        (root / name).mkdir(mode=0o700)
        os.environ[variable] = str(root / name)
    tempfile.tempdir = str(root / "tmp")
    try:
        yield root
    finally:
        shutil.rmtree(root, ignore_errors=True)


def run_one(case: Case, upstream: Path) -> Verdict:
    """Judge one case, in directories of its own."""
    with area() as root:
        return judge(Tree(root, case, upstream))


def smaller(case: Case, fault: Fault, upstream: Path) -> Case:
    """A smaller case with the same kind of fault."""
    tries = TRIES

    def still(other: Case) -> bool:
        nonlocal tries
        tries -= 1
        try:
            found = run_one(other, upstream).faults if tries >= 0 else ()
        except Exception:  # noqa: BLE001 - what is left out may be needed
            return False
        return any((each.kind, each.action) == (fault.kind, fault.action) for each in found)

    if case.disturbance is not None and still(replace(case, disturbance=None)):
        case = replace(case, disturbance=None)
    for feature in case.features:
        rest = tuple(each for each in case.features if each.name != feature.name)
        if rest and still(case.with_features(rest)):
            case = case.with_features(rest)
    for place in range(len(case.features)):
        for number in range(len(Tree(Path("/"), case, upstream).parts[place].entries)):
            before, own, after = case.features[:place], case.features[place], case.features[place + 1 :]
            fewer = case.with_features((*before, replace(own, dropped=own.dropped | {number}), *after))
            if still(fewer):
                case = fewer
    return case


def kind_of(found: Found, fault: Fault) -> str:
    """The kind of a fault: those of one kind are most probably one."""
    case = found.smaller or found.case
    return f"{fault.kind}: {fault.action}: {case.features[0].name} ({case.kind})"


@dataclass
class Report:
    """All that was found.

    Attributes:
        cells: how often an action was done, stayed, was refused or found nothing, by (feature, action, disturbance).
        kinds: the first case of each kind of fault.
        counts: how often each kind was found.
        known: how often each fault of ``OPEN`` was found.
        errors: the cases that could not be made.
    """

    cells: dict[tuple[str, str, str], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    kinds: dict[str, tuple[Found, Fault]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    known: Counter[str] = field(default_factory=Counter)
    errors: list[Found] = field(default_factory=list)

    def add(self, found: Found) -> None:
        """Add what was found of a case."""
        if found.verdict is None:
            self.errors.append(found)
            return
        kind = found.case.kind if found.verdict.is_disturbed else "none"
        for feature in found.case.features:
            self.cells[feature.name, found.case.action, kind][found.verdict.result] += 1
        faults = []
        for fault in found.verdict.faults:
            pattern = known_as(fault)
            if pattern:
                self.known[pattern] += 1
            else:
                faults.append(fault)
        for fault in faults[:1]:
            key = kind_of(found, fault)
            self.counts[key] += 1
            if key not in self.kinds or found.number < self.kinds[key][0].number:
                self.kinds[key] = found, fault

    def never_done(self) -> list[tuple[str, str, str]]:
        """The cells in which nothing was ever done, and no reason is known."""
        reasons = {*NEVER_DONE}
        return [
            cell
            for cell in cells()
            if not self.cells[cell]["done"]
            and not {cell, (cell[0], cell[1], "all"), ("all", cell[1], cell[2])}.intersection(reasons)
        ]

    def table(self) -> Iterator[str]:
        """The table."""
        yield f"{'':<36}" + "".join(f"{kind:>20}" for kind in DISTURBANCES)
        yield f"{'feature':<20}{'action':<16}" + "".join(f"{'done/part/no/-':>20}" for _ in DISTURBANCES)
        for name, action in product(FEATURES, ACTIONS):
            row = [self.cells[name, action, kind] for kind in DISTURBANCES]
            if any(row):
                texts = ("/".join(str(cell[each]) for each in ("done", "stayed", "refused", "nothing")) for cell in row)
                yield f"{name:<20}{action:<16}" + "".join(f"{text:>20}" for text in texts)

    def faults(self) -> Iterator[str]:
        """The faults, and the cases that could not be made."""
        for pattern, count in self.known.items():
            yield f"known: {OPEN[pattern]}: {count} times"
        for key, (found, fault) in sorted(self.kinds.items(), key=lambda each: each[1][0].number):
            yield f"\n{key}: {self.counts[key]} times, first at case {found.number}"
            yield f"  {fault}"
            yield f"  --repeat '{found.case}'"
            if found.smaller is not None and found.smaller != found.case:
                yield f"  --repeat '{found.smaller}'"
        for found in self.errors:
            yield f"\nthe case {found.number} could not be made: {found.error}\n  --repeat '{found.case}'"


def known_as(fault: Fault) -> str:
    """The pattern of ``OPEN`` that a fault has; "" for none."""
    return next((pattern for pattern in OPEN if re.search(pattern, str(fault), re.DOTALL)), "")


def run(seed: int, numbers: range, *, only: str = "", workers: int = 2, log: IO[str] | None = None) -> Report:
    """Run the cases with these numbers; ``only``: those with this feature or action."""
    report = Report()
    reading: dict[IO[bytes], int] = {}
    for worker in range(workers):
        from_child, to_parent = os.pipe()
        sys.stdout.flush()
        if (pid := os.fork()) == 0:
            status = 1
            try:
                os.close(from_child)
                with os.fdopen(to_parent, "wb") as writing:
                    _work(seed, numbers, numbers[worker::workers], only, writing)
                status = 0
            except Exception:  # noqa: BLE001 - this process ends here
                traceback.print_exc()
            finally:
                os._exit(status)
        os.close(to_parent)
        reading[os.fdopen(from_child, "rb")] = pid
    while reading:
        for told in select.select(list(reading), [], [])[0]:  # What is buffered is read at the end.
            try:
                found: Found = pickle.load(told)
            except EOFError:
                told.close()
                if os.waitpid(reading.pop(told), 0)[1]:
                    raise ChildProcessError("a worker has failed") from None
                continue
            report.add(found)
            if log is not None and (found.verdict is None or found.verdict.faults):
                faults = found.verdict.faults if found.verdict is not None else (found.error,)
                texts = [
                    str(found.number),
                    str(found.case),
                    f"[{found.smaller or ''}]",
                    *(repr(str(each)) for each in faults),
                ]
                print(*texts, sep="\t", file=log, flush=True)
    return report


def _work(seed: int, numbers: range, own: range, only: str, told: IO[bytes]) -> None:
    """Run some cases in this process, and tell what was found."""
    adopt_orphans()
    seen: set[str] = set()
    directory = Path(tempfile.mkdtemp(prefix="ot-", dir="/tmp"))
    try:
        with area():
            upstream = make_upstream(directory / "upstream")
        for number, case in zip(range(numbers.stop), cases(seed), strict=False):
            if number in own and (not only or only == case.action or only in {each.name for each in case.features}):
                pickle.dump(_one(number, case, upstream, seen), told)
                told.flush()
    finally:
        shutil.rmtree(directory)


def _one(number: int, case: Case, upstream: Path, seen: set[str]) -> Found:
    try:
        verdict = run_one(case, upstream)
    except Exception as error:  # noqa: BLE001 - it is reported
        return Found(number, case, None, f"{error}\n{traceback.format_exc()}")
    found = Found(number, case, verdict)
    fault = next((each for each in verdict.faults if not known_as(each)), None)
    if fault is None or kind_of(found, fault) in seen:
        return found
    seen.add(kind_of(found, fault))
    return found._replace(smaller=smaller(case, fault, upstream))


def repeat(texts: Sequence[str]) -> int:
    """Run the cases of these texts; return the exit status."""
    adopt_orphans()
    status = 0
    directory = Path(tempfile.mkdtemp(prefix="ot-", dir="/tmp"))
    try:
        with area():
            upstream = make_upstream(directory / "upstream")
        for text in texts:
            verdict = run_one(Case.read(text), upstream)
            print(
                f"{text}: {verdict.result}{', disturbed' if verdict.is_disturbed else ''}", *verdict.faults, sep="\n  "
            )
            status |= any(not known_as(fault) for fault in verdict.faults)
    finally:
        shutil.rmtree(directory)
    return status


def main() -> int:
    """Run the cases that the command line names; return the exit status."""
    assert __doc__ is not None
    parser = argparse.ArgumentParser(prog="python -m tests.kills.work_at_random", description=__doc__.split("\n")[0])
    parser.add_argument("--cases", type=int, default=200, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    parser.add_argument("--from", dest="first", type=int, default=0, metavar="N", help="the number of the first case")
    parser.add_argument("--only", default="", metavar="NAME", help="only cases with this feature, or this action")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="so many at once")
    parser.add_argument("--repeat", action="append", default=[], metavar="CASE", help="run this case alone")
    parser.add_argument("--log", type=Path, default=os.devnull, metavar="FILE", help="a line for each fault, at once")
    parser.add_argument("--without-table", action="store_true", help="print the faults only")
    options = parser.parse_args()
    if options.repeat:
        return repeat(options.repeat)
    started_s = time.monotonic()
    numbers = range(options.first, options.first + options.cases)
    with options.log.open("w") as log:
        report = run(options.seed, numbers, only=options.only, workers=options.workers, log=log)
    never = report.never_done() if options.cases >= MANY * len(cells()) and not options.only else []
    if not options.without_table:
        print(*report.table(), sep="\n")
    print(*report.faults(), *(f"never done: {' '.join(cell)}" for cell in never), sep="\n")
    print(f"{options.cases} cases in {time.monotonic() - started_s:.0f} s; seed {options.seed}")
    return 1 if report.kinds or report.errors or never else 0


if __name__ == "__main__":
    sys.exit(main())
