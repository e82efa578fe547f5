"""Keep the processes of a system alive, and end them in order."""
