"""The OAuth endpoints: tokens, revocation, introspection, and the metadata by which clients find them.

They know parameters and answers of the RFCs. The platform API is not theirs to know.
"""
