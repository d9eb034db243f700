"""Session descriptors and the files in memory behind them; they outlive any one host.

The keeper and the host hold the same descriptors. At every instruction of the host, each byte that the program wrote is
in the PTY, the pipe or the file. Each byte for the program is before or after the input log's position. So a host that
is killed loses nothing that only it had. This package does not know event loops, sockets' peers or engines.
"""
