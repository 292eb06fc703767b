"""What an auditor gets and can check without trusting us.

``access``     who saw people unmasked, when and why: a chained log
``archive``    the rules and configuration that calls were judged with, kept by their digests
``inputs``     what a judgement saw beside the words, so that it can be made again
``selection``  which calls a pack is about
``clauses``    what became of every clause: checked, hit, open, not checked
``pack``       one signed zip: findings, clips, transcripts, clauses, counters, versions
``verifier``   checks a pack; travels inside it as ``verify.py``
"""
