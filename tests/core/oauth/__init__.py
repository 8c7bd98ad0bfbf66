"""The domain rules of grants, issuer and metadata."""
