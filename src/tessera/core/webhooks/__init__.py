"""Rules of webhooks: their signatures, and when a delivery is tried again.

It waits for nothing and sends nothing.
"""
