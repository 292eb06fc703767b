"""The only place where models meet the pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.training.opinion import Labelled, LabelledLine, OutOfFamily
from flows.training.tone import WitnessedCall
from models.opinion_ngrams import further_lines, labelled_lines
from models.opinion_training import cross_examine, fold_of, lines_sha256
from models.registry import (
    build_diarizer,
    build_language_judge,
    build_second_opinion,
    build_speech_detector,
    build_tone_classifier,
    build_transcriber,
    build_voice_printer,
    build_word_frequencies,
)
from models.tone_training import load_taught, load_tone_calls, out_of_call
from models.weights import Catalogue
from pipeline.batch.keys import proving_basis
from pipeline.detect.proof import require_proof
from pipeline.detect.rulebook import rulebook_of
from pipeline.detect.second import load_policy
from pipeline.score import Scorecard, load_scorecard, require_card_proof
from pipeline.settings import cache_folder
from pipeline.speech.enrolled import known_voices
from pipeline.stages import Ears, Mind
from pipeline.tone.words import load_tone_weights
from pipeline.types import Tone
from pipeline.witnesses import Witnesses

if TYPE_CHECKING:
    from collections.abc import Collection

    from pipeline.detect.rulebook import RuleBook
    from pipeline.detect.second import Policy
    from pipeline.ports import SecondOpinion, SpeechDetector, VoicePrinter
    from pipeline.settings import Settings
    from pipeline.speech.enrolled import KnownVoices


def open_catalogue(settings: Settings) -> Catalogue:
    """The weights, in the cache folder that the settings name."""
    return Catalogue.load(cache=cache_folder(settings.models.cache_dir))


def load_rules(settings: Settings) -> RuleBook:
    """The rule packs, every example proven, now or by an earlier start with the same packs and program.

    Raises:
        RulePackError: a pack does not load or an example fails.
    """
    return require_proof(rulebook_of(settings), proving_basis())


def load_card(settings: Settings) -> Scorecard:
    """The scorecard, every example proven.

    Raises:
        ConfigError: it does not load or an example fails.
    """
    path = settings.path(settings.score.scorecard)
    return require_card_proof(load_scorecard(path), path)


def load_opinion(settings: Settings) -> SecondOpinion | None:
    """The learned second opinion, trained when it is not in the cache; ``None`` when it is switched off.

    Raises:
        ConfigError: the labelled lines are not usable.
        ModelError: training failed.
    """
    return build_second_opinion(settings, open_catalogue(settings))


def load_policy_of(settings: Settings) -> Policy:
    """How the second opinion joins the rules.

    Raises:
        ConfigError: the policy is not usable.
    """
    return load_policy(settings.path(settings.opinion.policy))


def load_labelled(settings: Settings, kinds: Collection[str] = ("rule", "act")) -> Labelled:
    """The corpora, with what models say of families of phrasing that they had not seen.

    Args:
        settings: name lines that are learned beside the shipped ones.
        kinds: of the labels that are asked for.

    Raises:
        ConfigError: a line is malformed.
    """
    import numpy as np

    lines = labelled_lines(further_lines(settings))
    complete = np.array([line.complete for line in lines])
    return Labelled(
        lines=tuple(
            LabelledLine(turns=x.turns, metadata=x.metadata, rules=x.rules, fold=fold_of(x.family))
            for x in lines
        ),
        sha256=lines_sha256(lines),
        labels=tuple(
            OutOfFamily(
                kind=x.label.kind,
                name=x.label.subject,
                # beside a violation acts are seldom written down: a rule that sees one is not wrong
                known=x.label.known & complete if x.label.kind == "act" else x.label.known,
                wanted=x.label.wanted,
                log_odds=x.log_odds,
            )
            for x in cross_examine(lines, kinds)
        ),
    )


def load_witnessed_calls(settings: Settings) -> tuple[WitnessedCall, ...]:
    """The invented calls with what witnesses say that had not seen them.

    Raises:
        ConfigError: the corpora are not usable.
        ModelError: the tone classifier is not usable.
    """
    import numpy as np

    calls, taught = load_tone_calls(), load_taught()
    opinions = out_of_call(labelled_lines(), taught)[-sum(len(call.turns) for call in calls) :]
    classifier = build_tone_classifier(settings, open_catalogue(settings))
    found, at = [], 0
    for call in calls:
        roles = tuple(turn.role for turn in call.turns)
        judged = classifier.classify([turn.text for turn in call.turns], roles)
        found.append(
            WitnessedCall(
                name=call.name,
                roles=roles,
                words=np.array([[one[tone] for tone in Tone] for one in judged]),
                opinions=opinions[at : at + len(roles)],
                tones=tuple(turn.tone for turn in call.turns),
            )
        )
        at += len(roles)
    return tuple(found)


def load_mind(settings: Settings) -> Mind:
    """What judging needs.

    Raises:
        ConfigError: rules, norms or scorecard are not usable.
        ModelError: the tone classifier is not usable.
    """
    catalogue = open_catalogue(settings)
    book = load_rules(settings)
    book.scanners(by_sound=settings.detect.by_sound)  # made now: the first call shall not wait for them
    return Mind(
        book=book,
        card=load_card(settings),
        tone=build_tone_classifier(settings, catalogue),
        tone_weights=load_tone_weights(),
        policy=load_policy_of(settings),
        opinion=load_opinion(settings),
        judge=build_language_judge(settings, catalogue),
    )


def load_witnesses(settings: Settings) -> Witnesses:
    """What speaks beside the rules; the rules themselves are somebody else's.

    Raises:
        ConfigError: the policy or the labelled lines are not usable.
        ModelError: a model is not usable.
    """
    catalogue = open_catalogue(settings)
    return Witnesses(
        settings=settings,
        policy=load_policy(settings.path(settings.opinion.policy)),
        tone=build_tone_classifier(settings, catalogue),
        tone_weights=load_tone_weights(),
        opinion=load_opinion(settings),
        judge=build_language_judge(settings, catalogue),
    )


def load_ears(settings: Settings) -> Ears:
    """The speech models, loaded once for a process.

    Raises:
        ConfigError: the file of enrolled voices cannot be used.
        ModelError: weights are missing or an engine does not start.
    """
    catalogue = open_catalogue(settings)
    return Ears(
        detector=build_speech_detector(settings, catalogue),
        transcriber=build_transcriber(settings, catalogue),
        diarizer=build_diarizer(settings, catalogue),
        words=build_word_frequencies(settings, catalogue),
        enrolled=load_enrolled(settings),
    )


def load_enrolled(settings: Settings) -> KnownVoices | None:
    """The enrolled voices, ``None`` where the operator did not opt in.

    Raises:
        ConfigError: the file of voices cannot be used.
        ModelError: weights are missing or the engine does not start.
    """
    if not settings.roles.enrolled:
        return None
    printer = build_voice_printer(settings, open_catalogue(settings))
    return known_voices(settings.path(settings.roles.enrolled), printer)


def load_enroller(settings: Settings) -> tuple[SpeechDetector, VoicePrinter]:
    """What enrolling a voice needs.

    Raises:
        ModelError: weights are missing or an engine does not start.
    """
    catalogue = open_catalogue(settings)
    return build_speech_detector(settings, catalogue), build_voice_printer(settings, catalogue)
