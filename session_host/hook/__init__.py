"""The program that agents' hooks run: sends an agent's report, or its question, to the session's host.

The program stands alone: it uses only Python's standard library, so it must not import any other module of Outlive, and
no other module imports it. It must not delay an agent, make it fail, or print into its terminal; its output is the
user's answer to a question.
"""
