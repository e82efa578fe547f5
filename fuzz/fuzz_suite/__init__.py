"""Bad input, in quantity: records, ``topology.yaml``, command lines and ingest files, mutated from a seed.

Each target draws cases, puts them through the code that meets them in production, and accounts for every one. What
raises, hangs or is not accounted for is a finding: it is saved with its bytes, and can be replayed.
"""
