"""How a call was held: talk, silence, interruptions, rate, answers, questions and the course of tone.

Reported, never deducted; definitions and reference values in docs/conduct.md.
"""

from pipeline.conduct.measure import conduct_of

__all__ = ["conduct_of"]
