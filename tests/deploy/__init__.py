"""Tests of the files for deploying: they name what is there, and what can be run is run."""
