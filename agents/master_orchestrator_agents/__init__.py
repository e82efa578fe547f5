"""The agent SDK, its runners and the reference agents of Master Orchestrator."""
