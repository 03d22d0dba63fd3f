"""What an audit says of a dataset's labels, in the words of the cards that datasets carry."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labelaudit.core.results import Audit

CARDS = ("huggingface", "croissant", "data-card", "badge")


def card(audit: "Audit", name: str) -> str:
    """Return one of `CARDS` as text; the same audit gives the same bytes."""
    module = import_module(f"labelaudit.report.cards.{name.replace('-', '_')}")
    text: str = module.render(audit)
    return text
