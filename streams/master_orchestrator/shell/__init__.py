"""The Faust shell around the core: fetch, decide, one Kafka transaction per partition, restore, timers.

``docs/engine.md`` has the design; ``faust_replacements.py`` what is replaced of Faust, and why.
"""
