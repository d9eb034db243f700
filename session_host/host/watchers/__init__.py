"""Follows an agent's files, events and titles without polling."""
