"""The program's side of a host: its PTY, its emulator, its journal, its end.

pty_io           bytes between the event loop and the PTY, also the last ones
child_exit       the program's exit and its status
emulator_worker  the emulator, one use of it at a time; floods are interpreted in a thread
journal_writer   output into the journal, in batches, behind the emulator
termination      ends the processes that end with the program
"""
