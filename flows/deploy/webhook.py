"""Telling another system what became of a scheduled run: a signed POST, tried again until it is taken.

Off by default (``[watch] webhook``). Nothing personal is sent: names of runs and days, counts, ids of events.

The form is that of Standard Webhooks 1.0 (standardwebhooks.com): ``webhook-id`` is the same for every attempt
and names the event, ``webhook-timestamp`` is in seconds since 1970, ``webhook-signature`` is ``v1,`` and the
base64 of HMAC-SHA256 over ``id.timestamp.body``. Receivers refuse what is old or badly signed and do an event
once, by its id.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import httpx

from pipeline.errors import ConfigError, TingheError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.settings import WatchSettings

TRIES: Final = 5
FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 60.0
TIMEOUT_S: Final = 10.0
_TAKE_LATER: Final = frozenset({408, 425, 429})
"""Refusals that may be none the next time; other answers in the 400s stay what they are."""
_FEWEST_BYTES: Final = 16


class NotTaken(TingheError):
    """The other side did not take an event."""

    code = "webhook"
    retryable = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What is told.

    Attributes:
        id: the same whenever the same thing is told.
        kind: such as ``night.failed``.
        data: ids, names of runs, counts, times.
    """

    id: str
    kind: str
    data: Mapping[str, Any]

    def body(self) -> bytes:
        """The bytes that are sent and signed."""
        content = {"type": self.kind, "id": self.id, "data": dict(self.data)}
        return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def event_id(*parts: str) -> str:
    """A name for an event that is made of what it is about."""
    return f"evt_{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:32]}"


def signature(secret: bytes, event: str, timestamp: int, body: bytes) -> str:
    """What proves that the holder of the secret sent this, then.

    Args:
        secret: shared with the other side.
        event: id of the event.
        timestamp: seconds since 1970.
        body: what is sent.
    """
    content = f"{event}.{timestamp}.".encode() + body
    digest = hmac.new(secret, content, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """Where events go.

    Attributes:
        url: http or https.
        secret: signs what is sent; never shown.
        clock: seconds since 1970.
        wait: sleeps; a test passes its own.
    """

    url: str
    secret: bytes = field(repr=False)
    clock: Callable[[], float] = time.time
    wait: Callable[[float], None] = time.sleep

    @classmethod
    def of(cls, settings: WatchSettings, environment: Mapping[str, str]) -> Webhook | None:
        """That of the settings; ``None`` where there is none.

        Raises:
            ConfigError: the address is none, or the secret is missing or too short to be one.
        """
        if not settings.webhook:
            return None
        try:
            address = httpx.URL(settings.webhook)
        except httpx.InvalidURL:
            raise ConfigError("watch.webhook: is no address") from None
        if address.scheme not in ("http", "https") or not address.host:
            raise ConfigError("watch.webhook: must begin with http:// or https:// and name a host")
        return cls(url=settings.webhook, secret=_secret(environment, settings.webhook_secret_env))

    def send(self, event: Event) -> None:
        """Send an event, again and again with growing pauses.

        Raises:
            NotTaken: nobody took it, however often; or the other side will not have it.
        """
        body, pause, why = event.body(), FIRST_PAUSE_S, ""
        with httpx.Client(timeout=TIMEOUT_S, follow_redirects=False) as client:
            for attempt in range(TRIES):
                if attempt:
                    self.wait(pause)
                    pause = min(2 * pause, LONGEST_PAUSE_S)
                timestamp = int(self.clock())
                headers = {
                    "content-type": "application/json",
                    "user-agent": "tinghe",
                    "webhook-id": event.id,
                    "webhook-timestamp": str(timestamp),
                    "webhook-signature": signature(self.secret, event.id, timestamp, body),
                }
                try:
                    answer = client.post(self.url, content=body, headers=headers)
                except httpx.HTTPError as error:
                    why = type(error).__name__
                    continue
                if answer.is_success:
                    return
                why = f"HTTP {answer.status_code}"
                if answer.status_code < 500 and answer.status_code not in _TAKE_LATER:
                    break
        raise NotTaken(f"event {event.id} ({event.kind}) was not taken: {why}")


def _secret(environment: Mapping[str, str], variable: str) -> bytes:
    text = environment.get(variable, "")
    if not text:
        raise ConfigError(f"watch.webhook_secret_env: the variable {variable} is not set")
    encoded = text.removeprefix("whsec_")
    try:
        secret = text.encode() if encoded == text else base64.b64decode(encoded, validate=True)
    except binascii.Error:
        raise ConfigError(f"{variable}: what follows whsec_ is no base64") from None
    if len(secret) < _FEWEST_BYTES:
        raise ConfigError(f"{variable}: has fewer than {_FEWEST_BYTES} bytes")
    return secret
