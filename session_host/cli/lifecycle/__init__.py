"""Subcommands that start, end and change chats; one file for each."""
