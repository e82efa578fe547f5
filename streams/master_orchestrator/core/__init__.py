"""The rules: pure functions of state and input. No clock, randomness, I/O, logging, environment or Faust in here."""
