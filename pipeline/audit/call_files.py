"""What a pack has of one call: its result, a page, a transcript to read, clips of the evidence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pipeline.batch.keys import file_sha256
from pipeline.errors import RecordingError
from pipeline.export.masking import exported
from pipeline.report.files import file_stem
from pipeline.report.showing import clock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline.privacy.clips import Clipper
    from pipeline.privacy.sound import Cover

HERE: Final = "here"
"""The sound of a call is at hand; other words say why it is not."""
COVERED: Final = "covered"
"""There are clips, but personal data are covered in them though people may be shown."""
GONE, CHANGED, UNREADABLE, TEXT, LEFT_OUT = "gone", "changed", "unreadable", "text", "left_out"
SERIOUS: Final = frozenset({"critical", "major"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What is known of a call beside its result.

    Attributes:
        names: full names of the people of the call, to be hidden.
        playable: the copy that was made to listen to; so ``recording``, the original. ``None`` where there is
            none.
    """

    names: tuple[str, ...] = ()
    playable: Path | None = None
    recording: Path | None = None


@dataclass(slots=True, kw_only=True)
class CallFiles:
    """A call in a pack.

    Attributes:
        content: what may be shown of it.
        folder: where its files are in the pack.
        sound: ``here``, or why there are no clips.
        clips: by finding id, the path of its clip in the pack.
        files: content of the files made so far, by path in the pack.
    """

    content: Mapping[str, Any]
    folder: str
    sound: str
    clips: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutting:
    """How clips are cut.

    Attributes:
        clips: ``all``, ``serious`` (of critical and major findings) or ``none``.
        context_ms: what is heard before and after the evidence.
        cover: ``beep`` or ``silence`` where personal data are said.
        margin_ms: covered before and after them.
        key: opens stored sound that is encrypted.
    """

    clips: str = "all"
    context_ms: int = 10_000
    cover: Cover = "beep"
    margin_ms: int = 120
    key: bytes | None = field(default=None, repr=False)


def files_of(call: Mapping[str, Any], source: Source, *, mask: bool, cutting: Cutting) -> CallFiles:
    """The files of a call, without its page.

    Args:
        call: its JSON, in the published form.
        source: what else is known of it.
        mask: whether people are masked, in text and in sound.
        cutting: how clips are cut.
    """
    content = exported(call, source.names, mask=mask)
    made = CallFiles(content=content, folder=f"calls/{file_stem(content['call_id'])}", sound=LEFT_OUT)
    text = json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    made.files[f"{made.folder}/call.json"] = text.encode()
    made.files[f"{made.folder}/transcript.txt"] = "".join(_lines(content)).encode()
    wanted = [f for f in call["findings"] if _has_clip(f, cutting.clips)]
    if cutting.clips != "none":
        clipper, made.sound = _clipper(call, source, mask=mask, cutting=cutting)
        if clipper is not None:
            _cut(made, wanted, clipper, cutting.context_ms)
    return made


def _has_clip(finding: Mapping[str, Any], clips: str) -> bool:
    return (
        finding["start"] is not None
        and finding["end"] is not None
        and (clips == "all" or (clips == "serious" and finding["severity"] in SERIOUS))
    )


def _cut(made: CallFiles, findings: list[Mapping[str, Any]], clipper: Clipper, context_ms: int) -> None:
    """One clip for all findings on the same words."""
    from pipeline.privacy.clips import around

    for finding in findings:
        stretch = around(round(finding["start"] * 1000), round(finding["end"] * 1000), context_ms)
        path = f"{made.folder}/clips/{stretch[0]}-{stretch[1]}ms.wav"
        if path not in made.files:
            try:
                made.files[path] = clipper.clip(*stretch)
            except ValueError:  # the copy is shorter than the recording that was heard
                continue
        made.clips[finding["id"]] = path


def _clipper(
    call: Mapping[str, Any], source: Source, *, mask: bool, cutting: Cutting
) -> tuple[Clipper | None, str]:
    """What cuts clips and ``here`` or ``covered``, or nothing and why nothing can.

    Where people may be shown the original comes first: in the copy they are covered already.
    """
    from pipeline.privacy.clips import Clipper
    from pipeline.privacy.hearing import sound_spans

    sha256 = call["provenance"]["recording_sha256"]
    if sha256 is None:
        return None, TEXT
    spans = sound_spans(call, names=source.names, margin_ms=cutting.margin_ms) if mask else ()
    why = GONE
    copies = [(source.playable, False), (source.recording, True)]
    for path, original in copies if mask else reversed(copies):
        if path is None or not path.is_file():
            continue
        if original and file_sha256(path) != sha256:
            why = CHANGED
            continue
        try:
            clipper = Clipper(path, spans, mode=cutting.cover, key=cutting.key)
        except RecordingError:
            why = UNREADABLE
            continue
        return clipper, HERE if mask or original or not _is_covered(path, cutting.key) else COVERED
    return None, why


def _is_covered(path: Path, key: bytes | None) -> bool:
    from pipeline.privacy.vault import read_sound_file
    from pipeline.report.playable import is_covered

    return is_covered(read_sound_file(path, key))


def _lines(content: Mapping[str, Any]) -> Iterator[str]:
    """A transcript to read: time, party, words; under a turn the rules that it broke."""
    yield f"{content['call_id']}  {content['metadata'].get('started_at') or ''}\n\n"
    rules: dict[int, list[str]] = {}
    for finding in content["findings"]:
        if finding["turn"] is not None:
            rules.setdefault(finding["turn"], []).append(f"    [{finding['state']}] {finding['rule']}")
    for turn in content["turns"]:
        yield f"{clock(turn['start']):>8}  {turn['role']:<8}  {turn['text']}\n"
        yield from (f"{line}\n" for line in dict.fromkeys(rules.get(turn["index"], ())))
