"""Coaching: what each agent and team does well, two things to work on, and a better wording for each.

``guide``      the skills, how each is measured, and wordings by situation: ``configs/coaching.yaml``
``talk``       a call as coaching looks at it; ``situation`` what stands right before a turn
``sightings``  what a call shows of each skill, with the moment that shows it
``tally``      counts of an agent, call by call; ``compare`` shares with intervals, ``choose`` what is said
``wording``    a wording for a situation, its slots filled with what was said
``fairness``   whether results hang on codec, length, sex, clearness or hour
``reading``    results folders to a :class:`~pipeline.coaching.reading.Period`
``report``     pages and tables of a period

A call with a red line or with pressure is never an example to follow, a promise under pressure never a
success.
"""
