"""Drives a session: calls the rules in ``session_host.session`` and carries out their effects.

``driver`` has the parts of every session, ``terminal`` and ``structured`` those of one kind.
"""
