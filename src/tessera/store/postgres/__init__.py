"""PostgreSQL as an engine of the store. Must not know: what the rows are for.

Offers `driver.PostgresDriver` to read and write through, and for commands `schema` (a database looked at and set up),
`inspection`, `checkup`, `purge`, `transfer`. A file uses only those below it (pyproject.toml holds the order):

    driver                           which connection a call goes to
    reads | commit_queue | feed      rows for a statement | group commit | whether the feed is to be read
    transaction                      one transaction: its statements, its COMMIT, its outcome
    pending_commit | write_lock      one caller's changes and answer | one writer at a time over all nodes
    channel                          listen and notify
    reconnecting                     a connection that is made again when it is lost
    servers, hosts, resolver         the primary among the servers of a URL
    pipeline                         one connection, and the exchanges on it
    statements | failures            statements, values and rows as text | errors

**A read** goes straight down: `driver.rows`, `first` and `values` are those of `reads.Reads`, which encodes the
parameters and sends one exchange over a `pipeline.PipelinedConnection`; its result comes back there and becomes rows.

**A commit** goes from `driver.commit` to a `commit_queue.CommitQueue`, which makes a `pending_commit.PendingCommit` of
it and, with those of other callers, a batch. `transaction.run` sends the batch in one exchange, reads each caller's
outcome and sends COMMIT in a second; its answer is the callers'.
"""
