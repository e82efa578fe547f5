"""Regular service: how much a vehicle is used, and when each item of its plan is due."""
