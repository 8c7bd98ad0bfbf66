"""PostgreSQL at its own floor."""
