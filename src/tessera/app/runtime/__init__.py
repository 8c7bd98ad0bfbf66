"""What processes and nodes agree on: leases, counts, readiness, and the time up to which rows may be purged.

No topic is its to know.
"""
