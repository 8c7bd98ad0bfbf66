"""The channel of `listen` and `notify` by which nodes learn that a commit wrote notices.

A notification carries nothing: it says that the feed is to be read.
"""

from tessera.store.postgres.statements import prepared

CHANNEL = "tessera"

LISTEN = prepared(f"listen {CHANNEL}")
NOTIFY = prepared(f"select pg_notify('{CHANNEL}', '')")
