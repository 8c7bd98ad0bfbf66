"""Several server processes, each with a folder of its own, on one PostgreSQL database behind a proxy."""
