"""The endpoint chat's terminal: input, output, markdown."""
