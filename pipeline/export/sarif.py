"""SARIF 2.1.0 (OASIS): the findings of a batch as one log, written while calls are read.

A violation is a ``fail`` with a level; what waits for a person is a ``review``, what lacks something is
``open``, and both have the level ``none``, as the standard asks. Clauses are a taxonomy. A place is the
JSON of the call by a pointer to the turn, with the words and their times as properties.
"""

from __future__ import annotations

import json
from typing import IO, TYPE_CHECKING, Any, Final

from pipeline import __version__
from pipeline.redact import MASK
from pipeline.types import FindingState, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.export.calls import ExportedCall
    from pipeline.report.english import English

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_RESULTS: Final = "RESULTS"
"""Stands for the results folder in the addresses of calls."""
_NORMS: Final = "norms"
_KIND: Final = {
    FindingState.VIOLATION.value: "fail",
    FindingState.NEEDS_REVIEW.value: "review",
    FindingState.CANNOT_DECIDE.value: "open",
}
_LEVEL: Final = {
    Severity.CRITICAL.value: "error",
    Severity.MAJOR.value: "warning",
    Severity.MINOR.value: "note",
}


class SarifLog:
    """A log that is written as calls come; :meth:`close` ends it.

    Args:
        file: where the log goes.
        masked: whether people are masked in the calls.
        rule_titles: title of each rule by name.
        norms: title of each clause by id.
        english: the English of titles and reasons, for a log in English; ``None`` for one in Chinese.
    """

    def __init__(
        self,
        file: IO[str],
        *,
        masked: bool,
        rule_titles: Mapping[str, str],
        norms: Mapping[str, str],
        english: English | None = None,
    ) -> None:
        self._file = file
        self._masked = masked
        self._titles = rule_titles
        self._norms = norms
        self._english = english
        self._rules: dict[str, int] = {}
        self._clauses: dict[str, int] = {}
        self._separator = "\n"
        # Results first: which rules there are is only known when all calls were read.
        file.write(f'{{\n"$schema": "{SCHEMA}",\n"version": "2.1.0",\n"runs": [\n{{\n"results": [')

    def add(self, call: ExportedCall) -> int:
        """Write the findings of a call; return how many there were."""
        for finding in call.content["findings"]:
            self._file.write(self._separator)
            self._file.write(_json(self._result(call, finding)))
            self._separator = ",\n"
        return len(call.content["findings"])

    def close(self) -> None:
        """Write what belongs to the log as a whole; the file stays open."""
        run: dict[str, Any] = {
            "tool": {
                "driver": {
                    "name": "Tinghe",
                    "version": __version__,
                    "semanticVersion": __version__,
                    "rules": [
                        {"id": rule, "shortDescription": {"text": self._said(self._titles.get(rule, rule))}}
                        for rule in self._rules
                    ],
                    "supportedTaxonomies": [{"name": _NORMS, "index": 0}],
                }
            },
            "taxonomies": [
                {
                    "name": _NORMS,
                    "taxa": [
                        {
                            "id": clause,
                            "shortDescription": {"text": self._said(self._norms.get(clause, clause))},
                        }
                        for clause in self._clauses
                    ],
                }
            ],
            "originalUriBaseIds": {_RESULTS: {"description": {"text": "the results folder"}}},
            "columnKind": "unicodeCodePoints",
            "language": "zh-CN" if self._english is None else "en",
        }
        if self._masked:
            run["redactionTokens"] = [MASK]
        self._file.write("\n],\n" + ",\n".join(f"{_json(name)}: {_json(run[name])}" for name in run))
        self._file.write("\n}\n]\n}\n")

    def _said(self, chinese: str) -> str:
        return chinese if self._english is None else self._english.of(chinese)

    def _result(self, call: ExportedCall, finding: Mapping[str, Any]) -> dict[str, Any]:
        rule = finding["rule"]
        kind = _KIND[finding["state"]]
        started_at = call.content["metadata"].get("started_at")
        return {
            "ruleId": rule,
            "ruleIndex": self._rules.setdefault(rule, len(self._rules)),
            "kind": kind,
            "level": _LEVEL[finding["severity"]] if kind == "fail" else "none",
            "message": {"text": self._said(finding["reason"]) or rule},
            "locations": [_location(call, finding)],
            "fingerprints": {"tinghe.finding/1": f"{call.call_id}/{finding['id']}"},
            "rank": round(finding["confidence"] * 100, 2),
            "taxa": [
                {
                    "id": clause,
                    "index": self._clauses.setdefault(clause, len(self._clauses)),
                    "toolComponent": {"name": _NORMS, "index": 0},
                }
                for clause in finding["norms"]
            ],
            "properties": {
                "call_id": call.call_id,
                **({"started_at": started_at} if started_at else {}),
                **{
                    name: finding[name]
                    for name in (
                        "state",
                        "severity",
                        "turn",
                        "text_start",
                        "text_end",
                        "start",
                        "end",
                        "evidence",
                    )
                    if finding[name] is not None
                },
            },
        }


def _location(call: ExportedCall, finding: Mapping[str, Any]) -> dict[str, Any]:
    turn = finding["turn"]
    return {
        "physicalLocation": {"artifactLocation": {"uri": _uri(call), "uriBaseId": _RESULTS}},
        "logicalLocations": [
            {"fullyQualifiedName": "/turns" if turn is None else f"/turns/{turn}/text", "kind": "value"}
        ],
    }


def _uri(call: ExportedCall) -> str:
    from urllib.parse import quote

    return f"calls/{quote(call.stem)}.json"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
