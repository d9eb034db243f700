"""Random working trees, and everything that the product does to them: restore, discard, take back, remove, and undo.

``python -m tests.kills.work_at_random`` makes random cases; it compares the files before and after by a walk of its own
and by git's plumbing. No function of the product answers for this comparison.

model.py       a case: features of a repository, an action, a disturbance; its text repeats it
features.py    what a working tree may have: names, links, modes, filters, marks, repositories inside, …
trees.py       makes a working tree of a case's features
walks.py       what is in a directory, and how two such walks differ
child.py       does an action in a forked process, with the disturbance at one of its calls
instants.py    kills the process of an action at any system call
judge.py       does a case's actions, and says what was lost, not done, or not said
"""
