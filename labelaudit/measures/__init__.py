"""One file per measure: a class of one of three kinds; dropping the file in registers it."""

from importlib import import_module
from importlib.metadata import entry_points
from pkgutil import iter_modules

from labelaudit.measures.kinds import DerivedMeasure, Measure, SampledMeasure

Kind = type[Measure] | type[SampledMeasure] | type[DerivedMeasure]


def known_measures() -> dict[str, Kind]:
    """Return every measure by name: those of this folder, then those of other packages.

    A package offers its own through the entry point group `labelaudit.measures`.
    """
    found: dict[str, Kind] = {}
    for module in sorted(iter_modules(__path__), key=lambda module: module.name):
        for value in vars(import_module(f"{__name__}.{module.name}")).values():
            if _is_measure(value):
                found[value.name] = value
    for entry in sorted(entry_points(group="labelaudit.measures"), key=lambda entry: entry.name):
        value = entry.load()
        found.setdefault(value.name, value)
    return dict(sorted(found.items()))


def _is_measure(value: object) -> bool:
    kinds = (Measure, SampledMeasure, DerivedMeasure)
    return isinstance(value, type) and issubclass(value, kinds) and value not in kinds
