"""The token endpoint: the phases that all grants share, and what each grant brings.

A grant knows clients and tokens. HTTP is not its to know.
"""
