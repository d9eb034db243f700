"""Helpers of the tests: waiting, processes, displays, directories of each test, the leak check."""
