"""The papers are held to the code: what a user can touch is documented, and every example runs."""
