"""PostgreSQL: links that pipeline statements, one writer at a time over all nodes, the feed's notifications.

Offers `driver.PostgresDriver`, and `schema` to look at a database and set it up. Must not know: what the rows are for.
"""
