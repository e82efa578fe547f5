"""Measures of the reference SCHEDULING agent: no double booking, and its weeks against simpler ways to plan."""
