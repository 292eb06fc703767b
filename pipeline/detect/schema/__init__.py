"""What a rule pack may say. ``docs/rules.md`` explains it to the people who write them.

A pack is a YAML file in ``configs/rules/``. Every rule names what it is, whose words it reads,
what raises it and what spares it, and holds examples that must and must not raise it; a pack
whose examples fail does not load.
"""

from pipeline.detect.schema.conditions import Condition, Flow
from pipeline.detect.schema.contexts import Context, ContextFile
from pipeline.detect.schema.examples import Example, ExampleSet, Line
from pipeline.detect.schema.parts import Comparison, FieldTest, Part, Says
from pipeline.detect.schema.raising import Absent, Amount, Hit, Neighbour, Order
from pipeline.detect.schema.rules import Kind, Rule, RulePack

__all__ = [
    "Absent",
    "Amount",
    "Comparison",
    "Condition",
    "Context",
    "ContextFile",
    "Example",
    "ExampleSet",
    "FieldTest",
    "Flow",
    "Hit",
    "Kind",
    "Line",
    "Neighbour",
    "Order",
    "Part",
    "Rule",
    "RulePack",
    "Says",
]
