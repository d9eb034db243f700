"""A viewer with a connection: what its rules alone do not show."""

from __future__ import annotations

import uuid

from session_host.client.viewer.viewer import Viewer, ViewerState
from session_host.paths import runtime_dir
from session_host.protocol.messages import Detach, InputRefused
from tests.support.area import Area
from tests.support.hosts import Watcher, watching
from tests.support.waiting import eventually
from tests.unit.client.viewer.conftest import ToldHost


async def test_a_viewer_says_that_the_runtime_directory_is_unsafe_and_does_not_wait_for_ever(area: Area) -> None:
    moved = area.root / "moved"
    runtime_dir().rename(moved)
    runtime_dir().symlink_to(moved)
    async with watching(str(uuid.uuid4()), live=False) as (viewer, watcher):
        await watcher.until(lambda: viewer.state is ViewerState.FAILED, "the failure")
        assert "symbolic link" in viewer.message


class Leaver(Watcher):
    """A delegate that closes its viewer when an input is refused."""

    viewer: Viewer

    def viewer_refused(self, refusal: InputRefused) -> None:
        super().viewer_refused(refusal)
        self.viewer.close()


async def test_a_viewer_that_is_closed_while_it_tells_tells_no_more(host: ToldHost) -> None:
    leaver = Leaver()
    leaver.viewer = Viewer(host.id, leaver, output=False)
    leaver.viewer.start()
    await leaver.until(lambda: leaver.viewer.state is ViewerState.LIVE, "the viewer to be live")
    leaver.viewer.key("a", "a")
    host.attachment = "another"  # The one that knew of the key is gone.
    host.drop()
    await leaver.until(lambda: bool(leaver.refusals), "the refusal")
    await leaver.viewer.closed()
    await eventually(lambda: Detach("another") in host.received, 20, "the host to see it go")
    assert leaver.states == [ViewerState.LIVE, ViewerState.RECONNECTING]
