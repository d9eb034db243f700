"""Claude Code's stream-json protocol (``claude -p --input-format stream-json --output-format stream-json``). Pure.

Claude Code has no public schema of this protocol. The facts come from versions 2.1.197 and 2.1.329, and from the types
of its SDK (https://docs.claude.com/en/api/agent-sdk/typescript).
"""
