"""Turns the scores of searches into the tables and the figure of docs/search.md.

    python3 -m venv /tmp/report
    /tmp/report/bin/pip install -r benchmarks/search_report_requirements.txt
    /tmp/report/bin/python benchmarks/search_report.py scores/*.csv --into docs/search.md \\
        --details docs/search_scores.md --svg docs/search_scores.svg

The CSVs (or .csv.gz) are those of autotune_search_score and benchmarks/search_peers.py; columns
that only the former has may be missing. Without --into the overview goes to stdout.
"""

import argparse
import collections
import csv
import dataclasses
import gzip
import pathlib

import numpy as np

HIT, NEAR_HIT = 0.01, 0.001
RESAMPLES = 1000
BEGIN, END = "<!-- scores -->", "<!-- /scores -->"
UNITS = {"windows": "{:g} windows", "seconds": "{:g} s", "joules": "{:g} J",
         "sweep_seconds": "{:.3g} of a sweep's seconds",
         "sweep_joules": "{:.3g} of a sweep's joules",
         "none": "no limit"}
NUMBERS = ("seconds", "joules", "out_of_memory", "repeated_out_of_memory", "arms", "sweep_seconds",
           "sweep_joules", "power_of_two_regret", "ratio", "ratio_low", "ratio_high", "true_ratio",
           "windows")


@dataclasses.dataclass(frozen=True)
class Run:
    table: str
    seed: int
    regret: float  # Infinite without a valid pick.
    values: dict

    def get(self, column: str) -> float:
        return self.values.get(column, np.nan)


@dataclasses.dataclass(frozen=True, order=True)
class Group:
    """Runs of one searcher on one set under one limit."""

    set_name: str
    kind: str
    limit: float
    searcher: str


def read(paths: list[pathlib.Path]) -> dict[Group, list[Run]]:
    """A run that is in several files counts as last read."""
    runs = {}
    for path in paths:
        opened = gzip.open(path, "rt") if path.suffix == ".gz" else open(path, encoding="utf-8")
        with opened as file:
            for row in csv.DictReader(line for line in file if not line.startswith("#")):
                group = Group(row["set"], row["limit"], float(row["limit_value"]), row["searcher"])
                values = {name: float(row[name]) for name in NUMBERS if row.get(name)}
                regret = float(row["regret"]) if row["regret"] else np.inf
                run = Run(row["table"], int(row["seed"]), regret, values)
                runs[group, run.table, run.seed] = run
    groups = collections.defaultdict(list)
    for (group, _, _), run in runs.items():
        groups[group].append(run)
    return groups


def hits_by_table(runs: list[Run], within: float = HIT) -> np.ndarray:
    """Tables x seeds, NaN where a seed is missing."""
    tables = sorted({run.table for run in runs})
    seeds = sorted({run.seed for run in runs})
    grid = np.full((len(tables), len(seeds)), np.nan)
    rows, columns = ({name: i for i, name in enumerate(names)} for names in (tables, seeds))
    for run in runs:
        grid[rows[run.table], columns[run.seed]] = run.regret <= within
    return grid


def hit_interval(runs: list[Run], within: float = HIT) -> tuple[float, float, float]:
    """Mean over tables, with the interval of resampled tables and seeds."""
    grid = hits_by_table(runs, within)
    source = np.random.default_rng(1)
    means = []
    for _ in range(RESAMPLES):
        rows = source.integers(grid.shape[0], size=grid.shape[0])
        columns = source.integers(grid.shape[1], size=grid.shape[1])
        means.append(np.nanmean(grid[np.ix_(rows, columns)]))
    return float(np.nanmean(grid)), *np.quantile(means, (0.025, 0.975))


def percent(value: float, digits: int = 1) -> str:
    return "–" if np.isnan(value) else "∞" if np.isinf(value) else f"{100 * value:.{digits}f} %"


def column(runs: list[Run], name: str) -> np.ndarray:
    values = np.array([run.get(name) for run in runs])
    return values[~np.isnan(values)]


def median(runs: list[Run], name: str) -> str:
    values = column(runs, name)
    return f"{np.median(values):,.0f}" if len(values) else "–"


def upper_quantile(values: list[float], share: float) -> float:
    """An order statistic: regrets may be infinite."""
    return float(np.quantile(values, share, method="higher"))


def per_arm(runs: list[Run], name: str) -> str:
    pairs = [(run.get(name), run.get("arms")) for run in runs if not np.isnan(run.get("arms"))]
    if not pairs:
        return "–"
    return f"{sum(count for count, _ in pairs) / sum(arms for _, arms in pairs):.2f}"


def fraction_of_sweep(runs: list[Run], what: str) -> str:
    pairs = [run.get(what) / run.get(f"sweep_{what}") for run in runs]
    pairs = [value for value in pairs if not np.isnan(value)]
    return percent(float(np.median(pairs)), 0) if pairs else "–"


def score_row(group: Group, runs: list[Run]) -> str:
    regrets = [run.regret for run in runs]
    near = float(np.nanmean(hits_by_table(runs, NEAR_HIT)))
    cells = [group.searcher, hit_cell(runs)[1], percent(near, 0),
             percent(upper_quantile(regrets, 0.5), 2), percent(upper_quantile(regrets, 0.9)),
             median(runs, "windows"), median(runs, "seconds"),
             fraction_of_sweep(runs, "seconds"), median(runs, "joules"),
             fraction_of_sweep(runs, "joules"), per_arm(runs, "out_of_memory"),
             per_arm(runs, "repeated_out_of_memory")]
    return "| " + " | ".join(cells) + " |"


SCORE_HEAD = ("| searcher | hits (95 %) | within 0.1 % | regret, median | p90 | windows | seconds "
              "| of a sweep | joules | of a sweep | out of memory per arm | repeated |\n"
              "|" + "---|" * 12)


def score_tables(groups: dict[Group, list[Run]]) -> list[str]:
    """One table per set and limit, the best searcher first."""
    parts = collections.defaultdict(list)
    for group in groups:
        parts[group.set_name, group.kind, group.limit].append(group)
    lines = []
    for (set_name, kind, limit), members in sorted(parts.items()):
        members.sort(key=lambda group: (-np.nanmean(hits_by_table(groups[group])), group.searcher))
        tables = {run.table for group in members for run in groups[group]}
        lines += ["", f"`{set_name}`, {UNITS[kind].format(limit)} ({len(tables)} tables, "
                      f"{seeds_text(groups, members)}):", "", SCORE_HEAD]
        lines += [score_row(group, groups[group]) for group in members]
    return lines


def seeds_text(groups: dict[Group, list[Run]], members: list[Group]) -> str:
    counts = sorted({len({run.seed for run in groups[group]}) for group in members})
    return f"{'–'.join(map(str, sorted({counts[0], counts[-1]})))} seeds"


def sweep_matches(groups: dict[Group, list[Run]], kind: str) -> list[str]:
    """The smallest share of a sweep at which each searcher hits as often as the sweep."""
    by_set = collections.defaultdict(lambda: collections.defaultdict(dict))
    sweeps = {}
    for group, runs in groups.items():
        rate = float(np.nanmean(hits_by_table(runs)))
        if group.kind == kind:
            by_set[group.set_name][group.searcher][group.limit] = rate
        if group.kind == "none" and group.searcher == "in_order_sweep":
            sweeps[group.set_name] = rate
    lines = []
    for set_name, searchers in sorted(by_set.items()):
        if set_name not in sweeps:
            continue
        for searcher, rates in sorted(searchers.items()):
            enough = [limit for limit, rate in rates.items() if rate >= sweeps[set_name]]
            share = f"{min(enough):.0%}" if enough else f"not by {max(rates):.0%}"
            lines.append(f"| {set_name} | {percent(sweeps[set_name], 0)} | {searcher} | {share} |")
    if not lines:
        return []
    what = kind.removeprefix("sweep_")
    return ["", f"Share of a sweep's {what} that hits as often as the sweep:", "",
            "| set | hits of the sweep | searcher | share |\n|---|---|---|---|", *lines]


def ratio_row(group: Group, runs: list[Run]) -> str | None:
    compared = [run for run in runs if not np.isnan(run.get("true_ratio"))]
    behind = [(1 + run.regret) / (1 + run.get("power_of_two_regret")) - 1 for run in runs
              if not np.isnan(run.get("power_of_two_regret"))]
    if not behind:
        return None
    cells = [group.set_name, UNITS[group.kind].format(group.limit), group.searcher,
             percent(float(np.mean([gap <= 0.02 for gap in behind]))),
             percent(float(np.mean([gap <= 0.005 for gap in behind]))), str(len(compared))]
    if compared:
        covered = [run.get("ratio_low") <= run.get("true_ratio") <= run.get("ratio_high")
                   for run in compared]
        width = [(run.get("ratio_high") - run.get("ratio_low")) / run.get("ratio") / 2
                 for run in compared]
        cells += [percent(float(np.mean(covered))), "± " + percent(float(np.median(width)), 2)]
    else:
        cells += ["–", "–"]
    return "| " + " | ".join(cells) + " |"


def ratio_table(groups: dict[Group, list[Run]]) -> list[str]:
    rows = [ratio_row(group, runs) for group, runs in sorted(groups.items())
            if group.kind == "windows"]
    rows = [row for row in rows if row]
    head = ("| set | limit | searcher | no worse than the best power of two by 2 % | by 0.5 % "
            "| ratios given | interval covers the truth | its median half width |\n|" + "---|" * 8)
    return ["", "Against powers of two, and the winner's ratio to its reference:", "", head,
            *rows] if rows else []


def overview(groups: dict[Group, list[Run]], kind: str, title: str,
             within: float = HIT) -> list[str]:
    """Hits of every searcher under every limit of one kind: a row per searcher."""
    columns = sorted({(group.set_name, group.limit) for group in groups if group.kind == kind})
    names = {group.searcher for group in groups if group.kind == kind}
    if not columns:
        return []
    cells = {name: [hit_cell(groups.get(Group(set_name, kind, limit, name)), within)
                    for set_name, limit in columns] for name in names}
    head = [f"`{set_name}`, {UNITS[kind].format(limit)}" for set_name, limit in columns]
    rows = [f"| {name} | {' | '.join(text for _, text in row)} |"
            for name, row in sorted(cells.items(), key=lambda item: (
                -np.mean([value for value, _ in item[1]]), item[0]))]
    return ["", f"{title} at equal {kind}:", "", f"| searcher | {' | '.join(head)} |",
            "|" + "---|" * (len(head) + 1), *rows]


def hit_cell(runs: list[Run] | None, within: float = HIT) -> tuple[float, str]:
    if not runs:
        return 0, "–"
    hit, low, high = hit_interval(runs, within)
    return hit, f"**{percent(hit, 0)}** ({percent(low, 0)[:-2]}–{percent(high, 0)[:-2]})"


def report(groups: dict[Group, list[Run]]) -> str:
    lines = []
    for kind in ("windows", "seconds", "joules"):
        lines += overview(groups, kind, "Hits")
    # No other batch of theirs is that near the optimum.
    planted = {group: runs for group, runs in groups.items()
               if group.set_name.startswith("planted")}
    lines += overview(planted, "windows", "The exact batch", NEAR_HIT)
    for kind in ("sweep_seconds", "sweep_joules"):
        lines += sweep_matches(groups, kind)
    return "\n".join([*lines, *ratio_table(groups)]).strip() + "\n"


DETAILS_HEAD = """# Scores of searchers, in full

Made by `benchmarks/search_report.py`; how, and what it means: [search.md](search.md#scores).
"""


def draw(groups: dict[Group, list[Run]], path: pathlib.Path) -> None:
    """Hits against the median seconds spent, a panel per set and a line per searcher."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams |= {"svg.hashsalt": "autotune", "svg.fonttype": "none", "font.size": 9}
    from matplotlib import pyplot, ticker

    sets = sorted({group.set_name for group in groups})
    names = sorted({group.searcher for group in groups})
    colours = dict(zip(names, pyplot.get_cmap("tab20").colors * 2))
    figure, axes = pyplot.subplots(1, len(sets), figsize=(4.2 * len(sets), 4), squeeze=False,
                                   sharey=True, layout="constrained")
    for axis, set_name in zip(axes[0], sets):
        for name in names:
            points = sorted((float(np.median(column(runs, "seconds"))),
                             float(np.nanmean(hits_by_table(runs))))
                            for group, runs in groups.items()
                            if (group.set_name, group.searcher) == (set_name, name))
            if points:
                axis.plot(*zip(*points), marker="o", markersize=3, label=name, color=colours[name])
        axis.set(title=set_name, xscale="log", ylim=(0, 1.02), xlabel="simulated seconds (median)")
        axis.xaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
        axis.xaxis.set_major_formatter(ticker.StrMethodFormatter("{x:g}"))
        axis.xaxis.set_minor_formatter(ticker.NullFormatter())
        axis.grid(alpha=0.3)
    axes[0][0].set_ylabel("share of runs within 1 % of the optimum")
    handles = {label: handle for axis in axes[0]
               for handle, label in zip(*axis.get_legend_handles_labels())}
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=6)
    figure.savefig(path, metadata={"Date": None})


def put_into(path: pathlib.Path, text: str) -> None:
    before, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise SystemExit(f"{path} lacks the lines {BEGIN} and {END}")
    path.write_text(f"{before}{BEGIN}\n{text}{END}{after}", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scores", type=pathlib.Path, nargs="+")
    parser.add_argument("--into", type=pathlib.Path, help="replace the text between its markers")
    parser.add_argument("--details", type=pathlib.Path, help="a table per set and limit")
    parser.add_argument("--svg", type=pathlib.Path)
    arguments = parser.parse_args()
    groups = read(arguments.scores)
    if not groups:
        raise SystemExit("search_report: the files hold no runs")
    text = report(groups)
    if arguments.svg:
        draw(groups, arguments.svg)
        text = f"![hits against seconds]({arguments.svg.name})\n\n{text}"
    if arguments.details:
        details = "\n".join([DETAILS_HEAD.rstrip(), *score_tables(groups)]) + "\n"
        arguments.details.write_text(details, encoding="utf-8")
        name = arguments.details.name
        text += f"\nRegrets, costs and failures: [{name}]({name}).\n"
    if arguments.into:
        put_into(arguments.into, text)
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
