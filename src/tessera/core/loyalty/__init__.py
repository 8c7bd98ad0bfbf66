"""The loyalty law: point accounts and the ledger's arithmetic, tier systems and progress through them.

Offers `points` and `tiers`. Must not know where rows come from, or who is asking.
"""
