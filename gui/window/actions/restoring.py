"""Restores files to before a prompt, and shows what has changed since; see ``session_host.restore_points``."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime

from gui.bridge.changes_reader import readable
from gui.bridge.chat import Chat
from gui.bridge.restore_points import (
    FilesChanged,
    ListedPoint,
    Outcome,
    Plan,
    RestorePoint,
    SincePrompt,
    file_counts,
    points_of,
    read_plan,
    restore,
)
from gui.window.actions.context import WindowContext
from gui.window.actions.forking import ForkActions
from gui.window.page.banners import Banner
from gui.window.page.chat_page import ChatPage
from gui.window.page.structured_page import StructuredPage
from gui.window.sheets.chooser import Choice
from gui.window.sheets.question import SUBJECT_LINES, Question
from gui.wording import fork_texts, restore_texts
from session_host.errors import WorktreeError
from session_host.protocol.untrusted_text import one_line
from session_host.protocol.values import Activity
from session_host.structured.items import Item

NAMED = 3
"""How many files a banner names."""
MANY_FILES = 200
"""From this number of files on, a banner says that they are being restored."""

OnPoint = Callable[[Chat, SincePrompt], object]


class RestoreActions:
    """The actions on a chat's restore points.

    Attributes:
        by_name: the actions by their names in the table of actions.
    """

    def __init__(self, context: WindowContext, show_since: OnPoint, forking: ForkActions) -> None:
        """Set up the actions; ``show_since`` opens the window with the changes since a prompt."""
        forking.forked_before.connect(self._on_forked)
        self._sessions, self._sheets, self._banners = context.sessions, context.sheets, context.banners
        self._open_chat, self._show_since = context.open_chat, show_since
        self.by_name: dict[str, Callable[[Chat], object]] = {
            "restore_files": self.choose,
            "changes_since": lambda chat: self._choose(chat, self._show_since, restore_texts.changes_since(), least=0),
        }

    def choose(self, chat: Chat) -> None:
        """Let the user choose a prompt, and ask whether to restore the files to before it."""
        self._choose(chat, self._ask_about, restore_texts.restore_to_before(), least=1)

    def restore_item(self, chat: Chat, item: str) -> None:
        """Ask whether to restore the files to before the prompt with this item's id."""
        self._on_item(chat, item, self._ask_about)

    def show_since_item(self, chat: Chat, item: str) -> None:
        """Show the changes since the prompt with this item's id."""
        self._on_item(chat, item, self._show_since)

    # ------------------------------------------------------------ after a fork

    def _on_forked(self, chat: Chat, forked: Chat, prompt: Item) -> None:
        self._sessions.tasks.start(self._offer(chat, forked, prompt), "restore point")

    async def _offer(self, chat: Chat, forked: Chat, prompt: Item) -> None:
        """Offer to restore the files for a fork that begins before a prompt, if they have changed since."""
        banner = Banner(fork_texts.forked_before(), key=f"fork {forked.id}")
        with contextlib.suppress(WorktreeError):
            points = await points_of(chat, self._sessions)
            point = next((each.point for each in points if each.point.about.item == prompt.id), None)
            plan = await read_plan(forked, point) if point is not None else None
            if plan is not None and plan.files:
                since = SincePrompt(plan.point, restore_texts.quoted(one_line(prompt.text)))
                banner.text = fork_texts.files_changed(len(plan.files))
                banner.action, banner.on_action = restore_texts.offer(), lambda: self._ask_about(forked, since)
        self._banners.show_banner(banner)

    # ------------------------------------------------------------ choosing

    def _choose(self, chat: Chat, on_point: OnPoint, name: str, *, least: int) -> None:
        self._sessions.tasks.start(self._list(chat, on_point, name, least), "restore points")

    async def _list(self, chat: Chat, on_point: OnPoint, name: str, least: int) -> None:
        """List the restore points since which this many files have changed at least."""
        try:
            found = await points_of(chat, self._sessions)
            counts = await file_counts(chat, found) if found else []
        except WorktreeError as error:
            self._inform(chat, restore_texts.cannot(error))
            return
        offered = [(listed, count) for listed, count in zip(found, counts, strict=True) if count >= least]
        if not offered:
            self._inform(chat, restore_texts.nothing_to_restore() if found else restore_texts.none_yet())
            return
        page = self._open_chat(chat)
        now = datetime.now(UTC)

        def choice(listed: ListedPoint, changed: int) -> Choice:
            point = listed.point
            name = _name(listed, page)
            detail = restore_texts.detail(_moment(point), now, changed)
            row = restore_texts.row(_name(listed, page, restore_texts.ROW_CHARACTERS))
            return Choice(row, detail, lambda: on_point(chat, SincePrompt(point, name)))

        self._sheets.chooser.ask(name, name, [choice(*each) for each in offered])

    def _on_item(self, chat: Chat, item: str, on_point: OnPoint) -> None:
        self._sessions.tasks.start(self._find(chat, item, on_point), "restore point")

    async def _find(self, chat: Chat, item: str, on_point: OnPoint) -> None:
        try:
            found = await points_of(chat, self._sessions)
        except WorktreeError as error:
            self._inform(chat, restore_texts.cannot(error))
            return
        listed = next((each for each in found if each.point.about.item == item), None)
        if listed is None:
            self._inform(chat, restore_texts.not_kept())
        else:
            on_point(chat, SincePrompt(listed.point, _name(listed, self._open_chat(chat))))

    # ------------------------------------------------------------ restoring

    def _ask_about(self, chat: Chat, prompt: SincePrompt) -> None:
        self._sessions.tasks.start(self._ask(chat, prompt), "restore")

    async def _ask(self, chat: Chat, prompt: SincePrompt, *, again: bool = False) -> None:
        plan = await self._plan(chat, prompt)
        if plan is None:
            return
        then, now = plan.point.branch, plan.branch
        works = not chat.has_ended and chat.activity is Activity.WORKING
        kept = plan.keeps_untracked
        detail = restore_texts.details(
            restore_texts.changed_meanwhile() if again else "",
            restore_texts.counts(*_counts(plan)) if len(plan.files) > SUBJECT_LINES else "",
            restore_texts.undoes_all(),
            restore_texts.agent_works(chat.agent_title) if works else "",
            restore_texts.branch_stays(then, now) if then and now and then != now else "",
            restore_texts.large_files_stay(plan.too_large) if plan.too_large else "",
            "" if kept else restore_texts.untracked_stay(),
            restore_texts.submodules_stay(plan.submodules) if plan.submodules else "",
        )
        rows = [(file.how, _shown(file.path)) for file in plan.files]
        self._open_chat(chat).ask(
            Question(
                restore_texts.question(len(plan.files), prompt.name), restore_texts.restore_(),
                lambda: self._restore(chat, plan, prompt), detail, restore_texts.files(rows), is_code=True,
                fitted=lambda columns: restore_texts.files(rows, columns),
            )
        )  # fmt: skip

    async def _plan(self, chat: Chat, prompt: SincePrompt) -> Plan | None:
        """The plan of a restore; None, after a banner, if it would change nothing or cannot be made."""
        try:
            plan = await read_plan(chat, prompt.point)
        except WorktreeError as error:
            self._inform(chat, restore_texts.cannot(error), kind="failed")
            return None
        if not plan.files:
            self._inform(chat, restore_texts.nothing_differs(prompt.name))
            return None
        return plan

    def _restore(self, chat: Chat, plan: Plan, prompt: SincePrompt) -> None:
        self._sessions.tasks.start(self._restore_now(chat, plan, prompt), "restore")

    async def _restore_now(self, chat: Chat, plan: Plan, prompt: SincePrompt) -> None:
        if len(plan.files) >= MANY_FILES:
            self._inform(chat, restore_texts.restoring(len(plan.files)))
        try:
            outcome = await restore(chat, plan)
        except FilesChanged:
            await self._ask(chat, prompt, again=True)
        except WorktreeError as error:
            self._inform(chat, restore_texts.cannot(error), kind="failed")
        else:
            self._report(chat, outcome, plan, is_undo=prompt.point.about.kind == "restore")

    def _report(self, chat: Chat, outcome: Outcome, plan: Plan, *, is_undo: bool) -> None:
        def undo() -> None:
            self._sessions.tasks.start(self._undo(chat, outcome.undo, plan), "undo restore")

        if outcome.failed:
            more = ", …" if len(outcome.failed) > NAMED else ""
            paths = ", ".join(_shown(path) for path in outcome.failed[:NAMED]) + more
            problem = _shown(outcome.problem)
            text = restore_texts.partly_restored(len(outcome.failed), len(plan.files), paths, problem)
        else:
            text = (restore_texts.undone if is_undo else restore_texts.restored)(outcome.restored)
        action = "" if is_undo and not outcome.failed else restore_texts.undo_restore()
        kind = "failed" if outcome.failed else ""
        banner = Banner(text, action, undo, _key(chat), lasting=bool(outcome.failed), kind=kind)
        self._banners.show_banner(banner)

    async def _undo(self, chat: Chat, point: RestorePoint, restored: Plan) -> None:
        """Undo a restore; ask if other files have changed since."""
        prompt = SincePrompt(point, restore_texts.restore_at(_moment(point), datetime.now(UTC)))
        plan = await self._plan(chat, prompt)
        if plan is None:
            return
        if {file.path for file in plan.files} <= {file.path for file in restored.files}:
            await self._restore_now(chat, plan, prompt)
        else:
            await self._ask(chat, prompt, again=True)

    # ------------------------------------------------------------ words

    def _inform(self, chat: Chat, text: str, *, kind: str = "") -> None:
        self._banners.inform(text, kind=kind, key=_key(chat))


def _key(chat: Chat) -> str:
    return f"restore {chat.id}"


def _moment(point: RestorePoint) -> datetime:
    return datetime.fromtimestamp(point.at_ms / 1000, UTC)


def _name(listed: ListedPoint, page: ChatPage, characters: int = restore_texts.NAME_CHARACTERS) -> str:
    """A restore point's name, by default for a sentence: its prompt, or the prompt's time."""
    point = listed.point
    item = page.view.transcript.get(point.about.item) if isinstance(page, StructuredPage) else None
    if text := one_line(item.text if item is not None else listed.prompt).strip():
        return restore_texts.quoted(text, characters)
    name = restore_texts.restore_at if point.about.kind == "restore" else restore_texts.prompt_at
    return name(_moment(point), datetime.now(UTC))


def _counts(plan: Plan) -> tuple[int, int, int]:
    """How many files are modified, recreated and deleted."""
    hows = [file.how for file in plan.files]
    return hows.count("modified"), hows.count("recreated"), hows.count("deleted")


def _shown(path: str) -> str:
    return one_line(readable(path))
