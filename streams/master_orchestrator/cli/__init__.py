"""The command line: one small module per group of commands. Nothing imports it.

Each module has `register(app)` and imports what its commands need only when they run, so that `--help` is instant.
"""
