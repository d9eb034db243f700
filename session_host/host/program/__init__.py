"""The program's side of a host: its PTY, its emulator, its journal, its end."""
