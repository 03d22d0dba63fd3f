"""Arrays of several splits: `labels_train.npy`, `labels_test.npy` and predictions beside them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from labelaudit.core.errors import InputError
from labelaudit.core.text import listed, printable
from labelaudit.ingest.convention import PREDICTION_STEMS, Choices, Part
from labelaudit.ingest.readers.images import SPLITS
from labelaudit.ingest.sharding import Candidate
from labelaudit.ingest.splits import split_part


def arrays_by_split(found: Iterable[Candidate], stems: Iterable[str]) -> list[Candidate]:
    """Return the arrays named after a stem and a split, with the split for a stem.

    `labels_train.npy` and `train_labels.npy` are both the labels of `train`.
    """
    names = {
        name: split
        for stem in stems
        for split in SPLITS
        for name in (f"{stem}_{split}", f"{split}_{stem}", f"{stem}-{split}", f"{split}-{stem}")
    }
    return [
        replace(each, stem=names[each.stem])
        for each in found
        if each.stem in names and not each.parts and each.path.suffix.lower() == ".npy"
    ]


def labels_of_splits(
    found: Sequence[Candidate], files: Iterable[Candidate], choices: Choices
) -> Part:
    """Return the labels of the splits that have predictions; of all, where none has."""
    predicted = {each.stem for each in arrays_by_split(files, PREDICTION_STEMS)}
    own = [each for each in found if each.stem in predicted] or found
    part = split_part(_each_once(own, "labels"), choices)
    lost = listed(each.path.name for each in found if each not in own)
    notice = f"{lost}: not read, there are no predictions of the split"
    return replace(part, notices=(*part.notices, notice)) if lost else part


def predictions_of_splits(files: Iterable[Candidate], labels: Part) -> list[Candidate]:
    """Return the arrays of predictions for the splits of the labels, in their order, as one."""
    names = [name for name, _ in labels.splits]
    own = [each for each in arrays_by_split(files, PREDICTION_STEMS) if each.stem in names]
    found = sorted(_each_once(own, "predictions"), key=lambda each: names.index(each.stem))
    if len(found) < 2:
        return found
    pieces = tuple(each.path for each in found)
    shown = ", ".join(path.name for path in pieces)
    return [Candidate(path=pieces[0].with_name(shown), stem="", pieces=pieces)]


def _each_once(found: Sequence[Candidate], role: str) -> Sequence[Candidate]:
    """Refuse two arrays of one split."""
    for match in found:
        same = [other.path.name for other in found if other.stem == match.stem]
        if len(same) > 1:
            raise InputError(
                f"{printable(match.path.parent)}: several files could be the {role} of split "
                f"{match.stem}: {listed(same)}; choose one with --{role}"
            )
    return found
