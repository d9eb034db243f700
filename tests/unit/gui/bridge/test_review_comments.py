"""Comments on changes are kept for their chat until they are sent."""

from __future__ import annotations

import pytest

from gui.bridge import unsent
from gui.settings.layout import ReviewComment, WindowLayout
from session_host.protocol.values import State
from tests.unit.gui.conftest import WindowHarness


def comment(name: str, text: str = "why?", draft: str = "") -> ReviewComment:
    return ReviewComment(id=name, top="/top", path="a", first=1, last=1, lines=("+a",), text=text, draft=draft)


async def test_comments_are_saved_soon_and_unsaved_ones_survive_a_restore(harness: WindowHarness) -> None:
    session_id = await harness.add("one")
    comments, due = harness.sessions.review_comments, list[bool]()
    comments.save_due.connect(lambda: due.append(True))
    written = [comment("1"), comment("2", "", "half a th")]
    comments.put(session_id, *written, comment("3", ""))
    await harness.until(lambda: due, "the comments to be saved")
    layout = WindowLayout(review_comments=comments.saved())
    comments.remove(session_id, "1", "2", "3")
    assert comments.of(session_id) == []
    comments.load(WindowLayout.from_dict(layout.to_dict()).review_comments)
    assert comments.of(session_id) == written, "a comment without a text is not saved"


async def test_a_resumed_chat_has_the_comments_of_the_previous_one(harness: WindowHarness) -> None:
    previous = await harness.add("one", state=State.EXITED, exit_code=0)
    comments, changed = harness.sessions.review_comments, list[str]()
    comments.put(previous, comment("1"))
    comments.changed.connect(changed.append)
    follower = await harness.add("one", resumed_from=previous)
    await harness.storage.call(lambda store: store.update(previous, continued_by=follower))
    await harness.sessions.machines.here.refresh_now()
    assert changed == [follower]
    assert comments.of(previous) == comments.of(follower) == [comment("1")]
    comments.put(previous, comment("2"))
    assert list(comments.saved()) == [follower]
    assert comments.remove(follower, "2", "gone") == [comment("2")]


async def test_the_latest_comments_are_saved_if_there_is_too_much(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unsent, "MAX_SAVED_CHARACTERS", 25)
    session_id = await harness.add("one")
    harness.sessions.review_comments.put(session_id, *(comment(name, "x" * 8) for name in "123"))
    assert [each.id for each in harness.sessions.review_comments.saved()[session_id]] == ["2", "3"]
