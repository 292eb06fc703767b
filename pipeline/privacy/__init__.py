"""Privacy: what of a call is personal, and how it is hidden in text and in sound.

``spans`` answers the one question that everything else asks: which stretches of a call's words are personal.
``masks`` hides them in text, ``sound`` finds when they are heard, ``clips`` cuts and covers recordings.
"""
