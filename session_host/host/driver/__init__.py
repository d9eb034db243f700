"""Drives a session: calls the rules in ``session_host.session`` and carries out their effects."""
