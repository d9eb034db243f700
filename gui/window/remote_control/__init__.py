"""The window's socket: commands of ``outlive window``, and a second start of the program."""
