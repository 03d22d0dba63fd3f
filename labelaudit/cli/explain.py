"""`labelaudit explain`: what a measure, signal, filter or check or gate means, with its source."""

import inspect
from typing import Annotated, Any

import typer

from labelaudit.core.errors import ConfigError, ExitCode
from labelaudit.core.text import did_you_mean, printable

EXAMPLES = """\b
Examples:
  labelaudit explain
  labelaudit explain self_confidence
  labelaudit explain gate.max_model_noise"""


def explain(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", show_default=False, help="What to explain."),
    ] = None,
) -> int:
    """Explain a measure, signal, filter, estimate, check or gate."""
    from labelaudit.cli.console import emit

    topics = known_topics()
    if name is None:
        kinds: dict[str, list[str]] = {}
        for topic, (kind, _) in topics.items():
            kinds.setdefault(kind, []).append(topic)
        emit("".join(f"{kind}: {', '.join(names)}\n" for kind, names in kinds.items()))
        return ExitCode.DONE
    if name not in topics:
        raise ConfigError(
            f"explain {printable(name, 60)}: there is nothing of that name"
            f"{did_you_mean(name, topics)}; `labelaudit explain` lists all"
        )
    kind, thing = topics[name]
    emit(f"{name} ({kind.rstrip('s')})\n\n{_prose(thing)}\n")
    return ExitCode.DONE


def _prose(thing: Any) -> str:
    """Return what a docstring says to a user: not which parameters a function takes."""

    return (inspect.getdoc(thing) or "").split("\n\nParameters\n")[0]


def known_topics() -> dict[str, tuple[str, Any]]:
    """Return everything that can be explained: name to kind and the thing documented."""
    from labelaudit.check.figures import known_gates
    from labelaudit.core.results import Detection
    from labelaudit.core.settings import FILTERS
    from labelaudit.detect import (
        confusions,
        embedded,
        evidence,
        joint,
        ranking,
        select,
        selftest,
        signals,
    )
    from labelaudit.detect.thresholds import Thresholds
    from labelaudit.detect.tree import TreeCosts
    from labelaudit.ingest.contract import known_rules
    from labelaudit.measures import known_measures

    topics: dict[str, tuple[str, Any]] = {
        name: ("measures", measure) for name, measure in known_measures().items()
    }
    topics |= {name: ("signals", getattr(signals, name)) for name in signals.SIGNALS}
    topics |= {
        "flow_adjusted": ("signals", ranking.label_quality),
        "adjusted_self_confidence": ("signals", signals.adjusted_self_confidence),
        "adjusted_normalized_margin": ("signals", signals.adjusted_normalized_margin),
        "aldr": ("signals", signals.aldr_loss),
        "noise_posterior": ("signals", evidence.noise_posterior),
        "knn_agreement": ("signals", embedded.weighted_agreement),
        "gaussian_posterior": ("signals", embedded.gaussian_fit),
        "typicality": ("signals", embedded.typicality),
        "near_duplicates": ("signals", embedded.near_duplicates),
        "tree_suggested_label": ("signals", TreeCosts.least),
    }
    topics |= {name: ("filters", getattr(select, name)) for name in FILTERS}
    topics |= {
        "class_thresholds": ("estimates", Thresholds),
        "confident_joint": ("estimates", joint.calibrated),
        "model_noise_estimate": ("estimates", joint.model_noise_estimate),
        "noise_matrix": ("estimates", Detection.noise_matrix),
        "inverse_noise_matrix": ("estimates", Detection.inverse_noise_matrix),
        "estimated_prior": ("estimates", Detection.estimated_prior),
        "confusions": ("estimates", confusions.confusions),
        "kinships": ("estimates", confusions.kinships),
        "selftest": ("estimates", selftest.flips),
    }
    topics |= {name: ("checks", one.check) for name, one in known_rules().items()}
    topics |= {f"gate.{name}": ("gates", kind.figures) for name, kind in known_gates().items()}
    return topics
