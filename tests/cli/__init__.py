"""The command line: help, errors and exit codes as goldens, every command on real folders and a real server."""
