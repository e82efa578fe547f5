"""Workflow engines doing the same work: six durable no-op steps in order, and one durable event from outside."""
