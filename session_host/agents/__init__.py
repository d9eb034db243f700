"""The agents that Outlive knows how to start, as data: one TOML file for each.

It turns files into argument vectors and environments; it asks the user's login shell where agents are, a
program what it is and can (``probe``), and an agent's own files what is kept of a conversation (``conversations``).
It must not start an agent to be talked to, nor know of sessions, hosts or windows. The entries that come with the
product are in ``resources/agents``; those of the user, in ``agents`` of the configuration directory, add to them or
change them.
"""
