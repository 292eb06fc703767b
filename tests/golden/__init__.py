"""Golden files: what a small invented call looks like in every form.

Write them anew after a wanted change with ``python -m tests.golden.regenerate`` and read the difference.
"""
