"""The whole system in one command: a fleet that breaks, agents that stumble, and a table to watch it all end."""
