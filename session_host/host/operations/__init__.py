"""Work that the agent of a structured chat has its client do; see ``session_host.structured.operations``.

runner     carries out the operations in order, and reports their results
files      reads and writes text files, inside of the chat's directory only
terminals  programs in terminals of their own, with bounded output
starter    takes the terminal and becomes the program; a script, in a process of its own
"""
