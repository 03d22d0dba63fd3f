"""Several models: the weights of the ranking, and what they do to nothing else."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

import labelaudit
from labelaudit.auditing import run
from labelaudit.core.settings import Options
from labelaudit.detect.weighing import weights_of
from labelaudit.engine.job import begin
from labelaudit.ingest.memory import dataset_from_memory
from labelaudit.surveying import survey
from tests.made import noisy

LABELS, FIRST = noisy(900, 5, seed=3)
SECOND = noisy(900, 5, seed=3, sharpness=1.5)[1]
NAMES = [str(k) for k in range(5)]


def opened(first=FIRST, second=SECOND, labels=LABELS):
    return dataset_from_memory(labels, [first, second], class_names=NAMES)


def surveyed(dataset, **how):
    return survey(begin(dataset, **how), Options())[0]


def test_weights_are_how_often_a_model_sides_with_the_label_where_they_differ():
    one, other = FIRST.argmax(axis=1), SECOND.argmax(axis=1)
    differ = one != other
    sides = [int(((said == LABELS) & differ).sum()) for said in (one, other)]
    found = weights_of(surveyed(opened()))
    assert found == pytest.approx((sides[0] / sum(sides), sides[1] / sum(sides)))
    assert found[0] > 0.6  # the sharper model


def test_models_that_never_differ_weigh_alike():
    assert weights_of(surveyed(opened(FIRST, FIRST * 0.9 + 0.02))) == (0.5, 0.5)


def test_the_order_is_that_of_the_weighted_mean_and_all_else_that_of_the_plain_one():
    made = labelaudit.audit(opened())
    weights = made.detection.model_weights
    assert sum(weights) == pytest.approx(1)
    weighted = labelaudit.audit(LABELS, FIRST * weights[0] + SECOND * weights[1], class_names=NAMES)
    plain = labelaudit.audit(LABELS, (FIRST + SECOND) / 2, class_names=NAMES)
    own, expected = made.to_frame(), weighted.to_frame()
    assert own.label_quality.to_numpy() == pytest.approx(expected.label_quality.to_numpy())
    assert (own.is_flagged == plain.to_frame().is_flagged).all()
    assert (own.self_confidence == plain.to_frame().self_confidence).all()
    assert (made.detection.confident_joint == plain.detection.confident_joint).all()
    assert plain.detection.model_weights is None


def test_another_ranking_is_that_of_the_plain_mean():
    made = labelaudit.audit(opened(), ranking="self_confidence").to_frame()
    plain = labelaudit.audit(
        LABELS, (FIRST + SECOND) / 2, class_names=NAMES, ranking="self_confidence"
    ).to_frame()
    assert (made.label_quality == plain.label_quality).all()


@pytest.mark.parametrize(("shard_rows", "batch_rows"), [(97, None), (None, 31), (211, 50)])
def test_however_rows_are_cut(shard_rows, batch_rows):
    whole = run(begin(opened()), Options())
    cut = run(replace(begin(opened()), shard_rows=shard_rows, batch_rows=batch_rows), Options())
    assert cut.detection.model_weights == whole.detection.model_weights
    assert list(cut.findings) == list(whole.findings)


def test_two_models_rank_as_well_as_the_better_one(real_data):
    folder = real_data / "cifar10n_aggregate"
    wrong = np.load(folder / "labels.npy") != np.load(folder / "true_labels.npy")
    files = ["pred_probs_resnet18.npy", "pred_probs_swin.npy"]
    found = {
        name: average_precision_score(
            wrong, -labelaudit.audit(folder, predictions=chosen).to_frame().label_quality
        )
        for name, chosen in (("first", files[0]), ("second", files[1]), ("both", files))
    }
    assert found["both"] >= max(found["first"], found["second"])
