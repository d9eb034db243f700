"""The program that agents' hooks run: sends an agent's report, or its question, to the session's host.

The program uses only Python's standard library: it must not import other modules of Outlive, and they must not import
it. It must not delay an agent, make it fail, or print into its terminal; its output is the user's answer to a question.
"""
