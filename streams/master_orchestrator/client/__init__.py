"""The client's side of a cluster: handing requests in, reading what the engine answers, running agents."""
