"""A plain audit brings nothing heavy that it does not need."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.made import noisy

DIGITS = Path(__file__).parents[2] / "sample_data" / "digits"
HEAVY = ("sklearn", "cleanlab", "pandas", "scipy.stats", "dask", "distributed")
AUDITING = """
import sys
from labelaudit.cli import run
assert run(sys.argv[1:]) == 0
print([name for name in {heavy} if name in sys.modules], file=sys.stderr)
"""


def imported(*arguments: object) -> str:
    made = subprocess.run(
        [sys.executable, "-c", AUDITING.format(heavy=HEAVY), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stderr.splitlines()[-1]


@pytest.fixture
def arrays(tmp_path):
    folder = tmp_path / "arrays"
    folder.mkdir()
    labels, probabilities = noisy(300, 4, dtype=np.float32)
    np.save(folder / "labels.npy", labels)
    np.save(folder / "pred_probs.npy", probabilities)
    return folder


@pytest.mark.parametrize("kind", ["digits", "arrays"])
def test_a_plain_audit_imports_nothing_heavy(kind, arrays, tmp_path):
    data = DIGITS if kind == "digits" else arrays
    target = tmp_path / "audit"
    assert imported("audit", data, "-o", target, "-q") == "[]"
    # The second time there is an audit to replace.
    assert imported("audit", data, "-o", target, "-q") == "[]"
    for command in (["report", target], ["export", target, "-o", tmp_path / "flagged.csv"]):
        assert imported(*command, "-q") == "[]"
