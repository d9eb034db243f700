"""The program that agents' hooks run: sends an agent's report to the session's host.

It stands alone: whoever runs it has only Python's standard library, so nothing of ours may be imported here, and
nothing imports it. It must not delay an agent, fail it, or print into its terminal.
"""
