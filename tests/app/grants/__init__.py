"""The operations of the token endpoint."""
