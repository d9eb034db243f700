"""libghostty-vt: its C interface, and the basic calls of the engine.

binding       the loaded library; the only file that knows pyghostty
declarations  generates ``tables`` from pyghostty's declarations
tables        the C interface in a form that loads without a C parser; generated
calls         the basic calls of the library
setup         creates a terminal with its options
"""
