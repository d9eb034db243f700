"""The keeper's processes: forked hosts, its children, and unrelated processes.

prefork    loads and uses all that hosts use, before they are forked, so that they share the memory
forking    a host as a fork of the keeper
children   the keeper's children, and their ends
unrelated  hosts and programs that are no children; their ends are seen by pidfds
"""
