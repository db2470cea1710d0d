"""Does an application that starts afresh run as the tune said? Every arm, one by one.

    python benchmarks/startup_fidelity.py BIN MODEL --inputs FILE [--units-from-mask 1] [--batch 16]
        [--threads N] [--seconds 10] [--repeats 3]

For each arm that the model has: a tune of that one configuration (quick, a cache of its own), then
`startup --seconds`, a process that finds it, applies it and runs. Both are repeated in turn, and end
with an error if the configuration is not the same throughout; the figures are medians. Prints
Markdown: units per second and the median iteration of both, and their ratios. Run it alone.
"""

import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile


def main() -> None:
    arguments = parse()
    print(f"`startup_fidelity.py`, batch {arguments.batch}, medians of {arguments.repeats}\n")
    print("| configuration | tune: units per s | startup | ratio | tune: p50 ms | startup | ratio |")
    print("|" + "---|" * 7)
    for words in configurations(arguments):
        pairs = [measured(arguments, words) for _ in range(arguments.repeats)]
        if len({pair[2] for pair in pairs}) != 1:
            sys.exit(f"{words}: not one configuration: {[pair[2] for pair in pairs]}")
        cells = []
        for figure in (0, 1):
            tuned = statistics.median(pair[0][figure] for pair in pairs)
            started = statistics.median(pair[1][figure] for pair in pairs)
            ratio = statistics.median(pair[1][figure] / pair[0][figure] for pair in pairs)
            cells += [f"{tuned:.4g}", f"{started:.4g}", f"{ratio:.3f}"]
        print("| " + " | ".join([pairs[0][2], *cells]) + " |", flush=True)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bin", type=pathlib.Path)
    parser.add_argument("model")
    parser.add_argument("--inputs", required=True)
    parser.add_argument("--units-from-mask")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--repeats", type=int, default=3)
    return parser.parse_args()


def model_words(arguments: argparse.Namespace) -> list[str]:
    mask = ["--units-from-mask", arguments.units_from_mask] if arguments.units_from_mask else []
    return [arguments.model, "--inputs", arguments.inputs, *mask]


def run(words: list, cache: str) -> str:
    environment = dict(os.environ, AUTOTUNE_CACHE_DIR=cache)
    done = subprocess.run(list(map(str, words)), env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, words))}: {done.stderr}")
    return done.stdout


def configurations(arguments: argparse.Namespace) -> list[list[str]]:
    """The words that leave a tune one arm, which it also takes for what runs today."""
    listing = run([arguments.bin / "autotune", "tune", *model_words(arguments), "--dry-run"], "")
    arms = re.findall(r"would try +precision=(\w+),layout=(\w+)", listing)
    batch, threads = arguments.batch, arguments.threads
    knob, words = (f",threads={threads}", ["--threads", threads]) if threads else ("", [])
    return [["--precision", precision, "--layout", layout, *words, "--baseline",
             f"batch={batch},precision={precision},layout={layout}{knob}"]
            for precision, layout in arms]


def measured(arguments: argparse.Namespace, words: list[str]) -> tuple:
    """(units per second, p50) of a tune and of a start-up, and the configuration."""
    with tempfile.TemporaryDirectory() as cache:
        tuned = json.loads(run(
            [arguments.bin / "autotune", "tune", *model_words(arguments), *words, "--json",
             "--batch", f"{arguments.batch}:{arguments.batch}", "--effort", "quick",
             "--budget-seconds", "25", "--min-cosine", "0.9"], cache))
        best = tuned["best"]["measurement"]
        started = run([arguments.bin / "startup", arguments.model, "--inputs", arguments.inputs,
                       "--seconds", arguments.seconds], cache)
    found = {name: re.search(rf"{name}: (.*)", started).group(1)
             for name in ("config", "units per second", "p50")}
    if not (found["config"] + ",").startswith(words[-1] + ","):
        sys.exit(f"startup ran {found['config']}, not {words[-1]}")
    return ((best["units_per_second"], best["latency_ms"]["p50"]),
            (float(found["units per second"]), float(found["p50"].split()[0])), found["config"])


if __name__ == "__main__":
    main()
