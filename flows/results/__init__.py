"""What is made of a results folder after its night.

``opened``      its settings, its database, the calls of its source
``dashboards``  one dashboard over several folders
``coaching``    the coaching report, and proving its guide
``packing``     an audit pack
``reviewing``   samples for reviewers, and what they said
``retaining``   what is due to be deleted, and deleting it
``backtest``    its calls under old and new rules
``replaying``   its calls judged again as they were then, in a process of their own (``replay_child``)
"""
