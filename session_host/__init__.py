"""Everything of Outlive that needs no display: hosts, keeper, client and commands. None imports Qt or ``gui``."""

import os
import sys

# A user's own msgspec.py is no library. `-m` and an empty entry of PYTHONPATH put the working directory on the path;
# PYTHONPATH's other entries, which are before the libraries, come after them here. Chats get the variable unchanged.
_root = os.path.dirname(os.path.dirname(__file__))  # noqa: PTH120 - pathlib is not imported yet
try:
    _directory = os.getcwd()  # noqa: PTH109
except OSError:
    _directory = ""  # It was removed.
_users = {os.path.abspath(each) for each in os.environ.get("PYTHONPATH", "").split(os.pathsep) if each}  # noqa: PTH100
_path = [each for each in sys.path if each == _root or each not in {"", _directory}]
sys.path[:] = sorted(_path, key=lambda each: each != _root and each in _users)

# Without typing_extensions msgspec uses typing instead. Importing typing_extensions takes a quarter of a short
# command's time, and typing has everything that this package needs.
if "typing_extensions" not in sys.modules:
    sys.modules["typing_extensions"] = None  # type: ignore[assignment] # "not to be imported" (importlib's rule)
    try:
        import msgspec  # noqa: F401
    finally:
        del sys.modules["typing_extensions"]
