"""The clients' side of a host: sockets and requests."""
