"""The program's side of a host: its PTY, its emulator, its journal, its end.

starting         starts the program in a fork, while the host gets ready
argv             the argv of the program; the setup of a worktree comes before the agent
program          the program on its PTY, from the moment it runs
pty_io           bytes between the event loop and the PTY, including the last output
child_exit       the program's exit and its status
emulator_worker  serializes access to the emulator; interprets floods in a thread
journal_writer   writes output to the journal in batches, off the key path
error_output     the standard error of a program without a terminal
termination      ends the processes that end with the program
"""
