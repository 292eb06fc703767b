"""The language model behind a service: what is sent, what is believed, what is an error."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from models import judge_openai
from models.judge_openai import OpenAIJudge
from models.registry import build_language_judge
from models.weights import Catalogue
from pipeline.errors import ConfigError, EngineError, UnknownNameError
from pipeline.ports import LanguageJudge
from pipeline.settings import Settings
from pipeline.types import Role
from tests.flows.support import guarded
from tests.patience import PATIENCE_S
from tests.stand_in import StandIn, says, serving

KEY = "sk-never-to-be-seen"


@contextmanager
def judged_by(*replies: object, **given: Any) -> Iterator[tuple[OpenAIJudge, StandIn]]:
    stand_in = StandIn(*replies)
    with serving(stand_in) as address:
        options = {"model": "m", "timeout_s": PATIENCE_S, "backoff_s": 0.0, **given}
        yield OpenAIJudge(base_url=address, **options), stand_in


def ask(judge: OpenAIJudge, question: str = "坐席是否威胁上门？") -> Any:
    return judge.ask(question, Role.AGENT, "明天我就去你家门口站着", "我没钱")


def with_judge(settings: Settings, **given: Any) -> Settings:
    chosen = settings.judge.model_copy(
        update={"engine": "openai", "base_url": "http://h/v1", "model": "m", **given}
    )
    return settings.model_copy(update={"judge": chosen})


def test_an_answer_comes_back_as_it_was_written() -> None:
    with judged_by(says(True, "去你家门口", "说要上门")) as (judge, stand_in):
        assert isinstance(judge, LanguageJudge)
        answer = ask(judge)
    assert (answer.yes, answer.quote, answer.reason) == (True, "去你家门口", "说要上门")
    assert stand_in.turns == [
        {
            "question": "坐席是否威胁上门？",
            "speaker": "坐席",
            "before": "我没钱",
            "turn": "明天我就去你家门口站着",
        }
    ]
    assert stand_in.asked[0]["temperature"] == 0
    assert stand_in.asked[0]["model"] == "m"


@pytest.mark.parametrize(
    "wrapped",
    ["```json\n{}\n```", "```\n{}\n```", "<think>先想想 {{}}</think>\n{}", " {} \n"],
)
def test_wrappings_are_taken_off(wrapped: str) -> None:
    with judged_by(wrapped.replace("{}", says(False)).replace("{{}}", "{}")) as (judge, _):
        assert ask(judge).yes is False


@pytest.mark.parametrize(
    "garbage",
    [
        "是的，坐席威胁了客户。",
        "",
        '{"yes": "true", "quote": "", "reason": ""}',
        '{"yes": true, "quote": null, "reason": ""}',
        '{"yes": true, "quote": "门口"}',
        '{"yes": true, "quote": "门口", "reason": "", "score": 1}',
        '[{"yes": true, "quote": "门口", "reason": ""}]',
        says(True, "门口") + "\n以上是我的判断。",
        b"<html>busy</html>",
        "[" * 100_000,
        b'{"choices": []}',
        b'{"choices": [{"message": {"content": null}}]}',
        b"\xff\xfe",
    ],
)
def test_anything_else_is_an_error_and_not_asked_again(garbage: object) -> None:
    with judged_by(garbage) as (judge, stand_in), pytest.raises(EngineError) as caught:
        ask(judge)
    assert caught.value.reason == "judge_answer"
    assert "门口" not in str(caught.value)
    assert len(stand_in.asked) == 1


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_service_in_trouble_is_asked_again(status: int) -> None:
    with judged_by(status, status, says(True, "门口")) as (judge, stand_in):
        assert ask(judge).yes
    assert len(stand_in.asked) == 3


@pytest.mark.parametrize(("reply", "times"), [(500, 3), (401, 1), (400, 1), (307, 1)])
def test_a_service_that_refuses_is_an_error(reply: int, times: int) -> None:
    refused = pytest.raises(EngineError, match=f"status {reply}")
    with judged_by(reply) as (judge, stand_in), refused as caught:
        ask(judge)
    assert caught.value.reason == "judge_unreachable"
    assert len(stand_in.asked) == times


def test_silence_ends() -> None:
    with judged_by(30.0, timeout_s=0.05) as (judge, _), pytest.raises(EngineError, match="ReadTimeout"):
        ask(judge)


def test_an_answer_without_end_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge_openai, "MOST_BYTES", 1000)
    with judged_by("好" * 2000) as (judge, _), pytest.raises(EngineError, match="does not end"):
        ask(judge)


def test_nobody_there() -> None:
    judge = OpenAIJudge(base_url="http://127.0.0.1:9/v1", model="m", timeout_s=PATIENCE_S, backoff_s=0)
    with pytest.raises(EngineError, match="ConnectError"):
        ask(judge)


def test_the_same_question_is_asked_once_and_a_failure_again() -> None:
    with judged_by("garbage", says(True, "门口"), says(False)) as (judge, stand_in):
        with pytest.raises(EngineError):
            ask(judge)
        assert ask(judge).yes
        assert ask(judge).yes
        assert not ask(judge, "另一个问题？").yes
    assert len(stand_in.asked) == 3


def test_a_dead_service_is_left_alone() -> None:
    with judged_by(500) as (judge, stand_in):
        for number in range(judge_openai.GIVES_UP_AFTER + 2):
            with pytest.raises(EngineError) as caught:
                ask(judge, f"第{number}问？")
            assert caught.value.reason == "judge_unreachable"
    assert len(stand_in.asked) == judge_openai.GIVES_UP_AFTER * judge_openai.ATTEMPTS


def test_the_key_comes_from_the_environment_and_is_never_shown(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("TINGHE_JUDGE_KEY", KEY)
    stand_in = StandIn(401)
    caplog.set_level(logging.DEBUG)
    with serving(stand_in) as address:
        catalogue = Catalogue.load(cache=tmp_path)
        judge = build_language_judge(with_judge(settings, base_url=address), catalogue)
        assert isinstance(judge, OpenAIJudge)
        with pytest.raises(EngineError) as caught:
            ask(judge)
    assert stand_in.headers[0]["Authorization"] == f"Bearer {KEY}"
    seen = (repr(judge), judge.identity, repr(caught.value), str(caught.value.__cause__), caplog.text)
    assert not any(KEY in text or "门口" in text for text in seen)


def test_a_key_that_no_header_can_carry_is_named_and_not_told(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINGHE_JUDGE_KEY", f"{KEY}钥")
    with pytest.raises(ConfigError, match="TINGHE_JUDGE_KEY") as caught:
        build_language_judge(with_judge(settings), Catalogue.load(cache=tmp_path))
    assert KEY not in str(caught.value)


def test_without_a_key_none_is_sent(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TINGHE_JUDGE_KEY", raising=False)
    stand_in = StandIn(says(False))
    with serving(stand_in) as address:
        judge = build_language_judge(with_judge(settings, base_url=address), Catalogue.load(cache=tmp_path))
        assert judge is not None
        judge.ask("问题是什么？", Role.CUSTOMER, "喂", "")
    assert "Authorization" not in stand_in.headers[0]


def test_off_by_default(settings: Settings, tmp_path: Path) -> None:
    assert settings.judge.engine == "none"
    assert build_language_judge(settings, Catalogue.load(cache=tmp_path)) is None


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"base_url": ""}, ConfigError, "judge.base_url"),
        ({"base_url": "ftp://h/v1"}, ConfigError, "judge.base_url"),
        ({"base_url": "http://h:port/v1"}, ConfigError, "judge.base_url"),
        ({"base_url": "http://h:99999/v1"}, ConfigError, "judge.base_url"),
        ({"base_url": "http://[::1/v1"}, ConfigError, "judge.base_url"),
        ({"base_url": f"https://me:{KEY}@h/v1"}, ConfigError, "no user, password or query"),
        ({"base_url": f"https://h/v1?key={KEY}"}, ConfigError, "no user, password or query"),
        ({"model": ""}, ConfigError, "judge.model"),
        ({"engine": "opnai"}, UnknownNameError, "Did you mean 'openai'"),
    ],
)
def test_wrong_settings_are_named_without_their_secrets(
    settings: Settings, tmp_path: Path, given: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message) as caught:
        build_language_judge(with_judge(settings, **given), Catalogue.load(cache=tmp_path))
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("address", "always", "stays"),
    [
        ("http://127.0.0.1:8000/v1", False, True),
        ("http://localhost/v1", False, True),
        ("http://[::1]:8000/v1", False, True),
        ("http://127.0.0.1:8000/v1", True, False),
        ("https://api.example.org/v1", False, False),
        ("http://localhost.example.org/v1", False, False),
        ("http://127.0.0.1.example.org/v1", False, False),
        ("http://10.0.0.5/v1", False, False),
    ],
)
def test_what_stays_on_this_machine(address: str, always: bool, stays: bool) -> None:
    judge = OpenAIJudge(base_url=address, model="m", mask_always=always)
    assert judge.stays_here is stays
    assert (" local " in judge.identity) is (stays or always)


ASK_ONCE = """
from flows.privacy.sealed import seal
seal()
from pathlib import Path
from flows.wiring import open_catalogue
from models.registry import build_language_judge
from pipeline.errors import EngineError
from pipeline.settings import load_settings
from pipeline.types import Role
settings = load_settings(Path("judge.toml"))
judge = build_language_judge(settings, open_catalogue(settings))
try:
    print(judge.ask("是否威胁？", Role.AGENT, "去你家门口", "").yes)
except EngineError as error:
    print(error.reason)
"""


def asked_in_a_sealed_process(folder: Path, address: str, **environment: str) -> Any:
    (folder / "judge.toml").write_text(
        f'[judge]\nengine = "openai"\nbase_url = "{address}"\nmodel = "m"\ntimeout_s = {PATIENCE_S}\n',
        encoding="utf-8",
    )
    return guarded(["-c", ASK_ONCE], folder / "connections.log", **environment)


def test_the_seal_lets_a_local_service_through_and_nothing_else(tmp_path: Path) -> None:
    with serving(StandIn(says(True, "门口"))) as address:
        outcome = asked_in_a_sealed_process(tmp_path, address, HTTP_PROXY="http://proxy.example.org:3128")
    assert outcome.stdout.strip() == "True", outcome.stderr
    assert outcome.connections == ""


def test_a_remote_service_is_the_only_host_that_is_called(tmp_path: Path) -> None:
    outcome = asked_in_a_sealed_process(
        tmp_path, "https://judge.example.org/v1", HTTPS_PROXY="http://proxy.example.org:3128"
    )
    assert outcome.stdout.strip() == "judge_unreachable", outcome.stderr
    hosts = {line.split()[1] for line in outcome.connections.splitlines()}
    assert hosts == {"judge.example.org"}
