"""Counts a turn that has ended in a terminal, from the end of the agent's record: whether that has it whole, its work.

A module for each agent whose record says the work. Work that is known in part only is not known: a turn with
sub-agents, which have records of their own, has none. Tokens are "at least": the requests that compact or name a
conversation are in no record.
"""
