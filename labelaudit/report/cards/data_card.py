"""The section of a Data Card that speaks of labels, as Markdown.

Source: Pushkarna, Zaldivar and Kjartansson, Data Cards, FAccT 2022; the headings are those of the
Data Cards Playbook's template.
"""

from collections.abc import Iterator

from labelaudit.core.markdown import escape, table
from labelaudit.core.results import Audit
from labelaudit.core.text import UNKNOWN
from labelaudit.report.cards.annotation import Annotation, annotation_of
from labelaudit.report.markdown import class_table
from labelaudit.report.numbers import count


def render(audit: Audit) -> str:
    """Return "Annotations & Labeling" and "Validation Types" of a dataset, ready to be pasted."""
    return "\n".join(_lines(annotation_of(audit))) + "\n"


def _lines(known: Annotation) -> Iterator[str]:
    yield "## Annotations & Labeling"
    yield "\n#### Annotation Workforce Type\n"
    yield escape(UNKNOWN)
    yield "\n#### Annotation Characteristic(s)\n"
    labels = sum(row[1] for row in known.classes)
    yield from table(
        ("Annotation type", "Number"),
        (
            ("Number of unique annotations (classes)", count(len(known.classes))),
            ("Total number of annotations", count(labels)),
            ("Annotations per example, before they were made one", known.per_item),
            ("Annotators per example", UNKNOWN),
        ),
        "lr",
    )
    yield "\n#### Annotation Description(s)\n"
    yield escape(known.protocol, 1_000)
    yield "\n**Platforms, tools or libraries:** " + escape(known.platform)
    yield "\n#### Annotation Distribution(s)\n"
    yield from class_table(known.classes)
    yield "\n### Human Annotators\n"
    yield escape(known.annotators)
    yield "\n## Validation Types\n"
    yield "#### Method(s)\n"
    yield escape(known.measured_by, 1_000)
    yield "\n#### Description(s)\n"
    yield from (f"- {escape(line, 1_000)}" for line in known.analysis)
    yield "\n#### Biases\n"
    yield from (f"- {escape(line, 1_000)}" for line in known.biases)
    yield "\n#### Known limitations\n"
    yield from (f"- {escape(line, 1_000)}" for line in known.limitations)
