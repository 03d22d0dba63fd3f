"""Findings are columns; a finding is made of them when it is looked at."""

from dataclasses import asdict

import numpy as np
import pytest

from labelaudit import audit, load_audit
from labelaudit.core.arrow import column_of, table_of
from labelaudit.core.coded import Coded, Numbered, as_arrays
from labelaudit.core.folder import read_scores, write_audit, write_scores_part
from labelaudit.core.results import FINDING_COLUMNS, SCORE_COLUMNS, Findings
from labelaudit.core.texts import Texts

N_ROWS = 700  # more than are made at once


def findings(ids):
    rng = np.random.default_rng(0)
    names = ("cat", "dog", "=é")
    columns = {name: rng.random(N_ROWS).astype(np.float32) for name in FINDING_COLUMNS}
    columns |= {
        "rank": np.arange(1, N_ROWS + 1),
        "row": np.arange(N_ROWS) * 2,
        "id": ids,
        "given_label": Coded(distinct=names, codes=rng.integers(0, 3, N_ROWS).astype(np.int32)),
        "suggested_label": Coded(distinct=names, codes=rng.integers(0, 3, N_ROWS).astype(np.int32)),
    }
    return Findings(columns=columns)


@pytest.fixture(params=["numbered", "texts", "coded", "objects"])
def columnar(request):
    texts = [f"image {row}.png" for row in range(N_ROWS)]
    if request.param == "numbered":
        return findings(Numbered(numbers=np.arange(N_ROWS) * 3))
    kinds = {"texts": Texts.of, "coded": Coded.of, "objects": lambda t: np.array(t, dtype=object)}
    return findings(kinds[request.param](texts))


def test_columns_are_the_objects(columnar):
    plain = as_arrays(columnar.columns)
    assert {values.dtype for name, values in plain.items() if name.endswith("label")} == {
        np.dtype(object)
    }
    made = list(columnar)
    assert len(made) == len(columnar) == N_ROWS
    for name in FINDING_COLUMNS:
        assert [asdict(finding)[name] for finding in made] == plain[name].tolist()
    assert [columnar[row] for row in (0, 255, 256, 699, -1)] == [
        made[row] for row in (0, 255, 256, 699, -1)
    ]
    for some in (slice(3), slice(250, 260), slice(None, None, 100), slice(-2, None), slice(9, 2)):
        assert list(columnar[some]) == made[some]
    for beyond in (N_ROWS, -N_ROWS - 1):
        with pytest.raises(IndexError):
            columnar[beyond]


def test_a_slice_is_held_as_it_was(columnar):
    kept = {name: type(column) for name, column in columnar[5:9].columns.items()}
    assert kept == {name: type(column) for name, column in columnar.columns.items()}


def test_arrow_makes_nothing_of_coded_labels(columnar):
    table = table_of(columnar.columns)
    for name, values in as_arrays(columnar.columns).items():
        assert column_of(table.column(name)).tolist() == values.tolist()


def test_reading_an_audit_makes_no_objects(tmp_path):
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet((1, 1, 1), N_ROWS)
    ids = [f"=é{row}" for row in range(N_ROWS)]
    names = ["a", "b", "c"]
    labels = rng.integers(0, 3, N_ROWS)
    made = audit(labels, probabilities, class_names=names, ids=ids, allow=["alignment"])
    (tmp_path / "new").mkdir()
    write_audit(made, tmp_path / "new")
    for index, part in enumerate((slice(0, 500), slice(500, N_ROWS))):
        columns = {name: values[part] for name, values in made.scores.items()}
        write_scores_part(index, columns, tmp_path / "new")
    loaded = load_audit(tmp_path / "new")
    assert list(loaded.findings) == list(made.findings)
    assert len(loaded.findings) > 50
    scores = read_scores(tmp_path / "new" / "scores")
    assert {name: column.tolist() for name, column in scores.items()} == {
        name: made.scores[name].tolist() for name in SCORE_COLUMNS
    }
    for columns in (loaded.findings.columns, scores):
        assert not any(
            getattr(column, "dtype", None) == np.dtype(object) for column in columns.values()
        )
    assert made.to_frame().equals(loaded.to_frame())
