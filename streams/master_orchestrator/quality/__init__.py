"""`quality analyze`: production and claims from files, judged, told and drawn."""
