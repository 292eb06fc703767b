"""Review: what persons say of what the machine said, and what the machine's figures are worth by it.

Nobody ever changes a verdict of the machine: persons add decisions, each stays on record. Start reading at
:mod:`pipeline.review.records`.

* ``records``: task, decision, outcome: what the tables and files hold
* ``plans``: ``configs/review.yaml``: whom to draw for review, and from where on figures raise an alarm
* ``facts``: what of a call decides whether it is drawn
* ``draw``, ``samples``: drawing calls with known probabilities; the file that says which and why
* ``identity``: what a decision is about, so that it stays with the same words when a call is judged again
* ``ledger``: samples, tasks and decisions in the database of results; nothing is overwritten
* ``outcome``: what became of a task, and who may decide next
* ``selection``, ``files``, ``book``: the file that a reviewer fills in, as JSON and as a workbook
* ``answers``: what was filled in becomes decisions, or is refused by row and column
* ``estimates``, ``kappa``, ``drift``, ``calibration``, ``recall``: the statistics
* ``figures``: plain records of all of them for reports; ``figures_table``: as tables
"""
