"""The runner: takes commands from Kafka, runs the handler, sends the replies."""
