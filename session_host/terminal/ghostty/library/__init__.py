"""libghostty-vt: its C interface, and the calls that the engine is made of.

binding       the loaded library; the only file that knows pyghostty
declarations  makes ``tables`` from pyghostty's declarations
tables        the C interface in the form that loads without a C parser; made, not edited
calls         the few calls that everything else is made of
setup         a new terminal, and its options
"""
