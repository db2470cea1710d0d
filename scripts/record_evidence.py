"""Turns what scripts/gpu_check brought back into recorded tables and a page; scripts/record says how."""

import argparse
import json
import pathlib
import re
import sys

from evidence import Edge, Evidence, Row
from table_files import MIB, Table, write_set
from table_files import Row as TableRow

TOP = pathlib.Path(__file__).resolve().parent.parent
CHECK = "scripts/gpu_check OUT"
COMMAND = f"{CHECK}`, then `scripts/record OUT"
NONE = "–"

README = """# {slug}: energies of three models

- Source: `{check}` on one {device}, {date}; driver {driver}, torch {torch}, sources {commit}.
- `encoder`, `decoder` and `convnet` are the models of `scripts/make_check_models.py`, seeded, with
  seeded inputs; an arm is a precision and a layout.
- **{kind}**: {energy}. One window of at least {window} s per row; a row of the batch is a unit.
- **Noise** of a window: {noise}. Windows that something disturbed: {flags}. Left out, since their
  energy could not be read: {unread}.
- `latencies/` has the latency of more batches, without energy; `edges/edges.csv` the windows on both
  sides of edges, in rounds; `evidence.json` versions, device, meter, tests and tunes.
- **It is not** judged for accuracy: arms outside the limits have status `ok` here (`evidence.json` has
  the tunes, which judge it). Memory is what a batch took, beside whatever else the device held.
{unfinished}
`tables.json` has, per table, the units of a row and the device's memory. Format and use:
docs/search.md#recorded-tables. Made by `{command}`; do not edit.
"""


def main() -> int:
    options = parse()
    evidence = Evidence(options.out)
    if not evidence.rows:
        return fail(1, f"{options.out} has no recorded.csv with rows: run {CHECK} first.")
    if not evidence.claimable and options.to is None:
        return fail(
            2,
            f"the energy in {options.out}, {sources(evidence)}, is modelled or from a stand-in. That is "
            "no evidence, and goes only to a folder that you name: --to DIR",
        )
    tables, page, figures = places(options.to, evidence)
    write_tables(tables, evidence)
    drawn = not options.no_figures
    if drawn:
        draw(figures, evidence)
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(page_of(evidence, figures.name if drawn else None), encoding="utf-8")
    print(f"{page}: {', '.join(evidence.models)} on {evidence.device}")
    return 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="record")
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--to", type=pathlib.Path)
    parser.add_argument("--no-figures", action="store_true")
    return parser.parse_args()


def fail(status: int, message: str) -> int:
    print(f"record: {message}", file=sys.stderr)
    return status


def places(to: pathlib.Path | None, evidence: Evidence) -> tuple[pathlib.Path, ...]:
    """Folder of the tables, the page, folder of its figures."""
    if to is not None:
        return to / slug(evidence), to / "evidence.md", to / "evidence"
    docs = TOP / "docs"
    return TOP / "profiles" / "recorded" / slug(evidence), docs / "evidence.md", docs / "evidence"


def draw(folder: pathlib.Path, evidence: Evidence) -> None:
    try:
        from evidence_figures import draw_all
    except ImportError as error:
        raise SystemExit(
            f"record: the figures need matplotlib ({error}). Install "
            "benchmarks/search_report_requirements.txt into the Python, or give --no-figures."
        ) from None
    draw_all(evidence, folder)


# --- tables ------------------------------------------------------------------------------------


def write_tables(folder: pathlib.Path, evidence: Evidence) -> None:
    memory = evidence.versions["device"].get("memory_bytes", 0) // MIB or None
    tables = [
        Table(model, [table_row(row) for row in evidence.rows if row.model == model and has_place(row)],
              evidence.units_per_row(model), memory)
        for model in evidence.models
    ]
    write_set(folder, tables, readme(evidence))
    write_latencies(folder / "latencies", evidence)
    if evidence.edge_rows:
        (folder / "edges").mkdir(exist_ok=True)
        (folder / "edges" / "edges.csv").write_text(edge_table(evidence.edge_rows), encoding="utf-8")
    (folder / "evidence.json").write_text(
        json.dumps(summary(evidence), indent=1) + "\n", encoding="utf-8"
    )


def has_place(row: Row) -> bool:
    """A window whose energy could not be read is neither a success nor a failure."""
    return row.status != "ok" or row.joules_per_row is not None


def table_row(row: Row) -> TableRow:
    return TableRow(
        row.arm, row.batch, row.latency_ms, row.joules_per_row, row.status, row.peak_memory_bytes
    )


def write_latencies(folder: pathlib.Path, evidence: Evidence) -> None:
    folder.mkdir(exist_ok=True)
    for model in evidence.models:
        rows = sorted(
            (row.arm, row.batch, number(row.latency_ms), row.status)
            for row in evidence.latencies if row.model == model
        )
        lines = ["arm,batch,latency_ms,status", *(",".join(map(str, row)) for row in rows)]
        (folder / f"{model}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def edge_table(rows: list[Row]) -> str:
    lines = ["model,arm,edge,batch,round,latency_ms,joules_per_unit,status,flags"]
    for r in rows:
        figures = f"{number(r.latency_ms)},{number(r.joules_per_row)}"
        lines.append(f"{r.model},{r.arm},{r.edge},{r.batch},{r.round},{figures},{r.status},{r.flags}")
    return "\n".join(lines) + "\n"


def number(value: float | None) -> str:
    return "" if value is None else f"{value:.5g}"


def readme(evidence: Evidence) -> str:
    versions = evidence.versions
    unfinished = [f"`{name}` ({status})" for name, status in evidence.unfinished().items()]
    return README.format(
        slug=slug(evidence),
        device=evidence.device,
        date=date(evidence),
        driver=driver(evidence),
        torch=versions["torch"]["torch"],
        commit=versions.get("commit") or "unknown",
        kind="Measured" if evidence.claimable else "Modelled: no joule here was read from a meter",
        energy=f"energy of the scope and source {sources(evidence)}; latency, the median",
        window=2 if versions["device"]["kind"] == "cuda" else 0.5,
        noise=noise(evidence),
        flags=", ".join(f"{name} {n}" for name, n in evidence.flags().items()) or "none",
        unread=sum(not has_place(row) for row in evidence.rows),
        unfinished=f"- Not complete: {', '.join(unfinished)}.\n" if unfinished else "",
        check=CHECK,
        command=COMMAND,
    )


def summary(evidence: Evidence) -> dict:
    """What a reader needs to judge the tables, without what names the machine itself."""
    versions = {k: v for k, v in evidence.versions.items() if k not in ("device", "steps", "calls")}
    device = {k: v for k, v in evidence.versions["device"].items() if k not in ("record", "pci_address")}
    return {
        "date": date(evidence),
        "claimable": evidence.claimable,
        "device": device,
        **versions,
        "gpu": [call["gpu"] for call in evidence.versions["calls"]],
        "noise": evidence.noise(),
        "disturbed": evidence.flags(),
        "not_complete": evidence.unfinished(),
        "meters": evidence.facts.get("meters", []),
        "tunes": {kind: tune and {key: tune[key] for key in ("best", "lossy_best", "baselines", "spent")}
                  for kind, tune in evidence.tunes.items()},
    }


# --- page --------------------------------------------------------------------------------------


def page_of(evidence: Evidence, figures: str | None) -> str:
    parts = [
        introduction(evidence),
        "## Energy by batch\n", figure(figures, "energy_by_batch", "energy per unit against the batch"),
        arm_table(evidence),
        "## Where the cheapest and the fastest part\n",
        figure(figures, "cheapest_and_fastest", "energy per unit against throughput"),
        parting_table(evidence),
        "## One row more\n", figure(figures if evidence.edges() else None, "edges", "steps at edges"),
        edge_page(evidence),
        "## What a tune found\n", tune_table(evidence),
        "## Meter and tests\n", meter_lines(evidence),
        "## What did not run\n", unsupported_lines(evidence),
    ]
    return "\n".join(part for part in parts if part)


def introduction(evidence: Evidence) -> str:
    versions = evidence.versions
    warning = "" if evidence.claimable else (
        "\n**Modelled.** No joule on this page was read from a meter that may be claimed: energies are "
        f"{sources(evidence)}. It shows that the way works, and says nothing about energy.\n"
    )
    return f"""# Evidence
{warning}
Energies of three models on one {evidence.device}, {date(evidence)}: energy from {sources(evidence)};
driver {driver(evidence)}, torch {versions["torch"]["torch"]}, {versions["library"]}, sources
{versions.get("commit") or "unknown"}. Noise of a window: {noise(evidence)}. How it is done and what each
step is for: [gpu_check.md](gpu_check.md). Every figure and table below: `{COMMAND}`.
"""


def figure(folder: str | None, name: str, what: str) -> str:
    if folder is None:
        return ""
    return f"![{what}]({folder}/{name}.svg)\n\nMade by `{COMMAND}`.\n"


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows]]
    return "\n".join(lines) + "\n"


def per_unit(evidence: Evidence, row: Row) -> str:
    units = evidence.units_per_row(row.model)
    return f"{1000 * row.joules_per_row / units:.4g} mJ/{evidence.unit(row.model)}"


def arm_table(evidence: Evidence) -> str:
    """The cheapest batch of each arm."""
    best: dict[tuple[str, str], Row] = {}
    for model in evidence.models:
        for row in evidence.measured(model):
            known = best.get((model, row.arm))
            if known is None or row.joules_per_row < known.joules_per_row:
                best[model, row.arm] = row
    rows = sorted(best.values(), key=lambda r: (evidence.models.index(r.model), r.joules_per_row))
    return table(
        ["model", "arm", "cheapest batch of those recorded", "energy", "latency ms"],
        [[r.model, f"`{r.arm}`", str(r.batch), per_unit(evidence, r), f"{r.latency_ms:.4g}"] for r in rows],
    )


def parting_table(evidence: Evidence) -> str:
    rows = []
    for model in evidence.models:
        cheap, fast = evidence.cheapest(model), evidence.fastest(model)
        if cheap and fast:
            dearer = fast.joules_per_row / cheap.joules_per_row - 1
            slower = 1 - (cheap.batch / cheap.latency_ms) / (fast.batch / fast.latency_ms)
            rows.append([model, name_of(cheap), name_of(fast), f"{dearer:.1%}", f"{slower:.1%}"])
    head = ["model", "cheapest", "fastest", "the fastest spends more by", "the cheapest does less by"]
    return table(head, rows)


def name_of(row: Row) -> str:
    return f"`{row.arm}` × {row.batch}"


def edge_page(evidence: Evidence) -> str:
    edges = evidence.edges()
    if not edges:
        return "Not recorded.\n"
    head = ["model", "arm", "batch", "energy of one row more", "latency of one row more", "rounds"]
    return table(head, [edge_row(edge) for edge in edges])


def edge_row(edge: Edge) -> list[str]:
    steps = [edge.step(values) for values in (edge.joules, edge.latency_ms)]
    told = [NONE if step is None else f"{step:+.1%}" for step in steps]
    return [edge.model, f"`{edge.arm}`", f"{edge.edge} → {edge.edge + 1}", *told, str(edge.rounds)]


def tune_table(evidence: Evidence) -> str:
    rows = []
    for kind, tune in evidence.tunes.items():
        if tune is None:
            rows.append([kind, "not run", NONE, NONE, NONE])
            continue
        best = tune["best"]
        config, measurement = best["config"], best["measurement"]
        saving = next((b["saving"] for b in tune["baselines"] if b["name"] == "fp32_batch_1"), None)
        rows.append([
            {"script": "encoder, TorchScript", "set": "encoder, variant set"}[kind],
            f"`batch={config['batch']},precision={config['precision']},layout={config['layout']}`",
            f"{measurement['joules_per_unit']:.4g} J/{tune['unit']}",
            f"{saving['fraction']:.1%}" if saving else NONE,
            f"{tune['spent']['seconds']:.0f} s, {tune['spent']['joules']:.0f} J",
        ])
    return table(["tune", "best", "energy", "saves against FP32 at batch 1", "spent"], rows)


def meter_lines(evidence: Evidence) -> str:
    tests = evidence.versions.get("tests")
    lines = []
    for meter in evidence.facts.get("meters", []):
        disagreement = meter.get("disagreement")
        lines.append(
            f"- `{meter['source']}` ({meter['scope']}): {told(meter['update_period_ms'])} ms between changes, "
            f"{told(meter['idle_watts'])} W idle, {told(meter['load_watts'])} W under load, "
            f"{told(meter['instant_watts'])} W by integrated instant power"
            + (f", {disagreement:+.2%} apart" if disagreement is not None else "")
            + (f". Not believed: {'; '.join(meter['failures'])}" if meter["failures"] else "")
        )
    if tests:
        unfinished = f", unfinished: {', '.join(tests['unfinished'])}" if tests["unfinished"] else ""
        counts = f"{tests['passed']} passed, {tests['failed']} failed, {tests['skipped']} skipped"
        lines.append(f"- Tests on the GPU: {counts}{unfinished}.")
    return "\n".join(lines or ["- Nothing was read."]) + "\n"


def told(value: float | None) -> str:
    return NONE if value is None else f"{value:.4g}"


def unsupported_lines(evidence: Evidence) -> str:
    lines = [
        f"- {model}, `{arm['precision']}_{arm['layout']}`: {arm['reason']}"
        for model in evidence.models for arm in evidence.versions["models"][model]["unsupported"]
    ]
    lines += [f"- {name}: {status}" for name, status in evidence.unfinished().items()]
    return "\n".join(lines or ["- Everything ran."]) + "\n"


def slug(evidence: Evidence) -> str:
    return re.sub(r"[^a-z0-9]+", "_", evidence.device.lower()).strip("_")


def date(evidence: Evidence) -> str:
    return evidence.versions["calls"][0]["begun"][:10]


def driver(evidence: Evidence) -> str:
    return evidence.versions["device"]["conditions"].get("driver", "none")


def sources(evidence: Evidence) -> str:
    return ", ".join(sorted({f"`{meter['source']}` ({meter['scope']})" for meter in evidence.meters}))


def noise(evidence: Evidence) -> str:
    found = evidence.noise()
    if found is None:
        return "not known, since no configuration was measured twice"
    return f"{found['of_a_window']:.2%} ({found['degrees_of_freedom']} degrees of freedom)"


if __name__ == "__main__":
    sys.exit(main())
