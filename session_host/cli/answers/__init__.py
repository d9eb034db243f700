"""Subcommands that answer the questions of agents: in structured chats, and in terminals where the agent's hook asks.

approve    allow what an agent asks to do
deny       decline it
answering  finds the question, shows it whole, and sends the answer
"""
