"""Subcommands that answer the questions of agents: of structured chats, and of hooks in terminals."""
