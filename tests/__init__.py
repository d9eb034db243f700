"""The tests of Outlive, and its benchmarks (``python -m tests.benchmarks``)."""
