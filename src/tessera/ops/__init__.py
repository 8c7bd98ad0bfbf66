"""Operations: the clock, entropy, the log, the slow hash, and the sender of messages.

Offers the real things behind `ports`. Must not know: OAuth, customers, where anything is stored.
"""
