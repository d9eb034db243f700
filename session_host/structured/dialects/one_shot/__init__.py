"""Agents that have one process a turn, run by ``session_host.one_shot``. Pure.

Such agents ask for no permission: what their settings do not allow, they decline by themselves.
"""
