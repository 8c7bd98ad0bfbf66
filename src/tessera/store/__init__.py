"""The cellar: every SQL statement, once, and the engines that run them.

Offers `SQLStore` over a driver, `migrate` and the conformance contract of `ports`.
Must not know: what the rows are for, HTTP, who is asking.
"""
