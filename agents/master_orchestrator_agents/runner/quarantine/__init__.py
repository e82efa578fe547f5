"""Finds the command that kills its runners, and keeps it from killing more."""
