"""The prompts of restore points."""

from __future__ import annotations

from session_host.client.chats.restore_list import matched


def test_a_prompt_belongs_to_the_restore_point_made_soon_after_it() -> None:
    points = [100_000, 130_000, 131_000, 160_000]
    prompts = [(200_000, "no point"), (130_900, "third"), (129_500, "second"), (99_000, "first"), (50_000, "before")]
    assert matched(points, prompts) == {100_000: "first", 130_000: "second", 131_000: "third"}
