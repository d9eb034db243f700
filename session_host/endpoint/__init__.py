"""A chat with any OpenAI-compatible server: the program that runs for ``outlive new endpoint``.

The catalog lists this program as one more agent. It knows nothing of hosts and sessions: it speaks the Agent Client
Protocol on its standard input and output, and so runs in a chat view alone.
"""
