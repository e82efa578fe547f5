"""The rules, one family in each module. Each is a pure function: records in, violations out."""
