"""Turns of agents for commands: waiting for their ends, and their answers."""
