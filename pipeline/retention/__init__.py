"""How long calls are kept, and how they are deleted: with a proof, and without a trace of what was said.

Start reading at :mod:`pipeline.retention.plan`.

* ``profiles``: ``configs/retention.yaml``: which periods apply to which calls, what is deleted after them
* ``settlements``: when debts were settled, for periods that end then
* ``holds``: legal holds; what is under one is not deleted
* ``inventory``: the calls of a results folder, with what decides about them
* ``plan``: what is due; pure
* ``files``, ``rows``: what there is of a call on disk and in the database, and deleting it
* ``apply``: doing it, so that it can be interrupted anywhere
* ``proof``: what is left: a chain of lines that say that something was deleted, and nothing of it
* ``gone``: the calls that later runs must leave out
* ``tables``: holds and intents in the database
"""
