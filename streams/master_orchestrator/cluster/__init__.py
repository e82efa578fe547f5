"""A real Kafka on loopback without Docker, and the provisioning of its topics from the topology."""
