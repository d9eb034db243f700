"""Everything of Outlive that needs no display: hosts, keeper, client and commands. None imports Qt or ``gui``."""

import sys

# Without typing_extensions msgspec uses typing instead. Importing typing_extensions takes a quarter of a short
# command's time, and typing has everything that this package needs.
if "typing_extensions" not in sys.modules:
    sys.modules["typing_extensions"] = None  # type: ignore[assignment] # "not to be imported" (importlib's rule)
    try:
        import msgspec  # noqa: F401
    finally:
        del sys.modules["typing_extensions"]
