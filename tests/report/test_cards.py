"""Cards: read by the tools they are for, hostile strings are inert, nothing unknown is blank."""

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import yaml

import labelaudit
from labelaudit.core.dataset import Check
from labelaudit.core.results import Audit
from labelaudit.core.reviews import Review, Reviews
from labelaudit.report.cards import CARDS, card
from labelaudit.report.cards.croissant import render as croissant
from tests.report.conftest import made_audit
from tests.report.test_report_golden import matches_golden

# The reader's own dependencies warn of each other.
READS = pytest.mark.filterwarnings("ignore::DeprecationWarning")
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("name", CARDS)
def test_a_card_reads_as_it_was_approved(audit: Audit, name: str) -> None:
    ending = {"croissant": "json", "badge": "svg"}.get(name, "md")
    matches_golden(card(audit, name), f"card_{name}.{ending}")
    assert card(audit, name) == card(audit, name)


def test_the_front_matter_is_yaml_of_the_keys_that_the_hub_knows(audit: Audit) -> None:
    values = front_matter(card(audit, "huggingface"))
    assert values == {
        "pretty_name": "pets",
        "size_categories": ["n<1K"],
        "tags": ["label-quality"],
    }


def front_matter(text: str) -> dict[str, object]:
    before, matter, after = text.split("---\n", 2)
    assert not before
    assert "\n---" not in after
    values = yaml.safe_load(matter)
    assert isinstance(values, dict)
    return values


@READS
@pytest.mark.parametrize(("name", "task"), [("digits", "image"), ("messages", "text"),
                                            ("imbalanced", "tabular")])  # fmt: skip
def test_the_samples_make_cards_that_say_what_they_are(
    sample_data: Path, name: str, task: str
) -> None:
    made = labelaudit.audit(sample_data / name)
    values = front_matter(card(made, "huggingface"))
    assert values["task_categories"] == [f"{task}-classification"]
    assert values["size_categories"] == ["n<1K" if made.dataset.n_examples < 1000 else "1K<n<10K"]
    reads_as_croissant(made)


def reads_as_croissant(audit: Audit) -> None:
    """Read the card as the published reader does, and find again what the audit says."""
    import mlcroissant  # takes a second

    document = json.loads(croissant(audit))
    read = mlcroissant.Dataset(jsonld=document)
    assert not read.metadata.ctx.issues.errors
    assert read.metadata.ctx.conforms_to.value == "http://mlcommons.org/croissant/1.1"
    assert read.metadata.name == document["name"]
    assert read.metadata.annotations_per_item == document["rai:annotationsPerItem"]
    for field, key in (
        (read.metadata.data_annotation_protocol, "dataAnnotationProtocol"),
        (read.metadata.data_annotation_platform, "dataAnnotationPlatform"),
        (read.metadata.data_annotation_analysis, "dataAnnotationAnalysis"),
        (read.metadata.annotator_demographics, "annotatorDemographics"),
        (read.metadata.data_limitations, "dataLimitations"),
        (read.metadata.data_biases, "dataBiases"),
    ):
        written = document[f"rai:{key}"]
        assert sorted(field) == sorted(written if isinstance(written, list) else [written])
        assert all(written)
    records = [
        {key.removeprefix("classes/"): value for key, value in record.items()}
        for record in read.records("classes")
    ]
    assert [int(one["labels"]) for one in records] == list(audit.dataset.class_counts)
    assert audit.detection is not None
    assert [int(one["suspected"]) for one in records] == audit.detection.flagged_by_class.tolist()


@READS
def test_croissant_of_hostile_names_is_read(hostile: Audit) -> None:
    reads_as_croissant(hostile)


def test_hostile_names_are_inert_in_markdown_and_yaml(hostile: Audit) -> None:
    for name in ("huggingface", "data-card"):
        text = card(hostile, name)
        markdown = text.split("---\n", 2)[-1]
        assert "<script" not in markdown
        assert "](" not in markdown
        assert "://" not in markdown
        assert all(char.isprintable() or char in "\n\u2009\u200c\u200d" for char in text)
    front_matter(card(hostile, "huggingface"))


def reviews(wrong: int, seen: int = 284) -> Reviews:
    by_row = {row: Review(verdict="suggested" if row < wrong else "stands") for row in range(seen)}
    return Reviews(n_examples=10_000, n_suspects=284, rule="3 of 5 agree", by_row=by_row)


def test_badges_say_what_is_known_and_no_more(audit: Audit) -> None:
    refused = Check(name="row_counts", status="refused", message="5 rows, 6 labels")
    for made, said in (
        (audit, "10 %, not yet reviewed"),
        (replace(audit, reviews=reviews(54)), "10 %, reviewed 0.54 %"),
        (replace(audit, reviews=reviews(0, 100)), "10 %, reviewed 0 of 100 wrong"),
        (replace(audit, detection=None, findings=None), "not checked"),
        (replace(audit, contract=(refused,)), "input contract failed"),
    ):
        root = ElementTree.fromstring(card(made, "badge"))
        assert root.get("role") == "img"
        texts = [text.text for text in root.iter(f"{SVG}text")]
        assert texts[0] == "suspected label errors"
        assert texts[1] is not None
        assert texts[1].split(", ")[-1] == said.split(", ")[-1]
        assert root.get("aria-label") == ": ".join(map(str, texts))
        assert "href" not in card(made, "badge")


def test_a_card_of_a_refused_audit_says_so(audit: Audit) -> None:
    refused = Check(name="row_counts", status="refused", message="5 rows, 6 labels")
    for name in CARDS:
        assert "contract failed" in card(replace(audit, contract=(refused,)), name)


def test_a_thousand_classes_make_a_card_of_a_hundred_rows() -> None:
    joint = np.diag(np.full(1000, 30))
    joint[0, 1] = 9
    text = card(made_audit([f"c{k}" for k in range(1000)], joint.tolist()), "data-card")
    assert "900 more classes." in text
    assert len(text) < 60_000
