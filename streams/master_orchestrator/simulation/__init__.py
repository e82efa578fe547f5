"""A seeded fleet: vehicles that drive, break and report, and the gateway that brings their readings to Kafka."""
