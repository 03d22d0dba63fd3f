"""A verdict as SARIF 2.1.0, as GitHub's code scanning reads it.

Source: OASIS, SARIF Version 2.1.0; GitHub, SARIF support for code scanning: 5,000 results are
kept of a run, a path is relative, a fingerprint keeps a result the same when lines move.
"""

import json
from typing import Any
from urllib.parse import quote

from labelaudit.check.figures import known_gates
from labelaudit.check.formats.wording import message, suspicion, title
from labelaudit.check.suspicions import fingerprint
from labelaudit.check.verdict import SUSPECT_RULE, Outcome, Suspicion, Verdict

MOST_RESULTS = 5_000
_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS = {"failed": "error", "skipped": "error", "warned": "warning"}


def render(verdict: Verdict) -> str:
    """Return the log: gates that do not pass, then suspects by rank; what is cut is said."""
    gates = [outcome for outcome in verdict.outcomes if outcome.status in _LEVELS]
    where = verdict.suspicions[0].path if verdict.suspicions else verdict.dataset
    kept = verdict.suspicions[: max(MOST_RESULTS - len(gates), 0)]
    names = [*dict.fromkeys(outcome.gate for outcome in verdict.outcomes), SUSPECT_RULE]
    places = {name: at for at, name in enumerate(names)}
    results = [_gate(outcome, places, where) for outcome in gates[:MOST_RESULTS]]
    n = len(verdict.suspicions)
    results += [_suspect(one, places, 100 * (1 - at / n)) for at, one in enumerate(kept)]
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "labelaudit",
                "version": verdict.tool_version,
                "rules": [_rule(name) for name in names],
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": results,
        "properties": {"suspects": n, "suspects_listed": len(kept)},
    }
    if len(kept) < n:
        said = f"{n:,} suspects, the first {len(kept):,} by rank are listed."
        run["invocations"] = [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [{"level": "warning", "message": {"text": said}}],
            }
        ]
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=1) + "\n"


def _rule(name: str) -> dict[str, Any]:
    if name == SUSPECT_RULE:
        told = (
            "A label that the model's evidence speaks against.\n\nIt is not an error until a "
            "person has looked and decided."
        )
        level = "warning"
    else:
        kinds = known_gates()
        told = (kinds[name].figures.__doc__ or "") if name in kinds else ""
        told = "\n".join(line.strip() for line in told.strip().splitlines())
        told = told or f"A limit on {name}."
        level = "error"
    return {
        "id": name,
        "name": "".join(word.capitalize() for word in name.replace(".", "_").split("_")),
        "shortDescription": {"text": told.split("\n\n")[0].replace("\n", " ")},
        "fullDescription": {"text": told.replace("\n\n", "\n")[:1000]},
        "help": {"text": told},
        "defaultConfiguration": {"level": level},
    }


def _gate(outcome: Outcome, places: dict[str, int], where: str) -> dict[str, Any]:
    return {
        "ruleId": outcome.gate,
        "ruleIndex": places[outcome.gate],
        "level": _LEVELS[outcome.status],
        "message": {"text": f"{title(outcome)}: {message(outcome)}"},
        "locations": [_location(where, 1)],
        "partialFingerprints": {"labelaudit/v1": fingerprint(outcome.gate, outcome.scope)},
    }


def _suspect(one: Suspicion, places: dict[str, int], rank: float) -> dict[str, Any]:
    return {
        "ruleId": SUSPECT_RULE,
        "ruleIndex": places[SUSPECT_RULE],
        "level": "warning",
        "message": {"text": suspicion(one)},
        "locations": [_location(one.path, one.line)],
        "partialFingerprints": {"labelaudit/v1": one.fingerprint},
        "rank": round(rank, 2),
        "properties": {"row": one.row, "state": one.state, "label_quality": one.quality},
    }


def _location(path: str, line: int | None) -> dict[str, Any]:
    uri = quote(path.encode("utf-8", "replace"), safe="/")
    # A path outside of the repository stays whole: no reader may look for it inside.
    whole = f"file://{uri}" if uri.startswith("/") else uri or "dataset"
    physical: dict[str, Any] = {"artifactLocation": {"uri": whole}}
    if line is not None:
        physical["region"] = {"startLine": max(line, 1)}
    return {"physicalLocation": physical}
