"""The commands of whole data folders."""
