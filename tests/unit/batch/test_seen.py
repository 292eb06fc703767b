"""What a call sees of others is all that rules can see, and no more than it needs."""

import shutil
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.batch.seen import After, digest_of, seen_by
from pipeline.contacts import number_key
from pipeline.detect.conditions.across import shared_with
from pipeline.detect.engine import detect
from pipeline.detect.facts import Facts
from pipeline.detect.rulebook import load_rulebook
from pipeline.detect.second import load_policy
from pipeline.metadata import CHINA, CallMetadata
from pipeline.settings import CONFIGS, load_settings
from pipeline.types import Call, Contact, History, PastPromise, Role, Transcript, Turn

SETTINGS = load_settings()
NOON = datetime(2026, 3, 5, 12, 0, tzinfo=CHINA)


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rules")
    for name in ("contexts.yaml", "words.yaml", "contacts.yaml"):
        shutil.copy(CONFIGS / "rules" / name, folder / name)
    return load_rulebook(folder, CONFIGS / "norms.yaml")


moments = st.integers(-72 * 60, 24 * 60).map(lambda minutes: NOON + timedelta(minutes=minutes))
contacts = st.builds(
    Contact,
    at=moments,
    call_id=st.one_of(st.none(), st.integers(0, 99).map(str)),
    debtor=st.sampled_from(["k1", "k2", None]),
    number=st.sampled_from([number_key("13800000001"), number_key("13800000002"), None]),
    lender=st.sampled_from(["示例银行", "别的银行", None]),
    callee_role=st.sampled_from(["debtor", "relative", None]),
    direction=st.sampled_from(["outbound", "inbound", None]),
    connected=st.sampled_from([True, False, None]),
    talk_ms=st.sampled_from([None, 1_000, 90_000]),
    asked_for=st.booleans(),
    events=st.sets(st.sampled_from(["contact_refused", "wrong_number", "third_party"])).map(frozenset),
)
promises = st.builds(
    PastPromise,
    debtor=st.sampled_from(["k1", "k2"]),
    lender=st.sampled_from(["示例银行", None]),
    made_at=moments,
    amount=st.just(Decimal(100)),
    due=st.just(date(2026, 3, 4)),
    kept=st.sampled_from([True, False, None]),
)


@settings(max_examples=60)
@given(
    others=st.lists(contacts, max_size=14),
    promised=st.lists(promises, max_size=4),
    role=st.sampled_from(["debtor", "relative"]),
    from_dial_log=st.booleans(),
    own=st.booleans(),
)
def test_rules_find_the_same_in_what_is_seen_as_in_everything(
    book, others, promised, role, from_dial_log, own
):
    metadata = {
        "customer_id": "k1",
        "started_at": NOON,
        "direction": "outbound",
        "callee_role": role,
        "lender": "示例银行",
        "lender_type": "bank",
    }
    if not own:  # the number is only known from the record of the dialler
        metadata["called_number"] = "13800000001"
    else:
        others = [*others, Contact(at=NOON, call_id="this", number=number_key("13800000001"))]
    call = Call(call_id="this", metadata=CallMetadata.model_validate(metadata))
    turns = (
        Turn(index=0, role=Role.AGENT, role_confidence=1.0, text="您好，请您尽快还款。"),
        Turn(index=1, role=Role.CUSTOMER, role_confidence=1.0, text="知道了。"),
    )
    history = History(
        contacts=tuple(sorted(others, key=lambda c: (c.at, c.call_id or "", c.number or ""))),
        promises=tuple(sorted(promised, key=lambda p: (p.made_at, p.debtor, p.amount or 0))),
        from_dial_log=from_dial_log,
        supplied=frozenset({"customer_id", "called_number"}),
    )
    alike = frozenset(name for compiled in book.rules for name in shared_with(compiled.rule))
    seen = seen_by(call, history, alike)
    found = [
        detect(
            call,
            Transcript(turns=turns),
            book,
            SETTINGS.detect,
            SETTINGS.roles,
            facts=Facts(history=known),
            policy=load_policy(SETTINGS.path(SETTINGS.opinion.policy)),
        )
        for known in (history, seen)
    ]
    assert found[0] == found[1]
    assert seen_by(call, seen, alike) == seen
    strangers = {"k2"} - {None}
    assert not [c for c in seen.contacts if c.debtor in strangers and c.number != number_key("13800000001")]


def test_what_comes_later_is_not_seen():
    call = Call(call_id="a", metadata=CallMetadata.model_validate({"customer_id": "k1", "started_at": NOON}))
    later = Contact(at=NOON + timedelta(minutes=1), debtor="k1")
    earlier = Contact(at=NOON - timedelta(minutes=1), debtor="k1")
    seen = seen_by(call, History(contacts=(earlier, later)), {"debtor"})
    assert seen.contacts == (earlier,)
    assert digest_of(seen) == digest_of(seen_by(call, History(contacts=(earlier,)), {"debtor"}))


def test_a_call_without_a_time_sees_only_what_is_supplied():
    call = Call(call_id="a", metadata=CallMetadata(customer_id="k1"))
    history = History(contacts=(Contact(at=NOON, debtor="k1"),), supplied=frozenset({"x"}))
    assert seen_by(call, history, {"debtor"}) == History(supplied=frozenset({"x"}))


@given(
    after=st.builds(
        After,
        connected=st.sampled_from([True, False, None]),
        talk_ms=st.one_of(st.none(), st.integers(0, 10**7)),
        events=st.lists(st.sampled_from(["a", "b"]), unique=True).map(tuple),
        promised=st.booleans(),
        amount=st.one_of(st.none(), st.decimals(0, 10**6, places=2)),
        due=st.one_of(st.none(), st.dates()),
    )
)
def test_what_is_kept_of_a_call_comes_back(after):
    assert After.from_json(after.to_json()) == after
