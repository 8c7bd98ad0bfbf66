"""Operations: the clock, entropy, the log, the numbers, traces, TLS files, the slow hash, and the sender of messages.

Offers the real things behind `ports`. Must not know: OAuth, customers, where anything is stored.
"""
