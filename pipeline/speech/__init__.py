"""Samples become turns: who said what, and when.

Read :mod:`pipeline.speech.listen` first; it calls the others in their order:

``windows``     speech packed into windows, with a way back to the recording's time
``leakage``     a channel without the other channel's echo
``transcribe``  windows to segments with words, and a second look at what got no words
``clean``       what Whisper invents is taken out, and logged
``text``        simplified characters and full punctuation
``turns``       words to turns
``automatic``   automatic voices parted from people (``nonspeech`` finds tones and phrases)
``mix``         the words of a mono recording given to the two parties (``attribution``, ``voices``)
``enrolled``    voices of agents who agreed to be known by theirs; nobody's unless an operator opts in
``roles``       who is the collector (``cues`` weighs what is said)
"""

from pipeline.speech.listen import Hook, listen

__all__ = ["Hook", "listen"]
