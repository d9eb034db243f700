"""Verbs that start, end and change chats; a file for each."""
