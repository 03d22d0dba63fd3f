"""Make the sample data sets beside this script.

Run it from the root of the repository::

    python sample_data/make.py

It needs numpy, scikit-learn and pillow, uses no network, takes under a minute, and writes the
same bytes each time it runs with the same versions of those packages:

``digits/``
    scikit-learn's 1797 digit images with a listed set of realistic label flips, out-of-fold
    probabilities (rows in another order than the labels) and embeddings.
``imbalanced/``
    a synthetic five-class table, strongly imbalanced, with features, flipped labels and
    out-of-fold probabilities all in one file.
``messages/``
    the short customer messages of ``messages.csv``, written for this purpose, in five classes of
    unequal size, with flipped labels, out-of-fold probabilities and embeddings.
``broken/``
    one tiny data set per folder, each with exactly one fault; ``EXPECTED.txt`` holds the
    essential part of the message that a reader of the folder must be given, and on a second
    line the exit code where it is not 2.

Files are overwritten in place; nothing is deleted.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_digits, make_classification
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

HERE = Path(__file__).resolve().parent
SEED = 20240607

DIGITS_FLIP_SHARE = 0.065
DIGITS_PAIRS = 24
DIGITS_EMBEDDING_SIZE = 16

IMBALANCED_ROWS = 1500
IMBALANCED_FLIP_SHARE = 0.04
IMBALANCED_PAIRS = 14
IMBALANCED_CLASSES = ("healthy", "benign", "atypical", "suspicious", "malignant")
IMBALANCED_WEIGHTS = (0.70, 0.18, 0.08, 0.03, 0.01)

MESSAGES_FLIP_SHARE = 0.06
MESSAGES_PAIRS = 8
MESSAGES_EMBEDDING_SIZE = 16

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


# --- shared helpers ---------------------------------------------------------------------------


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text with plain newlines, making the folder where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("utf-8"))


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a comma-separated file with a header line and plain newlines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def six_decimals(probabilities: Floats) -> list[list[str]]:
    """Format each row with six decimals so that it sums to exactly 1 as written.

    What rounding leaves over goes to the largest entry of the row.
    """
    millionths = np.rint(probabilities * 1e6).astype(np.int64)
    rows = np.arange(len(millionths))
    millionths[rows, millionths.argmax(axis=1)] += 1_000_000 - millionths.sum(axis=1)
    return [[f"{cell // 1_000_000}.{cell % 1_000_000:06d}" for cell in row] for row in millionths]


def linear_model() -> BaseEstimator:
    """Return a regularised logistic regression: its doubts choose the labels to flip."""
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.05, max_iter=2000))


def kernel_model() -> BaseEstimator:
    """Return a calibrated RBF support vector machine: it makes the predictions written out."""
    calibrated = CalibratedClassifierCV(SVC(), method="sigmoid", ensemble=False, cv=3)
    return make_pipeline(StandardScaler(), calibrated)


def letters() -> TfidfVectorizer:
    """Return counts of two to five letters in a row, weighted by TF-IDF."""
    return TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)


def text_model() -> BaseEstimator:
    """Return a logistic regression on the letters of a text; classes weigh the same."""
    return make_pipeline(
        letters(), LogisticRegression(C=5.0, class_weight="balanced", max_iter=2000)
    )


def out_of_fold(
    model: BaseEstimator, features: Floats | Sequence[str], labels: Ints, seed: int
) -> Floats:
    """Return class probabilities from five folds, each row scored by a model that never saw it."""
    folds = StratifiedKFold(n_splits=5, shuffle=True, random_state=seed)
    result: Floats = cross_val_predict(model, features, labels, cv=folds, method="predict_proba")
    return result


@dataclass(frozen=True)
class Flips:
    """Flipped labels: ``rows`` says which, ``given`` holds the labels of all rows."""

    rows: Ints
    given: Ints


def flip_lookalikes(
    true: Ints, probabilities: Floats, share: float, n_pairs: int, rng: np.random.Generator
) -> Flips:
    """Flip a share of the labels the way a hurried annotator would.

    ``probabilities`` are out-of-fold ones of a model trained on the clean labels. The class a row
    can be flipped into is the likeliest class other than its own. Only the ``n_pairs`` ordered
    pairs of classes that the model confuses most (by mean probability) take part, and a row is
    drawn with a weight that grows with its pair's confusion and with its own.
    """
    n_classes = probabilities.shape[1]
    others = probabilities.copy()
    others[np.arange(len(true)), true] = -1.0
    target = others.argmax(axis=1)
    runner_up = others.max(axis=1)

    confusion = np.stack([probabilities[true == k].mean(axis=0) for k in range(n_classes)])
    np.fill_diagonal(confusion, 0.0)
    least = np.sort(confusion, axis=None)[-n_pairs]
    pair = confusion[true, target]
    weight = np.where(pair >= least, np.sqrt(pair * runner_up), 0.0)

    rows = np.sort(
        rng.choice(len(true), size=round(share * len(true)), replace=False, p=weight / weight.sum())
    )
    given = true.copy()
    given[rows] = target[rows]
    return Flips(rows=rows, given=given)


def common_pairs(flips: Flips, true: Ints, names: Sequence[str], top: int) -> str:
    """List the most frequent flips, as ``true > given (count)``."""
    counts = Counter((int(true[row]), int(flips.given[row])) for row in flips.rows)
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:top]
    return ", ".join(f"`{names[a]}` > `{names[b]}` ({count})" for (a, b), count in ranked)


def write_flips(
    path: Path, ids: Sequence[str], flips: Flips, true: Ints, names: Sequence[str]
) -> None:
    """List the flipped rows with the label given and the true one."""
    write_csv(
        path,
        ["id", "given_label", "true_label"],
        [[ids[row], names[flips.given[row]], names[true[row]]] for row in flips.rows],
    )


# --- digits -----------------------------------------------------------------------------------


def make_digits(folder: Path) -> str:
    """Write the digits data set and return one line about it."""
    data = load_digits()
    pixels: Floats = data.data
    true: Ints = data.target.astype(np.int64)
    names = [str(k) for k in range(10)]
    ids = [f"images/{row:04d}.png" for row in range(len(true))]
    rng = np.random.default_rng(SEED)

    clean = out_of_fold(linear_model(), pixels, true, SEED)
    flips = flip_lookalikes(true, clean, DIGITS_FLIP_SHARE, DIGITS_PAIRS, rng)
    probabilities = out_of_fold(kernel_model(), pixels, flips.given, SEED + 1)
    accuracy = float((probabilities.argmax(axis=1) == true).mean())

    (folder / "images").mkdir(parents=True, exist_ok=True)
    grey = np.rint(data.images * (255 / 16)).astype(np.uint8)
    for name, image in zip(ids, grey, strict=True):
        Image.fromarray(image).save(folder / name, format="PNG", optimize=True)

    write_csv(
        folder / "labels.csv",
        ["id", "label"],
        [[name, names[label]] for name, label in zip(ids, flips.given, strict=True)],
    )
    cells = six_decimals(probabilities)
    write_csv(
        folder / "predictions.csv",
        ["id", *(f"prob_{name}" for name in names)],
        [[ids[row], *cells[row]] for row in rng.permutation(len(ids))],
    )
    write_flips(folder / "flips.csv", ids, flips, true, names)

    pca = PCA(n_components=DIGITS_EMBEDDING_SIZE, svd_solver="full")
    embeddings = pca.fit_transform(StandardScaler().fit_transform(pixels))
    np.save(folder / "embeddings.npy", np.round(embeddings, 5).astype(np.float32))

    n_flips, n_rows = len(flips.rows), len(ids)
    write_text(
        folder / "README.md",
        f"""# Digits with known label errors

{n_rows} handwritten digits (8x8 grey images, `sklearn.datasets.load_digits`) of which {n_flips}
({n_flips / n_rows:.1%}) were given a wrong label on purpose. Made by `sample_data/make.py`.

Input:

- `images/`: the images, `0000.png` to `{n_rows - 1}.png`
- `labels.csv`: `id,label`, the given labels, partly wrong
- `predictions.csv`: `id,prob_0..prob_9`, out-of-fold probabilities of a support vector machine
  (five folds, trained on the given labels; {accuracy:.1%} right by the true labels). Its rows
  are in another order than those of `labels.csv`: join them by `id`.
- `embeddings.npy`: float32, {n_rows} x {DIGITS_EMBEDDING_SIZE}, a PCA of the scaled pixels, in the
  row order of `labels.csv`

Truth, not input:

- `flips.csv`: `id,given_label,true_label`, the {n_flips} labels that were changed

The flips go between digits that look alike. A logistic regression was cross-validated on the clean
labels; a row could be flipped only into its likeliest other class, only along the {DIGITS_PAIRS}
ordered pairs the model confuses most, and the more readily the more the model hesitated.
The most frequent flips, true > given:
{common_pairs(flips, true, names, 5)}.

"True" means the label that scikit-learn ships. A few of those may be doubtful themselves.

The images come from the UCI "Optical Recognition of Handwritten Digits" data set
(E. Alpaydin, C. Kaynak, 1998), as scikit-learn ships it:
<https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits>
""",
    )
    return f"digits: {n_rows} rows, {n_flips} flips, out-of-fold accuracy {accuracy:.3f}"


# --- imbalanced -------------------------------------------------------------------------------


TREE = """\
# The classes as a tree, for --hierarchy: groups hold classes or further groups.
leave alone: [healthy, benign]
act on:
  look again: [atypical, suspicious]
  malignant:
"""


def make_imbalanced(folder: Path) -> str:
    """Write the imbalanced data set and return one line about it."""
    features, true = make_classification(
        n_samples=IMBALANCED_ROWS,
        n_features=6,
        n_informative=5,
        n_redundant=1,
        n_classes=len(IMBALANCED_CLASSES),
        n_clusters_per_class=1,
        weights=list(IMBALANCED_WEIGHTS),
        class_sep=2.5,
        flip_y=0.0,
        random_state=SEED,
    )
    features = np.round(features, 4)
    true = true.astype(np.int64)
    ids = [f"case_{row:04d}" for row in range(1, len(true) + 1)]
    rng = np.random.default_rng(SEED + 2)

    clean = out_of_fold(linear_model(), features, true, SEED)
    flips = flip_lookalikes(true, clean, IMBALANCED_FLIP_SHARE, IMBALANCED_PAIRS, rng)
    probabilities = out_of_fold(kernel_model(), features, flips.given, SEED + 1)
    accuracy = float((probabilities.argmax(axis=1) == true).mean())

    names = IMBALANCED_CLASSES
    cells = six_decimals(probabilities)
    write_csv(
        folder / "train.csv",
        [
            "id",
            *(f"feature_{k}" for k in range(1, features.shape[1] + 1)),
            "label",
            *(f"prob_{name}" for name in names),
        ],
        [
            [ids[row], *(f"{x:.4f}" for x in features[row]), names[flips.given[row]], *cells[row]]
            for row in range(len(ids))
        ],
    )
    write_flips(folder / "flips.csv", ids, flips, true, names)
    write_text(folder / "classes.yaml", TREE)

    n_flips, n_rows = len(flips.rows), len(ids)
    counts = np.bincount(flips.given, minlength=len(names))
    listed = ", ".join(f"`{name}` {count}" for name, count in zip(names, counts, strict=True))
    ratio = counts.max() / counts.min()
    write_text(
        folder / "README.md",
        f"""# An imbalanced table with known label errors

{n_rows} synthetic rows (`sklearn.datasets.make_classification`; the class names are only names, no
patient was ever involved) in {len(names)} classes, of which {n_flips} ({n_flips / n_rows:.1%}) were
given a wrong label on purpose. Made by `sample_data/make.py`.

Input:

- `train.csv`: one file with everything: `id`, {features.shape[1]} numeric features, `label` (partly
  wrong) and `prob_<class>`, out-of-fold probabilities of a support vector machine (five folds,
  trained on the given labels; {accuracy:.1%} right by the true labels)
- `classes.yaml`: the classes as a tree, for `--hierarchy`

Rows per given label: {listed};
the largest class has {ratio:.0f} times the rows of the smallest.

Truth, not input:

- `flips.csv`: `id,given_label,true_label`, the {n_flips} labels that were changed. They go between
  classes that a model trained on the clean labels confuses. The most frequent, true > given:

  {common_pairs(flips, true, names, 4)}.
""",
    )
    return (
        f"imbalanced: {n_rows} rows, {n_flips} flips, out-of-fold accuracy {accuracy:.3f}, "
        f"given labels {counts.tolist()}, ratio {ratio:.1f}"
    )


# --- messages ---------------------------------------------------------------------------------


def make_messages(texts: Path, folder: Path) -> str:
    """Write the messages data set from the texts as they were written; return one line about it."""
    rng = np.random.default_rng(SEED + 3)
    with texts.open(encoding="utf-8", newline="") as file:
        written = list(csv.DictReader(file))
    written = [written[row] for row in rng.permutation(len(written))]
    messages = [row["text"] for row in written]
    names = sorted({row["label"] for row in written})
    true: Ints = np.array([names.index(row["label"]) for row in written])
    ids = [f"message_{row:03d}" for row in range(1, len(true) + 1)]

    clean = out_of_fold(text_model(), messages, true, SEED)
    flips = flip_lookalikes(true, clean, MESSAGES_FLIP_SHARE, MESSAGES_PAIRS, rng)
    probabilities = out_of_fold(text_model(), messages, flips.given, SEED + 1)
    accuracy = float((probabilities.argmax(axis=1) == true).mean())
    agreement = float((probabilities.argmax(axis=1) == flips.given).mean())

    write_csv(
        folder / "labels.csv",
        ["id", "text", "label"],
        [[ids[row], messages[row], names[flips.given[row]]] for row in range(len(ids))],
    )
    cells = six_decimals(probabilities)
    write_csv(
        folder / "predictions.csv",
        ["id", *(f"prob_{name}" for name in names)],
        [[name, *row] for name, row in zip(ids, cells, strict=True)],
    )
    write_flips(folder / "flips.csv", ids, flips, true, names)

    svd = TruncatedSVD(n_components=MESSAGES_EMBEDDING_SIZE, algorithm="arpack", random_state=SEED)
    embeddings = svd.fit_transform(letters().fit_transform(messages))
    np.save(folder / "embeddings.npy", np.round(embeddings, 5).astype(np.float32))

    n_flips, n_rows = len(flips.rows), len(ids)
    counts = np.bincount(flips.given, minlength=len(names))
    listed = ", ".join(f"`{name}` {count}" for name, count in zip(names, counts, strict=True))
    write_text(
        folder / "README.md",
        f"""# Customer messages with known label errors

{n_rows} short messages to a shop in {len(names)} classes, of which {n_flips}
({n_flips / n_rows:.1%}) were given a wrong label on purpose. The texts (`sample_data/messages.csv`)
were written for this data set: no customer, shop or order behind them is real.
`sample_data/make.py` made the rest.

Input:

- `labels.csv`: `id,text,label`, the given labels, partly wrong
- `predictions.csv`: `id,prob_<class>`, out-of-fold probabilities of a logistic regression on
  TF-IDF of two to five letters (five folds, trained on the given labels; {accuracy:.1%} right by
  the true labels, {agreement:.1%} agreeing with the given ones)
- `embeddings.npy`: float32, {n_rows} x {MESSAGES_EMBEDDING_SIZE}, an SVD of the TF-IDF of all
  texts, in the row order of `labels.csv`

Rows per given label: {listed}.

- `delivery`: where a parcel is, when and how it comes, in what state it arrived
- `payment`: cards, invoices, vouchers, charges, and money back that has nothing to do with a return
- `returns`: sending back, exchange, repair, and the refund for what was sent back
- `account`: login, passwords, profile, newsletter, personal data
- `praise`: thanks and nothing else

Refunds stand on both sides of the line between `payment` and `returns`: some of these messages
are doubtful by nature, and a suspect among them need not be an error.

Truth, not input:

- `flips.csv`: `id,given_label,true_label`, the {n_flips} labels that were changed. They go between
  classes that a model trained on the clean labels confuses. The most frequent, true > given:

  {common_pairs(flips, true, names, 3)}.

The texts and everything made from them may be used by anybody for anything (CC0 1.0).
""",
    )
    return (
        f"messages: {n_rows} rows, {n_flips} flips, out-of-fold accuracy {accuracy:.3f}, "
        f"agreement {agreement:.3f}, given labels {counts.tolist()}"
    )


# --- broken -----------------------------------------------------------------------------------

TINY_CLASSES = ("bird", "cat", "dog")
TINY_LABELS = ("cat", "dog", "bird", "cat", "dog", "bird", "cat", "dog")
TINY_IDS = tuple(f"img_{k:02d}" for k in range(1, len(TINY_LABELS) + 1))
LABEL_HEADER = ["id", "label"]
PREDICTION_HEADER = ["id", *(f"prob_{name}" for name in TINY_CLASSES)]


def tiny_labels() -> list[list[str]]:
    """Return the rows of a sound ``labels.csv``."""
    return [list(row) for row in zip(TINY_IDS, TINY_LABELS, strict=True)]


def tiny_probabilities() -> Floats:
    """Return sound probabilities for the tiny data set, one row per label."""
    rows = np.full((len(TINY_LABELS), len(TINY_CLASSES)), 0.1)
    for row, label in enumerate(TINY_LABELS):
        rows[row, TINY_CLASSES.index(label)] = 0.8
    return rows


def tiny_predictions() -> list[list[str]]:
    """Return the rows of a sound ``predictions.csv``; line 2 of the file is row 0."""
    pairs = zip(TINY_IDS, tiny_probabilities(), strict=True)
    return [[name, *(f"{p:.2f}" for p in row)] for name, row in pairs]


def make_broken(folder: Path) -> str:
    """Write one folder per fault and return one line about them."""
    made: list[str] = []

    def case(
        name: str,
        expected: str,
        *,
        exit_code: int = 2,
        labels: list[list[str]] | None = None,
        predictions: list[list[str]] | None = None,
        arrays: dict[str, Floats] | None = None,
        files: dict[str, bytes] | None = None,
    ) -> Path:
        """Write one folder: whatever is given, and the message that is expected."""
        here = folder / name
        status = "" if exit_code == 2 else f"exit {exit_code}\n"
        write_text(here / "EXPECTED.txt", f"{expected}\n{status}")
        if labels is not None:
            write_csv(here / "labels.csv", LABEL_HEADER, labels)
        if predictions is not None:
            write_csv(here / "predictions.csv", PREDICTION_HEADER, predictions)
        for file_name, array in (arrays or {}).items():
            np.save(here / file_name, array)
        for file_name, content in (files or {}).items():
            (here / file_name).write_bytes(content)
        made.append(name)
        return here

    labels, predictions, probabilities = tiny_labels(), tiny_predictions(), tiny_probabilities()

    def with_cell(line: int, column: str, cell: str) -> list[list[str]]:
        """Return the predictions with one cell replaced; lines are those of the file."""
        rows = tiny_predictions()
        rows[line - 2][PREDICTION_HEADER.index(column)] = cell
        return rows

    case(
        "duplicate_id",
        "labels.csv, line 7: id 'img_03' was already used in line 4",
        labels=[*labels[:5], ["img_03", "dog"], *labels[5:]],
        predictions=predictions,
    )
    case(
        "unmatched_ids",
        "predictions.csv: no id matches an id of labels.csv",
        exit_code=4,
        labels=labels,
        predictions=[[row[0].replace("img_", "photo-"), *row[1:]] for row in predictions],
    )
    case(
        "nan_probability",
        "predictions.csv, line 5, column 'prob_cat': value nan",
        labels=labels,
        predictions=with_cell(5, "prob_cat", "nan"),
    )
    case(
        "above_one",
        "predictions.csv, line 6, column 'prob_dog': value 1.7",
        labels=labels,
        predictions=with_cell(6, "prob_dog", "1.7"),
    )
    case(
        "rows_do_not_sum",
        "predictions.csv, line 2: the probabilities sum to 0.5, not 1",
        labels=labels,
        predictions=[
            [name, *(f"{p / 2:.2f}" for p in row)]
            for name, row in zip(TINY_IDS, probabilities, strict=True)
        ],
    )
    case(
        "not_a_number",
        "predictions.csv, line 4, column 'prob_dog': 'abc' is not a number",
        labels=labels,
        predictions=with_cell(4, "prob_dog", "abc"),
    )
    case(
        "wrong_row_count",
        "pred_probs.npy: has 7 rows, but labels.csv has 8",
        labels=labels,
        arrays={"pred_probs.npy": probabilities[:7]},
    )
    four = np.hstack([probabilities * 0.9, np.full((len(labels), 1), 0.1)])
    case(
        "class_count",
        "pred_probs.npy: has 4 columns, but the labels hold 3 classes (bird, cat, dog)",
        labels=labels,
        arrays={"pred_probs.npy": four},
    )
    case(
        "two_predictions",
        "several files could be the predictions: pred_probs_a.npy, pred_probs_b.npy",
        labels=labels,
        arrays={
            "pred_probs_a.npy": probabilities,
            "pred_probs_b.npy": np.round(probabilities * 0.7 + 0.1, 6),
        },
    )
    case(
        "empty_file",
        "labels.csv is empty (0 bytes)",
        predictions=predictions,
        files={"labels.csv": b""},
    )
    case(
        "ragged_line",
        "predictions.csv, line 4: the line has 3 cells, the header has 4",
        labels=labels,
        predictions=[*predictions[:2], predictions[2][:-1], *predictions[3:]],
    )
    here = case(
        "no_label_column",
        "labels.csv: no column is named like labels",
        predictions=predictions,
    )
    write_csv(
        here / "labels.csv",
        ["id", "foo", "bar"],
        [
            [name, f"{0.37 * k + 1.2:.2f}", f"{5.9 - 0.23 * k:.2f}"]
            for k, name in enumerate(TINY_IDS)
        ],
    )
    lists = [[label, TINY_LABELS[k - 1]] for k, label in enumerate(TINY_LABELS)]
    objects = [
        json.dumps({"id": name, "label": both}) for name, both in zip(TINY_IDS, lists, strict=True)
    ]
    case(
        "list_labels",
        "labels.jsonl, line 1, column 'label': a list of labels per row",
        predictions=predictions,
        files={"labels.jsonl": ("\n".join(objects) + "\n").encode("utf-8")},
    )
    here = case(
        "pickled_array",
        "labels.npy holds Python objects (a pickle), which is never loaded",
        arrays={"pred_probs.npy": probabilities},
    )
    np.save(here / "labels.npy", np.array(TINY_LABELS, dtype=object), allow_pickle=True)
    lines = ["id,label", *map(",".join, labels)]
    lines[2] = lines[2].replace("dog", "d\u00f6g")
    case(
        "not_utf8",
        "labels.csv, line 3, column 'label': not UTF-8",
        predictions=predictions,
        files={"labels.csv": ("\n".join(lines) + "\n").encode("latin-1")},
    )
    return f"broken: {len(made)} folders: {', '.join(made)}"


def main() -> None:
    """Make all four folders."""
    with threadpool_limits(limits=1):  # sums in one fixed order, so the same bytes each time
        print(make_digits(HERE / "digits"))
        print(make_imbalanced(HERE / "imbalanced"))
        print(make_messages(HERE / "messages.csv", HERE / "messages"))
    print(make_broken(HERE / "broken"))


if __name__ == "__main__":
    main()
