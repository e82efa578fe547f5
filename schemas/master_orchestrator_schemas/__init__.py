"""The contracts of Master Orchestrator: messages, agent tasks and results, codec, topology."""
