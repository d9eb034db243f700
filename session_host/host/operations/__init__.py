"""Work that the agent of a structured chat has its client do; see ``session_host.structured.operations``."""
