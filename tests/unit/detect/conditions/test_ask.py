"""Questions to a language model: a yes counts only with a literal quote, a failure is never a no."""

from dataclasses import dataclass, field

import pytest
from pydantic import ValidationError

from pipeline.detect.conditions.ask import Watched
from pipeline.detect.conditions.conditional import ConditionSet, WhenCheck
from pipeline.detect.facts import Facts
from pipeline.detect.schema import Condition
from pipeline.errors import EngineError
from pipeline.ports import Answer, LanguageJudge
from pipeline.types import Role
from tests.unit.detect.conditions.support import TOOLS, answer, call_view, rule_of, turn

QUESTION = "坐席是否威胁要上门？"


@dataclass
class Judge:
    """Answers by the turn; what is not written down is a no."""

    answers: dict = field(default_factory=dict)
    stays_here: bool = True
    identity: str = "test"
    asked: list = field(default_factory=list)

    def ask(self, question, role, text, before):
        self.asked.append((question, role, text, before))
        found = self.answers.get(text, Answer(yes=False, quote=""))
        if isinstance(found, Exception):
            raise found
        return found


def yes(quote):
    return Answer(yes=True, quote=quote, reason="理由")


def asked(judge, *spoken, metadata=None, **condition):
    view = call_view(*spoken, metadata=metadata, facts=Facts(judge=judge))
    return answer({"llm": {"question": QUESTION}, **condition}, view), view


@pytest.mark.parametrize(
    ("text", "quote", "place"),
    [
        ("明天去你家门口，ＯＫ", "去你家门口", (2, 7)),
        ("明天去你家门口，ＯＫ", "，ok", (7, 10)),  # as patterns fold
        ("明天去你家门口", " 去你家门口 ", (2, 7)),
        ("明天去你家门口", "去你们家门口", None),  # not literal
        ("明天去你家门口", "", None),
        ("明天去你家门口", "家", None),  # one character is no quote
        ("明天去你家门口", "明天去你家门口吗", None),
    ],
)
def test_a_yes_needs_a_literal_quote(text, quote, place):
    outcome, _ = asked(Judge({text: yes(quote)}), f"A: {text}")
    assert outcome.holds is (place is not None)
    assert [(p.start, p.end) for p in outcome.places] == ([place] if place else [])
    assert ("quote was not found" in outcome.note) is (place is None)
    assert "门口" not in outcome.note


def test_a_no_is_a_no():
    outcome, _ = asked(Judge(), "A: 您好")
    assert outcome.holds is False
    assert outcome.note == "the model says no"


def test_it_is_asked_once_a_turn_of_the_scope_with_the_turn_before():
    judge = Judge()
    asked(judge, "A: 您好", "C: 哪位", "A: 我是银行的", "A: ")
    assert judge.asked == [
        (QUESTION, Role.AGENT, "您好", ""),
        (QUESTION, Role.AGENT, "我是银行的", "哪位"),
    ]


def test_what_counts_and_what_does_not_is_part_of_the_question():
    judge = Judge()
    ask = {"question": QUESTION, "include": ["说要蹲守"], "exclude": ["依法走访", "协商上门"]}
    view = call_view("A: 您好", facts=Facts(judge=judge))
    answer({"llm": ask}, view)
    assert judge.asked[0][0] == f"{QUESTION}\n也算：说要蹲守\n不算：依法走访；协商上门"


def test_no_model_is_not_known():
    assert answer({"llm": {"question": QUESTION}}, call_view("A: 您好")).missing == "llm"


def test_a_failure_is_not_known_and_never_a_no():
    failing = Judge({"您好": EngineError("down", reason="judge_unreachable")})
    outcome, _ = asked(failing, "A: 您好", "A: 再见")
    assert outcome.holds is None
    assert outcome.missing == "llm"


def test_a_failure_elsewhere_hides_no_yes():
    judge = Judge({"您好": EngineError("down"), "去你家门口": yes("家门口")})
    outcome, _ = asked(judge, "A: 您好", "A: 去你家门口")
    assert outcome.holds


METADATA = {"customer_name": "张小燕", "agent_name": "赵强", "contact_name": "孙大海", "customer_id": "AB-77"}
TOLD = "张小燕，你电话13912345678，找孙大海去你家，编号AB-77"
SHOWN = "张＊＊，你电话＊＊＊＊＊＊＊＊＊＊＊，找孙＊＊去你家，编号＊＊＊77"


def test_what_leaves_the_machine_is_masked_and_the_quote_is_mapped_back():
    judge = Judge({SHOWN: yes("找孙＊＊去你家")}, stays_here=False)
    outcome, view = asked(judge, "C: 我是张小燕", f"A: {TOLD}", metadata=METADATA)
    assert judge.asked == [(QUESTION, Role.AGENT, SHOWN, "我是张＊＊")]
    (place,) = outcome.places
    assert view.turns[place.turn].text[place.start : place.end] == "找孙大海去你家"


def test_a_model_that_guesses_what_was_masked_quotes_nothing():
    judge = Judge({SHOWN: yes("找孙大海去你家")}, stays_here=False)
    assert asked(judge, f"A: {TOLD}", metadata=METADATA)[0].holds is False


def test_a_model_on_this_machine_reads_what_was_said():
    judge = Judge()
    asked(judge, f"A: {TOLD}", metadata=METADATA)
    assert judge.asked[0][2] == TOLD


def test_failures_are_remembered_for_the_report():
    watched = Watched(Judge({"您好": EngineError("down", reason="judge_unreachable"), "嗯好": yes("嗯好")}))
    assert isinstance(watched, LanguageJudge)
    assert watched.identity == "test"
    with pytest.raises(EngineError):
        watched.ask(QUESTION, Role.AGENT, "您好", "")
    assert watched.ask(QUESTION, Role.AGENT, "嗯好", "").yes
    assert watched.failures == ["judge_unreachable"]


def test_role_confidence_and_other_operators_limit_what_is_asked():
    judge = Judge()
    view = call_view("A: 您好", turn(1, "A: 去你家", role_confidence=0.4), facts=Facts(judge=judge))
    answer({"llm": {"question": QUESTION}, "role_confidence": 0.5}, view)
    answer({"llm": {"question": QUESTION}, "text": "没有这句"}, view)
    answer({"llm": {"question": QUESTION}, "any": [{"text": "没有这句"}]}, view)
    answer({"llm": {"question": QUESTION}, "turn_count": {"gt": 9}}, view)
    assert [text for _, _, text, _ in judge.asked] == ["您好"]


@pytest.mark.parametrize("ask", [{}, {"question": "？"}, {"question": QUESTION, "model": "m"}])
def test_wrong_parameters_are_refused(ask):
    with pytest.raises(ValidationError):
        Condition.model_validate({"llm": ask})


@pytest.mark.parametrize(
    "asking", [{"llm": {"question": QUESTION}}, {"any": [{"llm": {"question": QUESTION}}]}]
)
def test_a_model_is_not_asked_where_the_rest_decides(asking):
    judge = Judge()
    rule = rule_of({"asked": asking, "said": "没有的话"}, raise_when="asked and said")
    check = WhenCheck.of(rule, ConditionSet.of(rule, TOOLS))
    assert list(check.find(call_view("A: 明天去你家", facts=Facts(judge=judge)))) == []
    assert judge.asked == []
