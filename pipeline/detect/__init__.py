"""From turns to findings, acts and events, by rule packs that a compliance officer can read.

``schema``    what a rule pack may say
``patterns``  phrases with gaps and word lists, compiled
``context``   who is really saying it: negation, reported speech, warnings
``match``     a rule's hits in single turns
``checks``    rules about absence, order, the clock and amounts
``rulebook``  loading packs and proving their examples
``engine``    everything together: :func:`pipeline.detect.engine.detect`
"""
