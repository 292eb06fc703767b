"""The dashboard of a batch or a period: where calls stand, how sure that is, and which calls to look at."""
