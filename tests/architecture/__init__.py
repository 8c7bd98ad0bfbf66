"""The rules of the context, held by machine: shape, floors, words, and what must be told together.

Each rule is a function from a module to complaints, and is shown to complain about a planted breach of it.
"""
