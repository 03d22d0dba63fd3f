"""A block for the README of a dataset on the Hugging Face Hub: YAML metadata and Markdown.

Source: Hugging Face, Dataset Cards; the keys are those of the Hub's dataset card specification,
the headings those of its template.
"""

import json
from collections.abc import Iterator

from labelaudit.core.markdown import escape
from labelaudit.core.results import Audit
from labelaudit.report.cards.annotation import Annotation, annotation_of
from labelaudit.report.markdown import class_table

# Keys of the card that no audit can fill in.
_LEFT = ("license", "language", "annotations_creators", "source_datasets")
_TASKS = {
    "image": ("image-classification", "multi-class-image-classification"),
    "text": ("text-classification", "multi-class-classification"),
    "table": ("tabular-classification", "tabular-multi-class-classification"),
}
_SIZES = (
    (10**3, "n<1K"),
    (10**4, "1K<n<10K"),
    (10**5, "10K<n<100K"),
    (10**6, "100K<n<1M"),
    (10**7, "1M<n<10M"),
    (10**8, "10M<n<100M"),
    (10**9, "100M<n<1B"),
)


def render(audit: Audit) -> str:
    """Return metadata and section of a dataset card; what nobody knows is a comment to fill in."""
    known = annotation_of(audit)
    return "\n".join(("---", *_metadata(audit, known), "---", "", *_section(known))) + "\n"


def _metadata(audit: Audit, known: Annotation) -> Iterator[str]:
    n = audit.dataset.n_examples
    size = next((name for most, name in _SIZES if n < most), "1B<n<10B")
    yield f"pretty_name: {json.dumps(known.name, ensure_ascii=False)}"  # a JSON string is YAML
    yield f"size_categories:\n- {size}"
    if known.modality:
        task, detail = _TASKS[known.modality]
        yield f"task_categories:\n- {task}"
        if len(known.classes) > 2:
            yield f"task_ids:\n- {detail}"
    yield "tags:\n- label-quality"
    yield "# An audit of labels cannot know these; fill them in:"
    yield from (f"# {key}:" for key in _LEFT)


def _section(known: Annotation) -> Iterator[str]:
    yield "## Label quality\n"
    yield escape(known.summary, 1_000) + "\n"
    yield from (f"- {escape(line, 1_000)}" for line in known.analysis)
    yield ""
    yield from class_table(known.classes)
    yield "\n### Annotations\n"
    yield "#### Annotation process\n"
    yield escape(known.protocol, 1_000)
    yield f"\nAnnotations per example: {escape(known.per_item)}. Platform: {known.platform}."
    yield "\n#### Who are the annotators?\n"
    yield escape(known.annotators)
    yield "\n## Bias, Risks, and Limitations\n"
    yield from (f"- {escape(line, 1_000)}" for line in (*known.biases, *known.limitations))
    yield f"\n<sub>{escape(known.measured_by, 1_000)}</sub>"
