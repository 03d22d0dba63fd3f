"""What the input contract costs: a workload audited with its checks and without, taking turns.

    python benchmarks/contract.py              workload C, about a minute
    python benchmarks/contract.py --only B     another workload of run.py
    python benchmarks/contract.py --runs 9     more turns

Without the contract nothing is tallied on the pass that makes the digest, and no check is made
after it; the rest is the same audit. Data is that of run.py, generated where it is not there.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

from labelaudit import auditing, surveying
from labelaudit.core.settings import Options
from labelaudit.engine.job import begin
from labelaudit.ingest.opening import open_dataset

sys.path.insert(0, str(Path(__file__).resolve().parent))
from run import WORKLOADS, generate


class Nothing:
    """A tally that looks at nothing."""

    def update(self, batch: object) -> None: ...

    def merge(self, other: "Nothing") -> None: ...

    def result(self) -> dict[str, float]:
        return {"largest_gap": 0.0}


def audited(data: Path, checked: bool) -> tuple[float, float]:
    """Return wall seconds and processor seconds of one audit, its opening included."""
    with tempfile.TemporaryDirectory() as folder:
        wall, cpu = time.perf_counter(), time.process_time()
        with (
            patch.object(surveying, "Values", surveying.Values if checked else Nothing),
            patch.object(
                surveying,
                "checks_of_values",
                surveying.checks_of_values if checked else lambda *_: [],
            ),
            patch.object(surveying, "_checks", surveying._checks if checked else lambda *_: []),
        ):
            auditing.run(begin(open_dataset(data), Path(folder)), Options())
        return time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="C", choices=WORKLOADS)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument(
        "--folder", type=Path, default=Path(tempfile.gettempdir()) / "labelaudit-benchmarks"
    )
    chosen = parser.parse_args()
    data = generate(WORKLOADS[chosen.only], chosen.folder)
    audited(data, True)  # the first reads from the disk
    taken = {True: [], False: []}
    for _ in range(chosen.runs):
        for checked in taken:
            taken[checked].append(audited(data, checked))
    for place, what in enumerate(("wall", "processor")):
        checked, bare = (statistics.median(t[place] for t in taken[way]) for way in (True, False))
        print(
            f"{what:<10}{checked:7.2f} s with the contract, {bare:6.2f} s without: "
            f"{checked / bare - 1:+.1%}"
        )


if __name__ == "__main__":
    main()
