"""Files as timm, AutoGluon and scikit-learn leave them, each with its trap."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

from labelaudit import audit, open_dataset
from labelaudit.core.errors import InputError
from tests.made import noisy

N_ROWS, K = 60, 5
NAMES = ["ant", "bee", "cat", "dog", "eel"]
CODES, PROBABILITIES = noisy(N_ROWS, K, seed=3)
FILES = [f"img_{row:03}.png" for row in range(N_ROWS)]
ORDER = np.random.default_rng(1).permutation(N_ROWS)


@pytest.fixture
def folder(tmp_path):
    labels = pd.DataFrame({"filename": FILES, "label": [NAMES[code] for code in CODES]})
    labels.to_csv(tmp_path / "labels.csv", index=False)
    (tmp_path / "classes.txt").write_text("\n".join(NAMES))
    return tmp_path


def timm(k, separate, index=True, label=False, outputs=PROBABILITIES, column="prob"):
    """Return the frame that timm's inference.py (1.0) builds; `k` 0 is all classes in order.

    Written after its source: `--topk`, `--results-separate-col`, `--include-index`,
    `--label-type`; a single number a row is no list.
    """
    best = np.argsort(-outputs, axis=1, kind="stable")[:, :k]
    values = np.take_along_axis(outputs, best, axis=1) if k else outputs
    frame = {"filename": FILES}
    parts = {"index": best if index and k else None,
             "label": np.array(NAMES)[best] if label and k else None,
             column: values}  # fmt: skip
    for name, part in parts.items():
        if part is None:
            continue
        if separate and values.shape[1] > 1:
            frame |= {f"{name}_{rank}": part[:, rank] for rank in range(part.shape[1])}
        else:
            frame[name] = list(part.squeeze(-1) if part.shape[1] == 1 else part)
    return pd.DataFrame(frame).iloc[ORDER]


def write(frame, path):
    """Write as timm's save_results does."""
    if path.suffix == ".csv":
        with np.printoptions(threshold=np.inf):
            frame.to_csv(path, index=False)
    elif path.suffix == ".parquet":
        frame.set_index("filename").to_parquet(path)
    elif path.suffix == ".jsonl":
        frame.to_json(path, lines=True, orient="records", double_precision=15)
    else:
        frame.set_index("filename").to_json(path, indent=4, orient="index", double_precision=15)


def spread(k):
    """Return what listing the k most probable classes says of all."""
    ranks = np.argsort(np.argsort(-PROBABILITIES, axis=1, kind="stable"), axis=1)
    kept = np.where(ranks < k, PROBABILITIES, 0)
    rest = (1 - kept.sum(axis=1, keepdims=True)) / max(K - k, 1)
    return np.where(ranks < k, PROBABILITIES, rest)


ENDINGS = [".csv", ".parquet", ".jsonl", ".json"]


@pytest.mark.parametrize("separate", [False, True])
@pytest.mark.parametrize("ending", ENDINGS)
def test_timm_with_all_classes(folder, ending, separate):
    write(timm(0, separate), folder / f"results{ending}")
    opened = open_dataset(folder, predictions=f"results{ending}")
    assert opened.class_names == tuple(NAMES)
    found = opened.probabilities.read(0, N_ROWS)
    np.testing.assert_allclose(found, PROBABILITIES, atol=1e-7)


@pytest.mark.parametrize("named", ["index", "label", "both"])
@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("separate", [False, True])
@pytest.mark.parametrize("ending", ENDINGS)
def test_timm_ranked_with_its_classes(folder, ending, separate, k, named):
    frame = timm(k, separate, index=named != "label", label=named != "index")
    write(frame, folder / f"results{ending}")
    opened = open_dataset(folder, predictions=f"results{ending}")
    assert opened.class_names == tuple(NAMES)
    found = opened.probabilities.read(0, N_ROWS)
    np.testing.assert_allclose(found, spread(k), atol=1e-7)
    assert any(f"lists up to {k} of " in notice for notice in opened.notices)


@pytest.mark.parametrize("separate", [False, True])
@pytest.mark.parametrize("ending", ENDINGS)
def test_timm_ranked_without_classes_is_refused(folder, ending, separate):
    write(timm(K, separate, index=False), folder / f"results{ending}")
    with pytest.raises(InputError, match=r"descends in every row: ranked.*--include-index"):
        open_dataset(folder, predictions=f"results{ending}")


def test_timm_logits(folder):
    logits = np.log(PROBABILITIES) + 3
    write(timm(0, False, outputs=logits, column="logit"), folder / "results.csv")
    with pytest.raises(InputError, match=r"results\.csv, line \d+, .*say --logits"):
        audit(folder, predictions="results.csv")
    opened = open_dataset(folder, predictions="results.csv", logits=True)
    np.testing.assert_allclose(opened.probabilities.read(0, N_ROWS), PROBABILITIES, atol=1e-6)


def test_timm_numbers_without_names_are_refused(folder):
    (folder / "classes.txt").unlink()
    write(timm(3, False), folder / "results.csv")
    with pytest.raises(InputError, match=r"are not those of the labels.*name them with --classes"):
        open_dataset(folder, predictions="results.csv")


def oof(index):
    """Return a frame as AutoGluon's predict_proba_oof gives it: columns are the class labels."""
    return pd.DataFrame(PROBABILITIES[ORDER], columns=NAMES, index=np.asarray(index)[ORDER])


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
@pytest.mark.parametrize("ids", [True, False])
def test_the_index_of_an_autogluon_frame_joins(folder, ending, ids):
    if not ids:
        frame = pd.read_csv(folder / "labels.csv").drop(columns="filename")
        frame.to_csv(folder / "labels.csv", index=False)
    frame = oof(FILES if ids else range(N_ROWS))
    getattr(frame, f"to_{ending[1:]}")(folder / f"oof{ending}")
    opened = open_dataset(folder)
    assert opened.class_names == tuple(NAMES)
    np.testing.assert_allclose(opened.probabilities.read(0, N_ROWS), PROBABILITIES)


def test_an_index_that_only_counts_is_left_out(folder):
    frame = pd.DataFrame(PROBABILITIES, columns=NAMES)
    frame.to_csv(folder / "oof.csv")
    opened = open_dataset(folder)
    assert opened.class_names == tuple(NAMES)
    assert opened.probabilities.rows is None
    np.testing.assert_allclose(opened.probabilities.read(0, N_ROWS), PROBABILITIES)


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_rows_that_autogluon_duplicates_count_once(folder, ending):
    frame = oof(FILES)
    frame = pd.concat([frame, frame.iloc[[4, 9, 4]]])
    getattr(frame, f"to_{ending[1:]}")(folder / f"oof{ending}")
    opened = open_dataset(folder)
    np.testing.assert_allclose(opened.probabilities.read(0, N_ROWS), PROBABILITIES)
    assert any(f"3 rows of oof{ending} repeat an id" in notice for notice in opened.notices)
    assert len(audit(folder).findings) >= 1


def test_listed_and_collapsed_rows_travel(folder):
    frame = oof(FILES)
    pd.concat([frame, frame.iloc[[4]]]).to_csv(folder / "oof.csv")
    write(timm(2, False), folder / "results.csv")
    for name in ("oof.csv", "results.csv"):
        matrix = open_dataset(folder, predictions=name).probabilities
        sent = pickle.loads(pickle.dumps(matrix))
        assert (sent.read(0, N_ROWS) == matrix.read(0, N_ROWS)).all()


def test_duplicates_that_differ_are_refused(folder):
    frame = oof(FILES)
    frame = pd.concat([frame, frame.iloc[[4]].assign(ant=0.5)])
    frame.to_csv(folder / "oof.csv")
    with pytest.raises(InputError, match=r"oof\.csv, line 62: id 'img_\d+\.png' was already used "
                       r"in line 6, with other values; every id must be unique"):  # fmt: skip
        open_dataset(folder)


def test_cross_val_predict_has_the_sorted_labels_as_columns(tmp_path):
    generator = np.random.default_rng(0)
    labels = np.array(NAMES)[CODES]
    points = generator.normal(size=(N_ROWS, 2)) + CODES[:, None]
    found = cross_val_predict(LogisticRegression(), points, labels, cv=3, method="predict_proba")
    np.save(tmp_path / "pred_probs.npy", found)
    np.save(tmp_path / "labels.npy", labels)
    opened = open_dataset(tmp_path)
    assert opened.class_names == tuple(np.unique(labels))
    assert (opened.probabilities.read(0, N_ROWS) == found).all()
    assert any("columns are the sorted labels" in notice for notice in opened.notices)
