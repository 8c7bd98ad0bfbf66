"""The platform API: customers, their points and levels, purchases and events, as partners' servers call it.

They know the members of bodies and addresses. The OAuth endpoints are not theirs to know.
"""
