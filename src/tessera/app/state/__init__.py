"""State that a process keeps between requests, each kind in a bounded size.

Operations change it through the context. No operation is its to know.
"""
