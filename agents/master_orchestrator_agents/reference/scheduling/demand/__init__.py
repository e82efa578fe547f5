"""Demand: how many hours of work and which parts each workshop will need in the weeks ahead, with intervals.

``forecast.py`` puts it together; pure, and so measured on simulated years (``python bench scheduling forecast``).
Needs the extra ``forecast``.
"""
