"""Verbs that show chats and wait for them; a file for each."""
