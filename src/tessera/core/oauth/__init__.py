"""Rules of OAuth: the grant table, the issuer, and the metadata document.

It waits for nothing and knows no HTTP.
"""
