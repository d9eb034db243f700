"""``outlive doctor``: checks of the installation, one file for each subject."""
