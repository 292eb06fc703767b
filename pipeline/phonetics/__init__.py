"""How Mandarin sounds: syllables, how alike two of them are, and where a term sounds in a text.

``syllables``   characters and letters to their readings
``likeness``    the distance between two syllables, by what is mixed up in speech and in recognition
``search``      terms that sound like a stretch of a text, found through one index

Nothing here knows of calls; the lexicon of the trade stands in :mod:`pipeline.speech.nearsound`.
"""
