"""Recorded acts with attacks and harmless oddities of known kinds, and how `ueba analyze` judges them."""
