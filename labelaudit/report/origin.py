"""Where everything came from: alerts, badges, inputs, checks, settings, the seven modules."""

from labelaudit.core.badges import badges_of
from labelaudit.core.results import Audit
from labelaudit.report.figures import Document, joined, pointer, said
from labelaudit.report.parts import Marked, Module, Provenance, Warned
from labelaudit.report.words import BADGES, plain, spoken

CITATION = (
    "Northcutt, Jiang and Chuang: Confident Learning: Estimating Uncertainty in Dataset Labels. "
    "JAIR 70, 2021."
)


def provenance_of(audit: Audit, doc: Document) -> Provenance:
    return Provenance(
        inputs=tuple(
            (
                doc.text(f"/provenance/inputs/{at}/role"),
                doc.text(f"/provenance/inputs/{at}/path"),
                doc.text(f"/provenance/inputs/{at}/how"),
                doc.figure(f"/provenance/inputs/{at}/n_bytes", "count"),
                doc.text(f"/provenance/inputs/{at}/sha256") if file.sha256 else "not computed",
            )
            for at, file in enumerate(audit.inputs)
        ),
        notices=tuple(
            doc.text(f"/dataset/notices/{at}") for at in range(len(audit.dataset.notices))
        ),
        checks=tuple(
            (spoken(check.status), spoken(check.name), doc.text(f"/contract/{at}/message"))
            for at, check in enumerate(audit.contract)
        ),
        settings=tuple(
            (
                plain(name),
                doc.figure(f"{pointer('provenance', 'settings', name)}/value", "setting"),
                plain(setting.origin),
            )
            for name, setting in audit.settings.items()
        ),
        tool=f"labelaudit {plain(audit.tool_version)}",
        format=plain(audit.dataset.format),
        citation=CITATION,
    )


def alerts_of(audit: Audit, doc: Document) -> tuple[Warned, ...]:
    return tuple(_warned(audit, doc, at) for at in range(len(audit.alerts)))


def _warned(audit: Audit, doc: Document, at: int) -> Warned:
    alert, place = audit.alerts[at], f"/alerts/{at}"
    raised: str = plain(alert.id)
    if alert.value is not None and alert.threshold is not None:
        value, limit = (doc.figure(f"{place}/{key}", "figure") for key in ("value", "threshold"))
        basis = said(" ({})", doc.text(f"{place}/basis")) if alert.basis else ""
        raised = said("{}: {}, limit {}{}", raised, value, limit, basis)
    return Warned(
        severity=plain(alert.severity),
        message=doc.text(f"{place}/message"),
        mitigation=doc.text(f"{place}/mitigation"),
        uses=", ".join(plain(use) for use in alert.use_cases),
        rule=raised,
    )


def alert_totals(doc: Document) -> str:
    levels = ("critical", "caution", "info")
    return joined(
        ", ",
        [said("{} " + one, doc.figure(f"/label/metadata/alerts/{one}", "count")) for one in levels],
    )


def badge_rows(audit: Audit, doc: Document) -> tuple[Marked, ...]:
    return tuple(
        Marked(
            name=BADGES[badge.key], state=badge.state, evidence=doc.text(f"/badges/{at}/evidence")
        )
        for at, badge in enumerate(badges_of(audit))
    )


def modules_shown(audit: Audit, doc: Document) -> tuple[Module, ...]:
    """Return the seven modules of the Dataset Nutrition Label, and where each is in the report."""
    metadata = "/label/metadata"
    truth = "not provided"
    if audit.reviews is not None:
        truth = "Ground-truth correlation: people's reviews"
    told = (
        ("metadata", "Metadata", "front panel: name, size, classes", "label"),
        ("provenance", "Provenance", "Provenance: files, checks, settings", "provenance"),
        ("variables", "Variables", "Columns: the label and what describes a row", "variables"),
        ("statistics", "Statistics", "Columns, Balance and Measures", "measures"),
        ("pair_plots", "Pair plots", "Confusions: classes in pairs", "confusions"),
        (
            "probabilistic_model",
            "Probabilistic model",
            "Calibration and Separability",
            "calibration",
        ),
        ("ground_truth_correlation", "Ground-truth correlation", truth, "ground-truth"),
    )
    known = (
        ("rows", doc.figure(f"{metadata}/rows", "count")),
        ("missing labels", doc.figure(f"{metadata}/missing_share", "share")),
        ("licence", "unknown"),
        ("description", "unknown"),
    )
    return tuple(
        Module(
            key=key,
            name=name,
            where=where,
            section=section,
            facts=known if key == "metadata" else (),
        )
        for key, name, where, section in told
    )
