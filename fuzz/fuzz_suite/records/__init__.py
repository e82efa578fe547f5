"""Mutated records of all input topics, through the engine's own processor, against vehicles in mid-workflow."""
