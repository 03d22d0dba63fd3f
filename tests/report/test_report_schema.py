"""`audit.json` keeps to the schema that is published, whatever the audit holds."""

import copy
import json
from typing import Any

import jsonschema
import pytest

from labelaudit.core.results import Audit
from labelaudit.core.schema import SCHEMA_VERSION, published, to_json
from tests.report.conftest import made_audit
from tests.report.test_report_paths import audits, reviewed

SCHEMA = json.loads(published())


def checked(document: Any) -> None:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    wrong = [f"{list(error.absolute_path)}: {error.message}" for error in
             validator.iter_errors(document)]  # fmt: skip
    assert wrong == []


def test_the_schema_is_one_and_of_this_version() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$defs"]["audit"]["properties"]["schema_version"] == {"const": SCHEMA_VERSION}


@pytest.mark.parametrize(("name", "audit"), list(audits()), ids=lambda one: str(one)[:14])
def test_every_audit_keeps_to_it(name: str, audit: Audit) -> None:
    checked(json.loads(to_json(audit)))


def test_hostile_audits_keep_to_it(hostile: Audit) -> None:
    checked(json.loads(to_json(hostile)))


def test_every_key_of_an_audit_is_in_it() -> None:
    """A key that is added must be described, or nobody can rely on it."""
    document = json.loads(to_json(reviewed()))
    closed = copy.deepcopy(SCHEMA)

    def close(part: Any) -> None:
        if isinstance(part, dict):
            if "properties" in part:
                part["additionalProperties"] = False
            for one in part.values():
                close(one)
        elif isinstance(part, list):
            for one in part:
                close(one)

    close(closed)
    jsonschema.Draft202012Validator(closed).validate(document)


@pytest.mark.parametrize(
    ("place", "wrong"),
    [
        (("dataset", "n_examples"), "115"),
        (("detection", "model_noise_estimate"), "11 %"),
        (("detection", "model_noise_estimate"), 11.0),
        (("measurements", "brier_score", "unit"), None),
        (("label", "metadata", "rows"), 1.5),
        (("alerts", 0, "severity"), "bad"),
    ],
)
def test_what_is_wrong_is_noticed(place: tuple[Any, ...], wrong: object) -> None:
    document = json.loads(to_json(made_audit()))
    inner = document
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = wrong
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMA).validate(document)
