"""The product's version, in one place."""

import re

VERSION = "0.1.0"


def is_older(version: str, than: str = VERSION) -> bool:
    """Whether a version is older than another one, than this by default; "", an unknown one, is not."""
    return bool(version) and _numbers(version) < _numbers(than)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])
