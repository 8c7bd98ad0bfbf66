"""Several processes on one data folder, and processes that die."""
