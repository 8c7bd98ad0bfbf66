"""Rules of OAuth: parameters, how clients let themselves be authenticated, the issuer, and the metadata document.

It waits for nothing and knows no HTTP.
"""
