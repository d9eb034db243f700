"""libghostty-vt: its C interface, and the basic calls of the engine."""
