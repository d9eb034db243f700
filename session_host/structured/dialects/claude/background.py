"""What Claude Code runs in the background, and when it wakes itself: told by its messages. Pure.

"background_tasks_changed" has all that runs, whenever that changes. Versions without it (2.1.197) tell only of each
task's start and end, also of the tasks that the turn waits for: what is left at the turn's end is in the background.
Scheduled prompts and wake-ups are known from their tools' results; they end with the process.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from session_host.structured.dialects.reading import array, at, one_line, text, time_ms
from session_host.structured.shortening import WORK_CHARACTERS

SCHEDULERS: Final = frozenset({"CronCreate", "CronDelete", "CronList", "ScheduleWakeup"})
"""The tools that schedule a prompt, take it back or list all."""

_WAKE_UP: Final = "wake-up"
"""The id of the wake-up, of which there is one."""


class Job(msgspec.Struct, array_like=True):
    """A scheduled prompt.

    Attributes:
        when: Claude's words for its time, such as "Every 7 minutes".
        due_ms: when it runs next, in milliseconds since 1970.
        recurs: it runs more than once.
    """

    when: str
    due_ms: int
    recurs: bool = False


class Background(msgspec.Struct, array_like=True):
    """What runs in the background.

    Attributes:
        tasks: what they are, by Claude's ids of them.
        has_lists: Claude reports the list of all tasks.
        jobs: scheduled prompts, by Claude's ids of them.
    """

    tasks: dict[str, str] = {}
    has_lists: bool = False
    jobs: dict[str, Job] = {}

    @property
    def work(self) -> str:
        """What runs; "" for nothing."""
        return ", ".join(self.tasks.values())

    def listed(self, message: Mapping[str, Any]) -> None:
        """Take the list of all tasks; those that are "ambient" do no work."""
        self.has_lists = True
        running = [task for task in array(message, "tasks") if at(task, "ambient") is not True]
        self.tasks = {text(task, "task_id"): _work_of(task) for task in running}

    def changed(self, message: Mapping[str, Any]) -> None:
        """Take a report of one task's start or end."""
        task = text(message, "task_id")
        if text(message, "subtype") == "task_notification":
            self.tasks.pop(task, None)
        elif not self.has_lists:
            self.tasks[task] = _work_of(message)

    def scheduled(self, result: Any) -> None:
        """Take the result of one of ``SCHEDULERS``."""
        if isinstance(at(result, "jobs"), list):
            wake_up = {key: job for key, job in self.jobs.items() if key == _WAKE_UP}
            self.jobs = wake_up | {text(each, "id"): _job(each) for each in array(result, "jobs")}
        elif text(result, "humanSchedule"):
            self.jobs[text(result, "id")] = _job(result)
        elif due_ms := time_ms(result, "scheduledFor"):
            self.jobs[_WAKE_UP] = Job("once", due_ms)
        else:
            self.jobs.pop(text(result, "id"), None)

    def plans(self, now_ms: int) -> str:
        """What Claude has scheduled; "" for nothing."""
        self.jobs = {key: job for key, job in self.jobs.items() if job.recurs or job.due_ms > now_ms}
        return ", ".join(dict.fromkeys(job.when for job in self.jobs.values()))


def _work_of(task: Any) -> str:
    work = one_line(text(task, "description"), WORK_CHARACTERS)
    if text(task, "task_type") == "local_agent":
        return f"sub-agent {work}".rstrip()
    return work or "a command"


def _job(result: Any) -> Job:
    when = one_line(text(result, "humanSchedule"), WORK_CHARACTERS)
    return Job(when, time_ms(result, "nextFireAt"), at(result, "recurring") is True)
