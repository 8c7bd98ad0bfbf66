"""The schema's history, run by Alembic: forward only. `HEAD` is the revision this version of Tessera works with."""

HEAD = "0014"
