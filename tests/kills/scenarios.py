"""All scenarios that kill a process at one of its system calls, by name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tests.kills.kill_points import (
    KillResult,
    Workspace,
    host_at_launch,
    host_at_recovery,
    host_at_work,
    keeper_at_hand_over,
    keeper_at_launch,
    keeper_at_recovery,
    slow_host_at_work,
)
from tests.kills.launching import command_at_launch, keeper_at_short_launch
from tests.kills.relayed import relay_at_work
from tests.kills.replacing import (
    host_at_upgrade,
    keeper_at_replacement,
    keeper_at_upgrade,
    replacement_at_upgrade,
)
from tests.kills.structured_host import (
    structured_host_at_launch,
    structured_host_at_recovery,
    structured_host_at_work,
)
from tests.kills.takeover import (
    keeper_after_standbys_death,
    keeper_at_standbys_death,
    keeper_at_takeover,
    standby_at_takeover,
    standby_at_work,
)

Scenario = Callable[[Workspace, int], Awaitable[KillResult]]

SCENARIOS: dict[str, Scenario] = {
    "host at work": host_at_work,
    "slow host at work": slow_host_at_work,
    "host at launch": host_at_launch,
    "host at recovery": host_at_recovery,
    "keeper at launch": keeper_at_launch,
    "keeper at recovery": keeper_at_recovery,
    "keeper at hand-over": keeper_at_hand_over,
    "keeper at launch of a short program": keeper_at_short_launch,
    "standby at work": standby_at_work,
    "standby at takeover": standby_at_takeover,
    "keeper at takeover": keeper_at_takeover,
    "keeper at the standby's death": keeper_at_standbys_death,
    "keeper after the standby's death": keeper_after_standbys_death,
    "command at launch": command_at_launch,
    "host at upgrade": host_at_upgrade,
    "replacement at upgrade": replacement_at_upgrade,
    "keeper at replacement": keeper_at_replacement,
    "keeper at upgrade": keeper_at_upgrade,
    "relay at work": relay_at_work,
    "structured host at work": structured_host_at_work,
    "structured host at launch": structured_host_at_launch,
    "structured host at recovery": structured_host_at_recovery,
}
