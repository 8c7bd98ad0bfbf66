"""Moving everything: copies between engines, backups, and what comes of them when something goes wrong."""
