"""The program that agents' hooks run: sends an agent's report to the session's host.

It stands alone: it runs with Python's standard library only, so nothing of ours may be imported here, and nothing
imports it. It must not delay an agent, fail it, or print into its terminal.
"""
