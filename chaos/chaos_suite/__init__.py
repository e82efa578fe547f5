"""The chaos suite: a whole system on a real cluster, load, faults from a seed; the judge is a package of its own."""
