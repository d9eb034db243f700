"""Verbs that answer the questions of agents in structured chats.

approve    allow what an agent asks to do
deny       decline it
answering  finds the question, shows it whole, and sends the answer
"""
