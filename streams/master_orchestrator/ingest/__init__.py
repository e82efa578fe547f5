"""Recorded drives into Kafka: files read as a stream, foreign columns mapped, nothing lost silently."""
