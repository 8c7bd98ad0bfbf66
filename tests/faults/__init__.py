"""Faults, and the proof that nothing acknowledged is lost in them. `python -m tests.faults --help` says more."""
