"""The in-memory shell: the same core and codec as on Kafka, in one process, without a broker.

Nothing outlives the process. Per vehicle, inputs are applied in the order of their arrival; commands are taken urgent
first by a pool of threads.
"""
