"""The read side of the store by topic: a statement each, and its rows as values.

Offers one class a topic, which `store.SQLStore` puts together. Must not know: which engine is underneath.
"""
