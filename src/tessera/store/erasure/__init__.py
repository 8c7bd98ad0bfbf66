"""Erasure in a SQLite file: zero what deleted rows left in unused bytes, beside servers that go on writing.

`pages` knows the format of a page, `images` finds the newest content of each page, `scrub` walks over all of them in
short steps, each under the write lock. Why it is done this way: docs/decisions/0020.
"""
