"""What is told is signed, told until it is taken, and told once."""

import json

import pytest

from flows.deploy.webhook import TRIES, Event, NotTaken, Webhook, event_id, signature
from pipeline.errors import ConfigError
from pipeline.settings import load_settings
from tests.patience import PATIENCE_S
from tests.webhook_receiver import SECRET, receiving

EVENT = Event(id=event_id("run", "failed"), kind="night.failed", data={"profile": "demo"})
WATCH = load_settings().watch


@pytest.fixture
def receiver(monkeypatch):
    monkeypatch.setattr("flows.deploy.webhook.TIMEOUT_S", PATIENCE_S)
    with receiving() as there:
        yield there


def webhook(receiver, waits, secret=SECRET):
    settings = WATCH.model_copy(update={"webhook": receiver.url})
    found = Webhook.of(settings, {"TINGHE_WEBHOOK_SECRET": secret})
    return Webhook(url=found.url, secret=found.secret, clock=lambda: 1_764_000_000.9, wait=waits.append)


def test_an_event_is_sent_with_its_signature(receiver):
    webhook(receiver, waits := []).send(EVENT)
    [(headers, body)] = receiver.requests
    assert receiver.signed()
    assert headers["webhook-timestamp"] == "1764000000"
    assert json.loads(body) == {"id": EVENT.id, "type": "night.failed", "data": {"profile": "demo"}}
    assert waits == []


def test_another_secret_gives_another_signature(receiver):
    webhook(receiver, [], secret="another secret, long enough").send(EVENT)
    assert not receiver.signed()


def test_the_signature_covers_id_time_and_body():
    one = signature(b"key", "evt_1", 1_764_000_000, b"{}")
    assert one == "v1,HxFH/C4WupuTG/HkR8TtiaXf2fsREBbs4FcWtDqCHAs="
    assert one != signature(b"key", "evt_2", 1_764_000_000, b"{}")
    assert one != signature(b"key", "evt_1", 1_764_000_001, b"{}")
    assert one != signature(b"key", "evt_1", 1_764_000_000, b"{ }")
    assert one != signature(b"kez", "evt_1", 1_764_000_000, b"{}")


def test_what_is_not_taken_is_sent_again_after_growing_pauses_under_the_same_id(receiver):
    receiver.answers = [503, "drop", 429]
    webhook(receiver, waits := []).send(EVENT)
    assert len(receiver.requests) == 4
    assert {headers["webhook-id"] for headers, _ in receiver.requests} == {EVENT.id}
    assert waits == [1.0, 2.0, 4.0]


def test_it_gives_up_after_some_tries_and_tells_no_address(receiver):
    receiver.answers = [500] * TRIES
    with pytest.raises(NotTaken, match="HTTP 500") as caught:
        webhook(receiver, []).send(EVENT)
    assert len(receiver.requests) == TRIES
    assert "127.0.0.1" not in str(caught.value)


@pytest.mark.parametrize("answer", [400, 404, 301])
def test_a_refusal_is_not_argued_with_and_a_redirection_not_followed(receiver, answer):
    receiver.answers = [answer]
    with pytest.raises(NotTaken, match=str(answer)):
        webhook(receiver, []).send(EVENT)
    assert len(receiver.requests) == 1


def test_it_is_off_by_default():
    assert Webhook.of(WATCH, {}) is None


@pytest.mark.parametrize(
    ("url", "secret", "message"),
    [
        ("https://ops.example/hook", None, "TINGHE_WEBHOOK_SECRET is not set"),
        ("https://ops.example/hook", "short", "fewer than 16"),
        ("https://ops.example/hook", "whsec_not base64!", "no base64"),
        ("ops.example/hook", SECRET, "must begin with http"),
        ("file:///etc/passwd", SECRET, "must begin with http"),
    ],
)
def test_what_cannot_work_is_an_error_of_configuration(url, secret, message):
    settings = WATCH.model_copy(update={"webhook": url})
    environment = {} if secret is None else {"TINGHE_WEBHOOK_SECRET": secret}
    with pytest.raises(ConfigError, match=message) as caught:
        Webhook.of(settings, environment)
    assert secret is None or secret not in str(caught.value)


def test_the_secret_is_not_shown():
    found = Webhook.of(
        WATCH.model_copy(update={"webhook": "https://ops.example"}), {"TINGHE_WEBHOOK_SECRET": SECRET}
    )
    assert "secret" not in repr(found)
