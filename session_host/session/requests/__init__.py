"""Requests of commands, step by step: type a text, stop or kill the program."""
