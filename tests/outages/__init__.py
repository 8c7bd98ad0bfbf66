"""What holds while the database is away: stopped, killed, silent, full, without connections, failed over."""
