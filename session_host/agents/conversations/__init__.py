"""Where agents keep their conversations: whether one can be gone on with, and who has it open.

A way for each agent, by the name that the catalog gives as ``place``. They read the agents' own files and tell what
is there; they must not write to any (but for ``gemini``, which has a reason), nor know of sessions or hosts.
"""

from session_host.agents.conversations.place import Found, Kept, Place, Sought
from session_host.agents.conversations.ways import PLACES, VARIABLES, before_start, look, opened_by

__all__ = ["PLACES", "VARIABLES", "Found", "Kept", "Place", "Sought", "before_start", "look", "opened_by"]
