"""The ground floor: pure tables and properties, no fixtures, no files."""
