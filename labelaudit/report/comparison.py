"""A comparison of embeddings as a table with sparklines, as a page with plots, and as JSON."""

import json
from collections.abc import Sequence
from typing import Any

from labelaudit.core.comparison import UNSUPERVISED, Column, Comparison, G, S
from labelaudit.core.text import printable
from labelaudit.report import numbers
from labelaudit.report.cells import cells, fit, right
from labelaudit.report.cells import cut as cut_cells
from labelaudit.report.trends import line_plot, sparkline

_NARROWEST_NAME = 12
_SPARKS = 48
_HEAD = "EMBEDDINGS"
RELATIVE = (
    "Unsupervised and relative only: S, G and 1-H compare embeddings of the same data. They see "
    "parts, not classes; no value is good or bad by itself."
)
_LEGEND = {
    "s": "S: 1 - mean H0 lifetime / longest, 0 to 1; higher is more clustered.",
    "g": "G: largest join of two parts of 5 rows or more / median; one outlier changes nothing.",
    "one_minus_h": "1-H: 1 - entropy of the H0 lifetimes; higher is less even, so more clustered.",
    "knn_accuracy": "kNN: nearest neighbours' accuracy against the labels, cross-validated.",
    "linear_accuracy": "linear: accuracy of planes, cross-validated.",
    "nearest_neighbour_error": "N3: rows whose nearest neighbour has another label; lower is "
    "better.",
    "silhouette": "silh.: mean silhouette, -1 to 1.",
    "calinski_harabasz": "C-H: variance between classes over that within (Calinski-Harabasz).",
    "fisher_ratio": "F1: Fisher's ratio of the best one column, as 1 / (1 + r); lower is better.",
}


def terminal(made: Comparison, width: int = 80) -> str:
    """Return the table, best S first, and each figure over the embeddings as they were given."""
    lines = [fitted(line, width) for line in _head(made)]
    lines += ["", *_table(made, width), "", *_in_order(made, width), ""]
    for sentence in _sentences(made):
        lines += _wrapped(sentence, width)
    return "\n".join(line.rstrip() for line in lines) + "\n"


def page(made: Comparison) -> str:
    """Return one page that asks for nothing, with a plot of each figure over the embeddings."""
    from labelaudit.report.html import environment, policy, read

    style = read("panel.css") + read("style.css") + read("comparison.css")
    plots = [
        (column, line_plot(made.series(column), column.title, column.better))
        for column in made.columns
    ]
    return (
        environment()
        .get_template("comparison.html.j2")
        .render(
            head=_head(made),
            columns=made.columns,
            rows=[_row(made, index) for index in made.ranked(S)],
            agreement=_agreement_rows(made),
            order=[printable(one.name) for one in made.embeddings],
            plots=plots,
            sentences=_sentences(made),
            style=style,
            policy=policy(style),
        )
    )


def document(made: Comparison) -> str:
    """Return all figures as JSON; names as they are."""
    ranks = {key: _ranks(made, column) for key, column in (("s", S), ("g", G))}
    whole: dict[str, Any] = {
        "tool": "labelaudit compare-embeddings",
        "rows": made.n_rows,
        "sample": {"size": made.size, "of": made.n_rows, "seed": made.seed},
        "labels": made.labels,
        "classes": made.n_classes if made.labels is not None else None,
        "columns": {
            column.key: {"title": column.title, "better": column.better} for column in made.columns
        },
        "embeddings": [
            {
                "name": one.name,
                "columns": one.width,
                "rank_s": ranks["s"][index],
                "rank_g": ranks["g"][index],
                "s_sd": one.sd,
                **one.values,
            }
            for index, one in enumerate(made.embeddings)
        ],
        "rank_correlation": {key: dict(found) for key, found in made.agreement.items()},
        "rank_correlation_by_chance": made.by_chance if made.supervised else None,
        "notices": list(made.notices),
        "note": RELATIVE,
    }
    return json.dumps(whole, indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def _head(made: Comparison) -> list[str]:
    rows = f"{numbers.count(made.n_rows)} rows"
    if made.size < made.n_rows:
        rows = f"{numbers.count(made.size)} of {rows}, seed {made.seed}"
    classes = ""
    if made.labels is not None:
        classes = f", {numbers.count(made.n_classes)} classes of {printable(made.labels, 60)}"
    return [f"{len(made.embeddings):,} embeddings of {rows}{classes}"]


def _ranks(made: Comparison, column: Column) -> list[int | None]:
    """Return the rank of each embedding, from 1, equal figures sharing the better one."""
    values, order = made.series(column), made.ranked(column)
    ranks: list[int | None] = [None] * len(values)
    for place, index in enumerate(order):
        if values[index] is None:
            continue
        before = order[place - 1] if place else None
        same = before is not None and values[before] == values[index]
        ranks[index] = ranks[before] if same and before is not None else place + 1
    return ranks


def _row(made: Comparison, index: int) -> dict[str, Any]:
    one = made.embeddings[index]
    rank_s, rank_g = (_ranks(made, column)[index] for column in (S, G))
    return {
        "name": printable(one.name),
        "width": numbers.count(one.width),
        "rank": "" if rank_s is None else str(rank_s),
        "rank_g": "" if rank_g is None else str(rank_g),
        "sd": "" if one.sd is None else figure(one.sd),
        "values": [figure(one.values.get(column.key)) for column in made.columns],
    }


def _agreement_rows(made: Comparison) -> list[tuple[str, list[str]]]:
    if not made.supervised:
        return []
    blank = [""] * len(UNSUPERVISED)
    return [
        (
            f"rank corr., {one.short}",
            [*blank, *(_correlation(made, one, column) for column in made.supervised)],
        )
        for one in UNSUPERVISED
    ]


def _correlation(made: Comparison, one: Column, other: Column) -> str:
    found = made.agreement[one.key].get(other.key)
    return "–" if found is None else f"{found:+.2f}".replace("-", numbers.MINUS)


def figure(value: float | None) -> str:
    """Return a figure short enough for a narrow column, or a dash."""
    if value is None:
        return "–"
    size = abs(value)
    if 0 < size < 0.09995:
        text = f"{value:.4f}" if size >= 0.00095 else f"{value:.1e}".replace("e-0", "e-")
        return text.replace("-", numbers.MINUS)
    text = f"{value:.3f}" if size < 9.9995 else f"{value:.1f}" if size < 999.95 else f"{value:,.0f}"
    return text.replace("-", numbers.MINUS)


def _table(made: Comparison, width: int) -> list[str]:
    """Return the lines of the table; figures that have no room are left out, from the right."""
    with_sd = any(one.sd is not None for one in made.embeddings)
    heads = ["#", S.short, *(["± sd"] if with_sd else []), G.short, "#G"]
    heads += [column.short for column in made.columns[2:]]
    rows = []
    for index in made.ranked(S):
        row = _row(made, index)
        values = row["values"]
        sd = [row["sd"]] if with_sd else []
        rows.append((row["name"], [row["rank"], values[0], *sd, values[1], row["rank_g"]]))
        rows[-1][1].extend(values[2:])
    blank = [""] * (len(heads) - len(made.supervised))
    rows += [
        (title, [*blank, *found[len(UNSUPERVISED) :]]) for title, found in _agreement_rows(made)
    ]
    widths = [
        max(cells(text) for text in column)
        for column in zip(heads, *(figures for _, figures in rows), strict=True)
    ]
    while len(widths) > 2 and sum(widths) + 2 * len(widths) + _NARROWEST_NAME > width:
        widths.pop()
    longest = max(cells(_HEAD), *(cells(name) for name, _ in rows))
    room = min(longest, width - sum(widths) - 2 * len(widths))

    def line(name: str, figures: Sequence[str]) -> str:
        shown = zip(figures[1:], widths[1:], strict=False)
        start = f"{right(figures[0], widths[0])}  {fit(_ending(name, room), room)}"
        return start + "".join("  " + right(text, size) for text, size in shown)

    lines = [line(_HEAD, heads), *(line(name, figures) for name, figures in rows)]
    if lost := heads[len(widths) :]:
        lines += _wrapped(f"No room here for {', '.join(lost)}: see --html or --json.", width)
    return lines


def _in_order(made: Comparison, width: int) -> list[str]:
    """Return a sparkline of each figure over the embeddings in the order given."""
    lines = _wrapped("IN THE ORDER GIVEN, each from its own lowest to its highest", width)
    for column in made.columns:
        known = [value for value in made.series(column) if value is not None]
        if not known:
            continue
        ends = f"{figure(min(known))} to {figure(max(known))}"
        better = "  lower is better" if column.better == "lower" else ""
        room = max(min(_SPARKS, width - 8 - 2 - cells(ends + better)), 4)
        drawn = sparkline(made.series(column), room)
        lines.append(fitted(f"{column.short:<8}{drawn}  {ends}{better}", width))
    return lines


def _sentences(made: Comparison) -> list[str]:
    sentences = [RELATIVE]
    if len({one.width for one in made.embeddings}) > 1:
        sentences.append(
            "These embeddings differ in their number of columns, and S, G and 1-H are the higher "
            "the fewer there are, whatever they hold: rank those of one width."
        )
    if made.supervised:
        count = len(made.embeddings)
        known = any(found is not None for found in made.agreement[S.key].values())
        sentences.append(
            f"Rank correlation is Spearman's, +1 where both find the same order from best to "
            f"worst. Over {count:,} embeddings chance alone may make it {made.by_chance:.2f} in "
            "size."
            if known
            else "Rank correlation: undefined; it takes three embeddings that differ."
        )
    sentences += [_LEGEND[column.key] for column in made.columns if column.key in _LEGEND]
    sentences += [printable(notice) for notice in made.notices]
    return sentences


def _ending(name: str, room: int) -> str:
    """Return a name cut at its beginning: names of checkpoints differ at their end."""
    if cells(name) <= room:
        return name
    while name and cells(name) >= room:
        name = name[1:]
    return "…" + name


def fitted(line: str, width: int) -> str:
    """Return a line of at most `width` cells."""
    return cut_cells(line, width)


def _wrapped(sentence: str, width: int) -> list[str]:
    import textwrap

    return textwrap.wrap(sentence, width, subsequent_indent="  ", break_on_hyphens=False)
