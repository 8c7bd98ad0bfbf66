"""The commands of applications."""
