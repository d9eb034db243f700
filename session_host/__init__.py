"""Everything of Outlive that needs no display: sessions which outlive whoever looks at them.

Its rooms, one reason each, are in ARCHITECTURE.md; which of them may import which, in pyproject.toml.
``clock``, ``errors``, ``loops``, ``paths``, ``peer`` and ``version`` are shared by all of them.
Nothing in here imports Qt or ``gui``.
"""

import sys

# msgspec takes what it needs from typing where there is no typing_extensions, whose import takes a quarter of the time
# of a short command, and nothing here needs more than typing has.
if "typing_extensions" not in sys.modules:
    sys.modules["typing_extensions"] = None  # type: ignore[assignment] # "not to be imported" (importlib's rule)
    try:
        import msgspec  # noqa: F401
    finally:
        del sys.modules["typing_extensions"]
