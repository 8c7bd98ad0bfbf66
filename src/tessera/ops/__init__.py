"""Operations: the clock, entropy, the log, and the slow hash.

Offers the real things behind `ports`. Must not know: OAuth, customers, where anything is stored.
"""
