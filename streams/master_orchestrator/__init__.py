"""Master Orchestrator: every vehicle's maintenance workflow, on Kafka."""
