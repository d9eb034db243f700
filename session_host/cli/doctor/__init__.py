"""``outlive doctor``: checks of the installation, a file for each subject.

``command`` runs them all; ``check`` is the result of one.
"""
