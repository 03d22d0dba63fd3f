"""labelaudit's engine and cleanlab side by side, on one machine, and how the engine grows.

    python benchmarks/run.py              workloads F, A, B, C, E, D: about ten minutes, 5 GB
    python benchmarks/run.py --quick      workloads F, A, B: well under two minutes
    python benchmarks/run.py --only C,D   some workloads
    python benchmarks/run.py --growth     10^4 to 10^7 rows; writes benchmarks/growth.svg

    --folder DIR   where the generated data lies (default: labelaudit-benchmarks in the system's
                   temporary directory); it is generated once, seeded, and used again
    --runs 3       runs of each program; medians are printed

Every run is a process of its own, and the two programs take turns. What is measured, and how,
stands in README.md beside this file. Needs Linux (/proc) and the package with its dependencies.
"""

import argparse
import datetime
import json
import os
import platform
import select
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

HERE = Path(__file__).resolve().parent
OURS, THEIRS, PASS = "labelaudit", "cleanlab", "pass"
_CHILD = "_child"  # the hidden sub-command: one run, in the process that was started for it
_SAMPLED_EVERY = 0.005
_CELLS = 1 << 24  # generated at a time: 64 MB
_NOISE = 0.08
_QUIET = 1.2  # a load average above this, before anything runs, spoils the figures
_COUNTABLE = 1e-3  # a shorter pass is no unit to count in: the data lies in the processor's cache
_MB = 1e6

Timed = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Workload:
    """Softmax outputs float32[rows, classes] with noisy labels, and what is asked of the engine.

    `at_least` times faster than cleanlab; at most so many `passes` over the data, `private`
    megabytes or `private_per_row` bytes a row (None: nothing is asked).
    """

    name: str
    rows: int
    classes: int
    at_least: float
    passes: float | None = None
    private: float | None = None
    private_per_row: float | None = None

    @property
    def title(self) -> str:
        return f"{self.name} {short(self.rows)} × {self.classes:,}"


WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload(name="F", rows=50_000, classes=10, at_least=4),
        Workload(name="A", rows=50_000, classes=1_000, at_least=2.8, passes=7),
        Workload(name="B", rows=1_000_000, classes=10, at_least=6),
        Workload(name="C", rows=1_000_000, classes=100, at_least=8, passes=10, private=120),
        Workload(name="E", rows=10_000_000, classes=10, at_least=10, private_per_row=30),
        Workload(name="D", rows=1_000_000, classes=1_000, at_least=12, passes=5, private=120),
    )
}
QUICK = ("F", "A", "B")
GROWTH_ON = "E"
GROWTH_ROWS = (*(step * 10**power for power in (4, 5, 6) for step in (1, 2, 5)), 10**7)


def short(number: int) -> str:
    """Return 50k for 50,000 and 10M for 10,000,000."""
    for unit, letter in ((1_000_000, "M"), (1_000, "k")):
        if number >= unit and number % unit == 0:
            return f"{number // unit}{letter}"
    return f"{number:,}"


def say(text: str = "") -> None:
    print(text, flush=True)


# --- the data ---------------------------------------------------------------------------------


def generate(workload: Workload, folder: Path) -> Path:
    """Return the folder of a workload's two files; make them where they are not there yet.

    Logits are standard normal times 1.5; that of the true class is raised by 3 and by what the
    largest of K logits grows with K, so that the model is good at every K.
    """
    made = folder / f"{workload.name}-{workload.rows}x{workload.classes}"
    if made.is_dir():
        return made
    say(f"generating {workload.title} in {made}")
    unfinished = made.with_name(f"{made.name}.{os.getpid()}.unfinished")
    unfinished.mkdir(parents=True)
    n_rows, n_classes = workload.rows, workload.classes
    generator = np.random.default_rng([2026, n_rows, n_classes])
    raised = 1.5 * np.sqrt(2 * np.log(n_classes)) + 3
    probabilities = np.lib.format.open_memmap(
        unfinished / "pred_probs.npy", mode="w+", dtype=np.float32, shape=(n_rows, n_classes)
    )
    labels = np.empty(n_rows, dtype=np.int32)
    step = max(1, _CELLS // n_classes)
    for start in range(0, n_rows, step):
        size = min(step, n_rows - start)
        true = generator.integers(0, n_classes, size)
        block = generator.standard_normal((size, n_classes), dtype=np.float32)
        block *= 1.5
        block[np.arange(size), true] += raised
        block -= block.max(axis=1, keepdims=True)
        np.exp(block, out=block)
        block /= block.sum(axis=1, keepdims=True)
        probabilities[start : start + size] = block
        wrong = generator.random(size) < _NOISE
        labels[start : start + size] = np.where(wrong, generator.integers(0, n_classes, size), true)
    probabilities.flush()
    np.save(unfinished / "labels.npy", labels)
    unfinished.rename(made)
    return made


def load(folder: Path, rows: int | None) -> tuple[npt.NDArray[np.int32], npt.NDArray[Any]]:
    """Return the labels, read, and the probabilities, memory-mapped; the first rows of both."""
    labels = np.array(np.load(folder / "labels.npy", mmap_mode="r")[:rows])
    probabilities = np.load(folder / "pred_probs.npy", mmap_mode="r")
    return labels, probabilities if rows is None else probabilities[:rows]


# --- one run, in a process of its own ---------------------------------------------------------


@dataclass
class Clock:
    """Wall and CPU seconds, the process's memory, and the laps between."""

    wall: float = field(default_factory=time.perf_counter)
    cpu: float = field(default_factory=time.process_time)
    system: float = field(default_factory=lambda: os.times().system)
    private_before: float = field(default_factory=lambda: memory("RssAnon"))
    laps: dict[str, float] = field(default_factory=dict)

    def lap(self, name: str) -> None:
        self.laps[name] = time.perf_counter() - self.wall - sum(self.laps.values())

    def stop(self) -> None:
        """Tell the process that waits; what is done from now on is not measured."""
        wall, cpu = time.perf_counter() - self.wall, time.process_time() - self.cpu
        told: Timed = {
            "wall": wall,
            "cpu": cpu,
            "system": os.times().system - self.system,
            "private_before": self.private_before,
            "private": memory("RssAnon"),
            "resident": memory("VmHWM"),
            "laps": self.laps,
        }
        say(json.dumps(told))


def memory(name: str, process: int | str = "self") -> float:
    """Return a figure of /proc/PID/status in megabytes; 0 where the process has ended."""
    try:
        text = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    except OSError:
        return 0.0
    for line in text.splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024 / _MB
    return 0.0


def run_ours(folder: Path, rows: int | None) -> dict[str, npt.NDArray[Any]]:
    """Run the engine: survey, thresholds, confident joint, selection; opening included."""
    from labelaudit.core.dataset import Dataset
    from labelaudit.core.matrix import Matrix
    from labelaudit.core.rows import as_mapped
    from labelaudit.core.settings import Options
    from labelaudit.detect.detecting import chosen_filter
    from labelaudit.detect.joint import ConfidentJoint, calibrated
    from labelaudit.detect.thresholds import Thresholds
    from labelaudit.engine.job import begin
    from labelaudit.surveying import survey

    clock = Clock()
    labels, probabilities = load(folder, rows)
    n_classes = probabilities.shape[1]
    dataset = Dataset(
        name=folder.name,
        class_names=tuple(str(index) for index in range(n_classes)),
        labels=labels,
        probabilities=Matrix(values=as_mapped(probabilities)),
    )
    job, _ = survey(begin(dataset), Options())
    clock.lap("survey")
    thresholds = job.fold(Thresholds(n_classes), "thresholds")
    clock.lap("thresholds")
    counts, _ = job.fold(ConfidentJoint(thresholds), "confident joint")
    joint = calibrated(counts, np.bincount(labels, minlength=n_classes))
    clock.lap("joint")
    choose = chosen_filter("prune_by_noise_rate", job, joint, thresholds)
    flagged = np.concatenate([choose(batch) for part in job.shards for batch in job.digested(part)])
    clock.lap("selection")
    clock.stop()
    return {"flagged": flagged, "joint": joint, "counts": counts}


def run_theirs(folder: Path, rows: int | None, answer: bool) -> dict[str, npt.NDArray[Any]]:
    """Run cleanlab's find_label_issues on arrays that lie in memory already."""
    from cleanlab.count import compute_confident_joint
    from cleanlab.filter import find_label_issues

    mapped_labels, mapped = load(folder, rows)
    labels, probabilities = mapped_labels.astype(np.int64), np.array(mapped)
    del mapped, mapped_labels
    clock = Clock()
    flagged = find_label_issues(labels, probabilities, filter_by="prune_by_noise_rate", n_jobs=1)
    clock.lap("find_label_issues")
    clock.stop()
    if not answer:
        return {}
    joint = compute_confident_joint(labels, probabilities)
    counts = compute_confident_joint(labels, probabilities, calibrate=False)
    return {"flagged": flagged, "joint": joint, "counts": counts}


def run_pass(folder: Path, rows: int | None) -> None:
    """Read the probabilities from the warm page cache: numpy's max, the best of three."""
    _, probabilities = load(folder, rows)
    probabilities.max()
    best = np.inf
    for _ in range(3):
        start = time.perf_counter()
        probabilities.max()
        best = min(best, time.perf_counter() - start)
    say(json.dumps({"wall": best}))


def child(arguments: Sequence[str]) -> None:
    """Do one run: which program, the folder, how many rows, where to leave the answer."""
    program, folder, rows, answer_file = arguments
    limit = int(rows) or None
    warnings.simplefilter("ignore")
    if program == PASS:
        run_pass(Path(folder), limit)
        return
    if program == OURS:
        answer = run_ours(Path(folder), limit)
    else:
        answer = run_theirs(Path(folder), limit, answer=bool(answer_file))
    if answer_file:
        np.savez(answer_file, allow_pickle=False, **answer)


def one_run(program: str, folder: Path, rows: int = 0, answer: Path | None = None) -> Timed:
    """Start a process for one run, watch its memory until it says that it has finished.

    The private memory is watched from here, so that the run itself is not slowed down.
    """
    command = [sys.executable, str(Path(__file__).resolve()), _CHILD, program, str(folder)]
    command += [str(rows), str(answer or "")]
    private = 0.0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while not select.select([process.stdout], [], [], _SAMPLED_EVERY)[0]:
            private = max(private, memory("RssAnon", process.pid))
        line = process.stdout.readline()
        process.stdout.read()
    if process.returncode or not line:
        raise SystemExit(f"{program} on {folder} ended with {process.returncode}")
    told: Timed = json.loads(line)
    told["private"] = max(private, told.get("private", 0.0))
    return told


# --- side by side -----------------------------------------------------------------------------


@dataclass
class Result:
    """What one workload came to: the runs of both programs, one pass, and what is the same."""

    workload: Workload
    one_pass: float
    runs: dict[str, list[Timed]]
    differing: dict[str, int]  # how many rows or cells of each answer differ
    n_flagged: int

    def median(self, program: str, name: str) -> float:
        return statistics.median(float(run[name]) for run in self.runs[program])

    def peak(self, program: str, name: str) -> float:
        return max(float(run[name]) for run in self.runs[program])

    def lap(self, name: str) -> float:
        return statistics.median(float(run["laps"][name]) for run in self.runs[OURS])

    @property
    def ratio(self) -> float:
        return self.median(THEIRS, "wall") / self.median(OURS, "wall")

    @property
    def ratios(self) -> list[float]:
        """The ratio of each pair of neighbouring runs, sorted."""
        pairs = zip(self.runs[THEIRS], self.runs[OURS], strict=True)
        return sorted(theirs["wall"] / ours["wall"] for theirs, ours in pairs)

    @property
    def verdict(self) -> str:
        """Say whether both programs answer the same, else what differs in how many places."""
        differs = [f"{name} differ in {n:,}" for name, n in self.differing.items() if n]
        return "; ".join(differs) or "identical"

    @property
    def passes(self) -> float:
        return self.median(OURS, "wall") / self.one_pass


def side_by_side(workload: Workload, data: Path, runs: int) -> Result:
    """Run both programs in turn and compare what they answer."""
    one_pass = float(one_run(PASS, data)["wall"])
    timed: dict[str, list[Timed]] = {OURS: [], THEIRS: []}
    with tempfile.TemporaryDirectory() as scratch:
        files = {program: Path(scratch) / f"{program}.npz" for program in timed}
        for turn in range(runs):
            for program, done in timed.items():
                done.append(one_run(program, data, answer=files[program] if turn == 0 else None))
        with np.load(files[OURS]) as ours, np.load(files[THEIRS]) as theirs:
            differing = {name: int((ours[name] != theirs[name]).sum()) for name in ours.files}
            n_flagged = int(ours["flagged"].sum())
    return Result(workload, one_pass, timed, differing, n_flagged)


def told(result: Result) -> str:
    """Say in three lines what a workload came to."""
    lines = [f"{result.workload.title}   one pass {1e3 * result.one_pass:.2f} ms"]
    for program in (OURS, THEIRS):
        wall = ", ".join(f"{run['wall']:.3f}" for run in result.runs[program])
        lines.append(
            f"  {program:10}  wall {result.median(program, 'wall'):.3f} s ({wall})"
            f"  CPU {result.median(program, 'cpu'):.3f} s"
            f", {result.median(program, 'system'):.2f} s of it the system's"
            f"  private {result.peak(program, 'private'):,.0f} MB"
            f"  resident {result.peak(program, 'resident'):,.0f} MB"
        )
    lines.append(
        f"  {result.ratio:.1f} times faster ({result.ratios[0]:.1f} to {result.ratios[-1]:.1f}), "
        f"{in_passes(result.median(OURS, 'wall'), result)} passes, "
        f"{result.n_flagged:,} rows flagged; "
        f"flags, joint, counts: {result.verdict}"
    )
    return "\n".join(lines)


def in_passes(seconds: float, result: Result) -> str:
    """Return how many passes over the data take so long; a dash where they lie in the cache."""
    if result.one_pass < _COUNTABLE:
        return "–"
    passes = seconds / result.one_pass
    return f"{passes:.1f}" if passes < 20 else f"{passes:.0f}"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; all columns but the first are set to the right."""
    rule = ["---", *("---:" for _ in header[1:])]
    return "\n".join("| " + " | ".join(row) + " |" for row in (header, rule, *rows))


def side_by_side_table(results: Sequence[Result]) -> str:
    header = ["workload", "labelaudit", "cleanlab", "ratio", "pairs", "CPU", "private memory"]
    header += ["resident memory", "one pass", "passes", "flags, joint, counts"]
    rows = []
    for result in results:
        wall, cpu = (
            {program: result.median(program, name) for program in (OURS, THEIRS)}
            for name in ("wall", "cpu")
        )
        private, resident = (
            " / ".join(f"{result.peak(program, name):,.0f}" for program in (OURS, THEIRS))
            for name in ("private", "resident")
        )
        rows.append(
            [
                result.workload.title,
                f"{wall[OURS]:.3f} s",
                f"{wall[THEIRS]:.3f} s",
                f"**{result.ratio:.1f}**",
                f"{result.ratios[0]:.1f}–{result.ratios[-1]:.1f}",
                f"{cpu[OURS]:.2f} / {cpu[THEIRS]:.2f} s",
                f"{private} MB",
                f"{resident} MB",
                f"{1e3 * result.one_pass:.2f} ms",
                " / ".join(in_passes(wall[program], result) for program in (OURS, THEIRS)),
                result.verdict,
            ]
        )
    return table(header, rows)


def stages_table(results: Sequence[Result]) -> str:
    stages = ("survey", "thresholds", "joint", "selection")
    rows = []
    for result in results:
        seconds = [result.lap(stage) for stage in stages]
        cells = [f"{lap:.3f} s ({in_passes(lap, result)})" for lap in seconds]
        start = statistics.median(run["private_before"] for run in result.runs[OURS])
        extra = (result.peak(OURS, "private") - start) * _MB / result.workload.rows
        rows.append([result.workload.title, *cells, f"{start:,.0f} MB", f"{extra:,.0f} bytes"])
    header = ["labelaudit, seconds (passes)", *stages, "private at start", "more, per row"]
    return table(header, rows)


def targets_table(results: Sequence[Result]) -> str:
    rows = []
    for result in results:
        asked = result.workload
        private = result.peak(OURS, "private")
        for what, wanted, found, unit in (
            ("times faster", asked.at_least, result.ratio, ""),
            ("passes", asked.passes, result.passes, ""),
            ("private memory", asked.private, private, " MB"),
            ("private memory", asked.private_per_row, private * _MB / asked.rows, " bytes a row"),
        ):
            if wanted is None:
                continue
            at_least = what == "times faster"
            met = found >= wanted if at_least else found <= wanted
            bound = f"{'at least' if at_least else 'at most'} {wanted:g}{unit}"
            found_text = f"{found:.1f}{unit}"
            rows.append([asked.title, what, bound, found_text, "met" if met else "missed"])
    return table(["workload", "what", "target", "measured", ""], rows)


def machine() -> str:
    """Say on what the figures were measured, and when."""
    facts = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next((line.split(":")[1].strip() for line in facts if "model name" in line), "?")
    total = next(
        int(line.split()[1]) * 1024 / 1e9
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        if line.startswith("MemTotal")
    )
    libraries = ", ".join(f"{name} {version(name)}" for name in (OURS, THEIRS, "numpy"))
    return (
        f"{datetime.date.today()}; {model}, {len(os.sched_getaffinity(0))} cores, {total:.0f} GB; "
        f"Linux {platform.release()}, Python {platform.python_version()}, {libraries}"
    )


# --- growth -----------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Point:
    """The engine on so many rows: seconds, private memory, and that before it began."""

    rows: int
    wall: float
    private: float
    at_start: float


def grow(data: Path, runs: int) -> list[Point]:
    """Run the engine on more and more rows of one workload."""
    one_run(PASS, data)
    points = []
    for rows in GROWTH_ROWS:
        timed = [one_run(OURS, data, rows=rows) for _ in range(runs)]
        point = Point(
            rows=rows,
            wall=statistics.median(run["wall"] for run in timed),
            private=max(run["private"] for run in timed),
            at_start=statistics.median(run["private_before"] for run in timed),
        )
        points.append(point)
        say(f"{rows:>12,} rows  {point.wall:.4f} s  {point.private:.0f} MB")
    return points


def growth_table(points: Sequence[Point]) -> str:
    rows = []
    for point in points:
        more = (point.private - point.at_start) * _MB / point.rows
        rows.append(
            [
                f"{point.rows:,}",
                f"{point.wall:.4f} s",
                f"{point.rows / point.wall / 1e6:.1f} M",
                f"{point.private:.0f} MB",
                f"{more:,.0f} bytes",
            ]
        )
    header = ["rows", "time", "rows a second", "private memory", "more than at start, per row"]
    return table(header, rows)


_STYLE = """
  text { font: 12px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif;
         fill: #59636e; }
  .head { font-size: 13px; font-weight: 600; fill: #1f2328; }
  .end { font-weight: 600; fill: #1f2328; }
  .grid { stroke: #e6e9ec; stroke-width: 1; }
  .axis { stroke: #aeb6be; stroke-width: 1; }
  .line { fill: none; stroke: #0b6e99; stroke-width: 2; stroke-linejoin: round; }
  .dot { fill: #0b6e99; stroke: #fff; stroke-width: 1.5; }
  .guide { fill: none; stroke: #8b949e; stroke-width: 1.2; stroke-dasharray: 4 4; }
"""


class Panel:
    """A log-log drawing, `left` pixels from the left, of the figures between two powers of ten."""

    width, height, top = 300, 190, 52

    def __init__(self, left: int, across: tuple[int, int], up: tuple[int, int]) -> None:
        self.left, self.across, self.up = left, across, up
        self.parts: list[str] = []

    def at(self, x: float, y: float) -> tuple[float, float]:
        (first, last), (low, high) = self.across, self.up
        right = (np.log10(x) - first) / (last - first)
        above = (np.log10(y) - low) / (high - low)
        return self.left + self.width * float(right), self.top + self.height * (1 - float(above))

    def text(self, x: float, y: float, words: str, anchor: str, kind: str = "") -> None:
        named = f' class="{kind}"' if kind else ""
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{named}>{words}</text>'
        )

    def frame(self, head: str, labels: dict[int, str]) -> None:
        bottom, right = self.top + self.height, self.left + self.width
        self.text(self.left, self.top - 18, head, "start", "head")
        for power in range(self.up[0], self.up[1] + 1):
            _, y = self.at(1, 10.0**power)
            kind = "axis" if power == self.up[0] else "grid"
            self.parts.append(f'<path class="{kind}" d="M{self.left} {y:.1f}H{right}"/>')
            self.text(self.left - 8, y + 4, labels[power], "end")
        for power in range(self.across[0], self.across[1] + 1):
            x, _ = self.at(10.0**power, 1)
            self.parts.append(f'<path class="axis" d="M{x:.1f} {bottom}v4"/>')
            self.text(x, bottom + 19, short(10**power), "middle")
        self.text(self.left + self.width / 2, bottom + 38, "rows", "middle")

    def path(self, points: Sequence[tuple[float, float]], kind: str) -> None:
        drawn = "L".join("{:.1f} {:.1f}".format(*self.at(x, y)) for x, y in points)
        self.parts.append(f'<path class="{kind}" d="M{drawn}"/>')

    def dots(self, points: Sequence[tuple[float, float]]) -> None:
        for x, y in points:
            across, up = self.at(x, y)
            self.parts.append(f'<circle class="dot" cx="{across:.1f}" cy="{up:.1f}" r="3.5"/>')


def growth_svg(points: Sequence[Point]) -> str:
    """Draw time and private memory against rows, each beside the line it should follow."""
    last = points[-1]
    seconds = Panel(62, (4, 7), (-3, 1))
    seconds.frame("Time, seconds", {-3: ".001", -2: ".01", -1: ".1", 0: "1", 1: "10"})
    times = [(point.rows, point.wall) for point in points]
    seconds.path([(point.rows, last.wall * point.rows / last.rows) for point in points], "guide")
    seconds.path(times, "line")
    seconds.dots(times)
    x, y = seconds.at(last.rows, last.wall)
    seconds.text(x - 12, y - 7, f"{last.wall:.2f} s", "end", "end")
    x, y = seconds.at(400_000, last.wall * 400_000 / last.rows)
    seconds.text(x + 8, y + 16, "in proportion to rows", "start")

    megabytes = Panel(452, (4, 7), (1, 3))
    megabytes.frame("Private memory, MB", {1: "10", 2: "100", 3: "1,000"})
    held = [(point.rows, point.private) for point in points]
    # Labels and digest, all that the engine keeps of a row: 4 and 12 bytes.
    kept = [(point.rows, point.at_start + 16 * point.rows / _MB) for point in points]
    megabytes.path(kept, "guide")
    megabytes.path(held, "line")
    megabytes.dots(held)
    x, y = megabytes.at(*held[-1])
    megabytes.text(x - 12, y - 7, f"{last.private:.0f} MB", "end", "end")
    x, y = megabytes.at(*kept[3])
    megabytes.text(x - 40, y + 22, "at start, and 16 bytes a row", "start")

    width, height = 784, 296
    summary = "; ".join(f"{p.rows:,} rows {p.wall:.3f} s {p.private:.0f} MB" for p in points)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}" role="img" aria-labelledby="title summary">',
            '<title id="title">Time and private memory of the engine, 10 classes</title>',
            f'<desc id="summary">{summary}</desc>',
            f"<style>{_STYLE}</style>",
            f'<rect width="{width}" height="{height}" fill="#fff"/>',
            *seconds.parts,
            *megabytes.parts,
            "</svg>\n",
        ]
    )


# --- the command ------------------------------------------------------------------------------


def main() -> None:
    if sys.argv[1:2] == [_CHILD]:
        child(sys.argv[2:])
        return
    assert __doc__ is not None
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--quick", action="store_true", help="workloads F, A and B")
    which.add_argument("--only", metavar="A,B", help="these workloads")
    which.add_argument("--growth", action="store_true", help="10^4 to 10^7 rows at 10 classes")
    default = Path(tempfile.gettempdir()) / "labelaudit-benchmarks"
    parser.add_argument("--folder", type=Path, default=default, help="of the generated data")
    parser.add_argument("--runs", type=int, default=3, help="of each program (default 3)")
    chosen = parser.parse_args()
    names = list(WORKLOADS)
    if chosen.quick:
        names = list(QUICK)
    elif chosen.only:
        names = [name.strip().upper() for name in chosen.only.split(",")]
        if unknown := set(names) - set(WORKLOADS):
            parser.error(f"--only: no workload {', '.join(sorted(unknown))}")
    if chosen.runs < 1:
        parser.error("--runs: at least 1")
    if not sys.platform.startswith("linux"):
        parser.error("memory is read from /proc: this needs Linux")

    if chosen.growth:
        data = generate(WORKLOADS[GROWTH_ON], chosen.folder)
        beware()
        points = grow(data, chosen.runs)
        (HERE / "growth.svg").write_text(growth_svg(points), encoding="utf-8")
        say(f"\n{growth_table(points)}\n\n{machine()}")
        return
    folders = {name: generate(WORKLOADS[name], chosen.folder) for name in names}
    beware()
    results = []
    for name in names:
        results.append(side_by_side(WORKLOADS[name], folders[name], chosen.runs))
        say(told(results[-1]))
    for text in (side_by_side_table, stages_table, targets_table):
        say(f"\n{text(results)}")
    say(f"\n{machine()}; medians of {chosen.runs} runs, memory the largest")


def beware() -> None:
    """Warn where other processes keep the machine busy."""
    load_now = os.getloadavg()[0]
    if load_now > _QUIET:
        say(f"load average {load_now:.1f}: the machine is busy, the figures will be worse")


if __name__ == "__main__":
    main()
