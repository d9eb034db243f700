"""A chat with any OpenAI-compatible server: the program that runs for ``outlive new endpoint``.

The catalog lists this program as one more agent. It knows nothing of hosts and sessions. In a terminal, it reports its
state like any program (OSC 2, OSC 7501); for a chat view, it speaks the Agent Client Protocol. Run it with
``python -m session_host.endpoint``.
"""
