"""Makes the ended chats of a user's year: records, recordings, activity, and the agents' stored conversations.

The same in each run, except for the times, which end now. A recording is a copy of one of some templates, which the
journal writes as a host does.
"""

from __future__ import annotations

import json
import math
import random
import shutil
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from session_host.client.sessions.store_access import open_store
from session_host.paths import database, make_directories, session_dir, session_journal, session_transitions
from session_host.protocol.messages import Transition
from session_host.protocol.values import Activity, CellSize, GridSize, State
from session_host.storage.journal import Entry, Journal, Output, Resize, pack
from session_host.storage.store import SessionRecord, activity_log, copies
from session_host.system.clock import as_text
from tests.benchmarks.peers import COLUMNS, ROWS
from tests.benchmarks.streams import stream

YEAR_S = 365 * 86400
NEWEST_S = 3600
"""Age of the chat that ended last."""
CONVERSATIONS = 2000
"""Stored conversations: half of them Claude Code's, half Codex's; the chats' are among them."""
KNOWN = 0.9
"""The part of the agents' chats with a known conversation."""
AGENTS = {"claude": 8, "codex": 4, "shell": 4, "command": 3, "gemini": 1}
"""Agents, and their weights."""
MEDIAN_BYTES, SPREAD = 45_000, 1.6
"""Of the recordings' sizes, which are distributed log-normally: about 165 kB on average."""
TEMPLATE_BYTES = tuple(round(2000 * 1.6**power) for power in range(21))
"""Sizes of the templates: 2 kB to 24 MB."""
PIECE_BYTES = 32 * 1024
WORD = "linking"
"""A word in nearly all recordings."""
NO_WORD = "nowhere-to-be-found"

_VERBS = (
    "fix",
    "add",
    "review",
    "test",
    "explain",
    "rename",
    "profile",
    "port",
    "document",
    "remove",
    "speed-up",
    "try",
)
_THINGS = (
    "login",
    "parser",
    "billing",
    "search",
    "release",
    "docs",
    "cache",
    "upload",
    "sidebar",
    "api",
    "tests",
    "schema",
)
_PROJECTS = (
    "shop", "blog", "engine", "compiler", "website", "mobile", "infra", "dotfiles", "thesis", "crawler", "editor",
    "billing", "gateway", "search", "game", "wiki", "metrics", "mailer", "notes", "toolbox",
)  # fmt: skip


class Year:
    """The parts that years of all sizes share: templates, projects and conversations.

    Attributes:
        recorded_bytes: the size of all output that was recorded in the chats made so far.
    """

    def __init__(self, directory: Path, home: Path) -> None:
        """Write the conversations and the projects' directories below ``home``, and templates into ``directory``."""
        self._templates = directory
        self._home = home
        self.recorded_bytes = 0
        self._now_s = time.time()
        self._conversations = {agent: self._write_conversations(agent) for agent in ("claude", "codex")}

    @cached_property
    def _projects(self) -> list[Path]:
        projects = [self._home / "src" / name for name in _PROJECTS]
        for project in projects:
            project.mkdir(parents=True)
        return projects

    def _write_conversations(self, agent: str) -> list[str]:
        made = []
        for number in range(CONVERSATIONS // 2):
            conversation = str(uuid.UUID(int=random.Random(f"{agent} {number}").getrandbits(128), version=4))
            project = self._projects[number % len(self._projects)]
            ended = datetime.fromtimestamp(self._now_s - YEAR_S * (number + 1) / (CONVERSATIONS // 2), UTC)
            if agent == "claude":
                name = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in str(project))
                path = self._home / ".claude" / "projects" / name / f"{conversation}.jsonl"
                lines = [{"type": "user", "cwd": str(project), "message": {"content": f"{_topic(number)}, please"}}]
            else:
                day = self._home / ".codex" / "sessions" / f"{ended:%Y/%m/%d}"
                path = day / f"rollout-{ended:%Y-%m-%dT%H-%M-%S}-{conversation}.jsonl"
                prompt = {"type": "user_message", "message": f"{_topic(number)}, please"}
                head = {"id": conversation, "cwd": str(project), "source": "cli"}
                lines = [{"type": "session_meta", "payload": head}, {"type": "event_msg", "payload": prompt}]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
            made.append(conversation)
        return made

    def add(self, count: int) -> None:
        """Add this many ended chats, spread over the year before now, to the store of this environment."""
        with open_store() as store:
            for record, size_bytes in self._records(count):
                self._record_output(record, size_bytes)
                store.insert(record)

    def add_one(self, size_bytes: int) -> SessionRecord:
        """Add a chat that ended just now, with a recording of about this size."""
        record = self._record(0, random.Random(size_bytes), self._now_s - NEWEST_S, "command")
        self._record_output(record, size_bytes)
        with open_store() as store:
            store.insert(record)
        return record

    def _records(self, count: int) -> Iterator[tuple[SessionRecord, int]]:
        dice = random.Random(count)
        agents = dice.choices(list(AGENTS), list(AGENTS.values()), k=count)
        for number, agent in enumerate(agents):
            ended_s = self._now_s - NEWEST_S - YEAR_S * (count - 1 - number + dice.random()) / count
            record = self._record(number, dice, ended_s, agent)
            record.pinned = number % 100 == count // 2 % 100
            yield record, round(dice.lognormvariate(math.log(MEDIAN_BYTES), SPREAD))

    def _record(self, number: int, dice: random.Random, ended_s: float, agent: str) -> SessionRecord:
        ids = self._conversations.get(agent)
        conversation = ids[number % len(ids)] if ids and dice.random() < KNOWN else None
        project, topic = str(dice.choice(self._projects)), _topic(dice.randrange(10_000))
        options = ["--session-id", conversation] if agent == "claude" and conversation else []
        code, request = dice.choice(((0, ""), (0, ""), (0, ""), (1, ""), (None, "stop")))
        return SessionRecord(
            id=str(uuid.uuid4()), name=f"{agent if number % 3 else topic}-{number}", agent=agent,
            argv=[agent, *options], arguments=[] if agent != "command" else ["make", "test"], cwd=project,
            real_cwd=project, state=State.EXITED, exit_code=code, exit_signal=None if code is not None else 15,
            end_request=request, title=f"✳ {topic.replace('-', ' ')} of {Path(project).name}",
            created_at=as_text(ended_s - dice.uniform(60, 7200)), ended_at=as_text(ended_s), columns=COLUMNS, rows=ROWS,
            engine="ghostty", provider_session_id=conversation, located_by={"HOME": str(self._home)} if ids else {},
        )  # fmt: skip

    def _record_output(self, record: SessionRecord, size_bytes: int) -> None:
        """Give a chat its directory: the recording of the nearest size, and its activity."""
        nearest = min(TEMPLATE_BYTES, key=lambda each: abs(math.log(each / max(size_bytes, 1))))
        make_directories(session_dir(record.id))
        shutil.copytree(self._template(nearest), session_journal(record.id))
        self.recorded_bytes += nearest
        changes = [
            Transition(record.created_at, activity, "hook") for activity in (Activity.IDLE, Activity.WORKING) * 3
        ]
        activity_log.append(session_transitions(record.id), changes)
        copies.save_new_row(database(), record)

    def _template(self, size_bytes: int) -> Path:
        journal = self._templates / f"{size_bytes}"
        if not journal.exists():
            write_journal(journal, size_bytes, "sgr" if size_bytes % 2 else "plain")
            pack(journal)
        return journal


def write_journal(directory: Path, size_bytes: int, kind: str, *, limit_bytes: int = 1 << 30) -> None:
    """Record output of this kind and size."""
    began_ns = time.time_ns()
    data = stream(kind, min(size_bytes, 16_000_000)).replace(b"\n", b"\r\n")
    with Journal.open(directory, limit_bytes) as journal:
        journal.append([Resize(began_ns, 0, 1, GridSize(COLUMNS, ROWS), CellSize(8, 16))])
        while journal.end < size_bytes:
            base = journal.end
            pieces: list[Entry] = [
                Output(began_ns + (base + first) * 1000, base + first, data[first : first + PIECE_BYTES])
                for first in range(0, len(data), PIECE_BYTES)
            ]
            for first in range(0, len(pieces), 32):
                journal.append(pieces[first : first + 32])


def _topic(number: int) -> str:
    return f"{_VERBS[number % len(_VERBS)]}-{_THINGS[number // len(_VERBS) % len(_THINGS)]}"
