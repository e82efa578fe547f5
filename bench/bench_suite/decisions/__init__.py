"""Fleets with faults, look-alikes and drifts, and what the system decides about them. See ``../../README.md``."""
