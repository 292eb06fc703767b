"""What programs see of a batch while it runs: ``logs``, ``metrics`` and ``spans``, told by ``watching``."""
