"""Reading what the engine wrote: the audit trail and the newest status of every workflow."""
