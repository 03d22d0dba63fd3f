"""Croissant 1.1 with the RAI fields for annotation quality, as JSON-LD.

Source: MLCommons, Croissant Format Specification 1.1 (2026) and Croissant RAI Specification 1.0
(2024). What an audit cannot know and Croissant asks for (creator, url, datePublished,
distribution) is left to whoever publishes the dataset.
"""

import json
from typing import Any

from labelaudit.core.results import Audit
from labelaudit.core.text import UNKNOWN
from labelaudit.report.cards.annotation import Annotation, annotation_of

# As the specification prints it; a reader that knows Croissant compares it with its own.
_OWN = (
    "arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "extract", "field",
    "fileProperty", "fileObject", "fileSet", "format", "includes", "isArray", "isLiveDataset",
    "jsonPath", "key", "md5", "parentField", "path", "recordSet", "references", "regex",
    "repeated", "replace", "samplingRate", "separator", "source", "subField", "transform",
)  # fmt: skip
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "sc": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "description": {"@container": "@language"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "name": {"@container": "@language"},
} | {name: f"cr:{name}" for name in _OWN}


def render(audit: Audit) -> str:
    """Return the JSON-LD of the dataset: its classes as records, its labels in RAI fields."""
    known = annotation_of(audit)
    document: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": [
            "http://mlcommons.org/croissant/1.1",
            "http://mlcommons.org/croissant/RAI/1.0",
        ],
        "name": known.name,
        "description": known.summary,
        "license": UNKNOWN,
        "rai:dataAnnotationProtocol": known.protocol,
        "rai:dataAnnotationPlatform": [known.platform],
        "rai:annotationsPerItem": known.per_item,
        "rai:annotatorDemographics": [known.annotators],
        "rai:dataAnnotationAnalysis": [*known.analysis, f"Measured by {known.measured_by}"],
        "rai:dataBiases": list(known.biases),
        "rai:dataLimitations": list(known.limitations),
    }
    if known.classes:
        document["recordSet"] = [_records(known)]
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _records(known: Annotation) -> dict[str, Any]:
    """Return the classes as records: name, labels and, where they were looked for, suspects."""
    columns = [
        ("name", "sc:Text", "The class, as the labels name it."),
        ("labels", "sc:Integer", "Labels of the class: a count."),
    ]
    if known.classes[0][2] is not None:
        columns.append(("suspected", "sc:Integer", "Labels suspected: a model's estimate."))
    return {
        "@type": "cr:RecordSet",
        "@id": "classes",
        "name": "classes",
        "description": "The classes, how many labels each has and how many are suspected.",
        "dataType": "sc:Enumeration",
        "key": {"@id": "classes/name"},
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"classes/{name}",
                "name": name,
                "description": description,
                "dataType": kind,
            }
            for name, kind, description in columns
        ],
        "data": [
            {f"classes/{name}": value for (name, _, _), value in zip(columns, row, strict=False)}
            for row in known.classes
        ],
    }
