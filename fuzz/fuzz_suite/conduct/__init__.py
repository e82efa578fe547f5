"""Fuzzing of the ueba app: activity, requests about actors, and ticks."""
