"""The ``outlive`` command: one module for each verb, imported when it is asked for.

It turns words into calls of the client, the store and the catalog, and answers into lines, JSON and
exit codes. It must not know Qt: the window is another process, talked to by its socket. What
is imported here is paid for by every command, so it is next to nothing.

    program            which verb, and how errors become one line and an exit code
    arguments          argparse, with errors as ours
    output             printing: tables, JSON, one-line errors, whatever the locale
    sessions           finding the session that is meant
    attach             following a session in this terminal; with it
      outer_terminal     this terminal: raw mode, writing without blocking, putting all back
      terminal_input     its keyboard: bytes to what the user did (input_values, input_sequences, key_codes)
      terminal_painter   its screen: rows of the replica to bytes
    recording          a chat's recording, as ``replay`` and ``export`` go through it; with the latter
      export_cast, export_text, export_html  its forms; export_lines: every line that left the screen
"""

from session_host.cli.program import main

__all__ = ["main"]
