from __future__ import annotations

import ctypes
import errno
import os

import pytest

from session_host.cli.doctor import system as kernel

NAMES = [f"kernel {feature.name}" for feature in kernel.FEATURES]


def results() -> dict[str, tuple[str, str]]:
    return {check.name: (check.status, check.message) for check in kernel.kernel()}


def refuse(*arguments: object) -> None:
    raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))


def test_each_feature_of_this_kernel_is_tried_and_found() -> None:
    checks = results()

    assert list(checks) == NAMES
    release = tuple(int(part) for part in os.uname().release.split("-")[0].split(".")[:2])
    for feature in kernel.FEATURES:
        if release >= tuple(int(part) for part in feature.since.split(".")):
            assert checks[f"kernel {feature.name}"] == ("ok", feature.benefit)


@pytest.mark.parametrize(
    ("call", "name", "status"),
    [("splice", "splice", "warn"), ("memfd_create", "memfd", "fail"), ("pidfd_open", "pidfd", "warn")],
)
@pytest.mark.parametrize("gone", [False, True], ids=["refused", "not in this Python"])
def test_a_missing_feature_is_reported_and_the_other_checks_continue(
    monkeypatch: pytest.MonkeyPatch, call: str, name: str, status: str, gone: bool
) -> None:
    if gone:
        monkeypatch.delattr(os, call)
    else:
        monkeypatch.setattr(os, call, refuse)

    checks = results()

    assert checks[f"kernel {name}"][0] == status
    assert checks[f"kernel {name}"][1].startswith("not available (")
    assert list(checks) == NAMES
    assert checks["kernel subreaper"][0] == "ok"


def test_a_terminal_that_refuses_sendfile_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sendfile", lambda *arguments: 0)
    monkeypatch.setattr(kernel, "ARRIVAL_TIMEOUT_S", 0.01)

    assert results()["kernel sendfile"][0] == "warn"


@pytest.mark.parametrize("before", [0, 1])
def test_a_check_leaves_the_process_unchanged(before: int) -> None:
    library = ctypes.CDLL(None)
    library.prctl(36, before, 0, 0, 0)
    value = ctypes.c_int(-1)
    try:
        results()
        library.prctl(37, ctypes.byref(value), 0, 0, 0)
        assert value.value == before
    finally:
        library.prctl(36, 0, 0, 0, 0)
