"""Subcommands that show chats and wait for them; one file for each."""
