"""Measures of the system, alone and next to other engines. See ``../README.md``."""
