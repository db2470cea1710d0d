"""The figures of docs/evidence.md, as SVG by matplotlib."""

import pathlib
from typing import Any

import matplotlib

matplotlib.use("svg")
# The same input gives the same bytes, and text stays text.
matplotlib.rcParams |= {"svg.hashsalt": "autotune", "svg.fonttype": "none", "font.size": 9}

from matplotlib import pyplot, ticker  # noqa: E402

from evidence import Evidence  # noqa: E402


def draw_all(evidence: Evidence, folder: pathlib.Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    draw(energy_by_batch, evidence, folder / "energy_by_batch.svg")
    draw(cheapest_and_fastest, evidence, folder / "cheapest_and_fastest.svg")
    if evidence.edges():
        figure, axes = pyplot.subplots(figsize=(7, 3.2))
        edge_steps(axes, evidence)
        save(figure, folder / "edges.svg")


def draw(panel: Any, evidence: Evidence, path: pathlib.Path) -> None:
    """A panel for each model, side by side."""
    models = evidence.models
    figure, axes = pyplot.subplots(1, len(models), figsize=(3.6 * len(models), 3.6), squeeze=False)
    for model, place in zip(models, axes[0]):
        panel(place, evidence, model)
        place.set_title(model)
    handles = {l: h for place in axes[0] for h, l in zip(*place.get_legend_handles_labels())}
    figure.legend(handles.values(), handles.keys(), loc="lower center", ncols=5, fontsize=8)
    figure.tight_layout(rect=(0, 0.14, 1, 1))
    save(figure, path)


def save(figure: Any, path: pathlib.Path) -> None:
    figure.savefig(path, metadata={"Date": None}, bbox_inches="tight")
    pyplot.close(figure)


def colours(evidence: Evidence) -> dict[str, Any]:
    arms = sorted({row.arm for row in evidence.rows})
    return {arm: matplotlib.colormaps["tab20"](i % 20) for i, arm in enumerate(arms)}


def energy_by_batch(axes: Any, evidence: Evidence, model: str) -> None:
    units = evidence.units_per_row(model)
    for arm, colour in colours(evidence).items():
        rows = sorted((r for r in evidence.measured(model) if r.arm == arm), key=lambda r: r.batch)
        millijoules = [1000 * row.joules_per_row / units for row in rows]
        if rows:
            axes.plot([r.batch for r in rows], millijoules, "o-", ms=3, lw=1, color=colour, label=arm)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.xaxis.set_major_formatter(ticker.StrMethodFormatter("{x:g}"))
    axes.set_xlabel("batch")
    axes.set_ylabel(f"mJ/{evidence.unit(model)}")
    axes.grid(alpha=0.3)


def cheapest_and_fastest(axes: Any, evidence: Evidence, model: str) -> None:
    units = evidence.units_per_row(model)

    def place(row: Any) -> tuple[float, float]:
        return 1000 * units * row.batch / row.latency_ms, 1000 * row.joules_per_row / units

    for arm, colour in colours(evidence).items():
        rows = [row for row in evidence.measured(model) if row.arm == arm]
        if rows:
            axes.plot(*zip(*map(place, rows)), "o", ms=4, color=colour, label=arm)
    for row, mark in ((evidence.cheapest(model), "s"), (evidence.fastest(model), "^")):
        if row:
            label = "cheapest" if mark == "s" else "fastest"
            axes.plot(*place(row), mark, ms=10, mfc="none", mec="black", label=label)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel(f"{evidence.unit(model)}s per second")
    axes.set_ylabel(f"mJ/{evidence.unit(model)}")
    axes.grid(alpha=0.3)


def edge_steps(axes: Any, evidence: Evidence) -> None:
    edges = [edge for edge in evidence.edges() if edge.step(edge.joules) is not None]
    names = sorted({f"{edge.model} {edge.arm}" for edge in edges})
    places = {edge: i for i, edge in enumerate(sorted({edge.edge for edge in edges}))}
    width = 0.8 / max(len(names), 1)
    for i, name in enumerate(names):
        own = [edge for edge in edges if f"{edge.model} {edge.arm}" == name]
        at = [places[edge.edge] + (i - (len(names) - 1) / 2) * width for edge in own]
        axes.bar(at, [100 * edge.step(edge.joules) for edge in own], width, label=name)
    axes.axhline(0, color="black", lw=0.8)
    axes.set_xticks(list(places.values()), [f"{edge} → {edge + 1}" for edge in places])
    axes.set_ylabel("energy per row, %")
    axes.legend(fontsize=8)
    axes.grid(axis="y", alpha=0.3)
