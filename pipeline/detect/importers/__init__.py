"""Rules of other products as draft packs, with an account of everything that is not as it was.

A pack that comes out loads and is for review only (``draft: true``). What has no counterpart is listed
with its place and reason, never dropped silently: :class:`~pipeline.detect.importers.draft.Reader` lists
every parameter that nobody read.
"""
