"""A badge for a README: one small SVG that needs nothing else."""

from markupsafe import escape

from labelaudit.core.results import Audit
from labelaudit.report.cards.annotation import reviewed, suspected_share
from labelaudit.report.label import label_of

_NAME = "suspected label errors"
_LETTER = 6.4  # pixels; `textLength` makes the text as wide as that whatever the font
_ROOM = 8


def render(audit: Audit) -> str:
    """Return the badge: the share suspected, and what people found; white on two greys."""
    label = label_of(audit)
    value = suspected_share(audit, label)
    if audit.detection is not None and not label.refused:
        value = f"{value}, {reviewed(label)}"
    left, right = (round(len(text) * _LETTER) for text in (_NAME, value))
    first, second = left + 2 * _ROOM, right + 2 * _ROOM
    width = first + second
    said = escape(f"{_NAME}: {value}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" '
        f'viewBox="0 0 {width} 20" role="img" aria-label="{said}">\n'
        f"<title>{said}</title>\n"
        f'<rect width="{first}" height="20" fill="#1a1a1a"/>\n'
        f'<rect x="{first}" width="{second}" height="20" fill="#595959"/>\n'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11">\n'
        f'<text x="{_ROOM}" y="14" textLength="{left}" lengthAdjust="spacingAndGlyphs">'
        f"{escape(_NAME)}</text>\n"
        f'<text x="{first + _ROOM}" y="14" textLength="{right}" '
        f'lengthAdjust="spacingAndGlyphs">{escape(value)}</text>\n'
        "</g>\n</svg>\n"
    )
