"""The rules, a module per family. Each takes an actor's state and one act, and yields what it sees in it.

A rule looks first and learns afterwards; what it found unusual it does not learn.
"""
