"""The default search against a full sweep of a real model, on this machine.

    python benchmarks/live_search.py BIN MODEL [--batch 1:96] [--effort standard] [--top 5]
                                     [--seed 1] [--rounds 12] [TUNE OPTIONS, e.g. --inputs FILE]

BIN is the folder of the programs. Tunes the model once with `--searcher sweep` and once with the
default searcher, each without earlier profiles, then races the sweep's best configurations and the
search's pick in interleaved rounds (`autotune_race`). Prints Markdown. Run it alone: it takes the
minutes of a sweep, and a busy machine spoils every figure.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

UNLIMITED = ["--budget-seconds", "36000", "--budget-joules", "1e9"]


def main() -> None:
    arguments, model_options = parse()
    sweep = tune(arguments, model_options, ["--searcher", "sweep", *UNLIMITED])
    search = tune(arguments, model_options, [])
    finalists = top(sweep, arguments.top)
    pick = config_text(search["best"]["config"])
    print(summary(sweep, search, arguments))
    others = [config for config in finalists if config != pick]
    print(run_race(arguments, model_options, [pick, *others]))


def parse() -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("bin", type=pathlib.Path)
    parser.add_argument("model")
    parser.add_argument("--batch", default="1:96")
    parser.add_argument("--effort", default="standard")
    parser.add_argument("--top", type=int, default=5)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--rounds", default="12")
    return parser.parse_known_args()


def tune(arguments: argparse.Namespace, model_options: list[str], more: list[str]) -> dict:
    command = [arguments.bin / "autotune", "tune", arguments.model, *model_options, "--json"]
    command += ["--batch", arguments.batch, "--effort", arguments.effort, "--seed", arguments.seed]
    with tempfile.TemporaryDirectory() as cache:
        # A cache of its own: nothing learnt by the one helps the other.
        environment = os.environ | {"AUTOTUNE_CACHE_DIR": cache}
        done = subprocess.run(
            [*command, *more], env=environment, stdout=subprocess.PIPE, check=True
        )
    return json.loads(done.stdout)


def top(sweep: dict, count: int) -> list[str]:
    """The configurations of least energy per unit by the sweep's first look, best first."""
    measured = [trial for trial in sweep["trials"] if trial["status"] == "ok"]
    measured.sort(key=lambda trial: trial["measurement"]["joules_per_unit"])
    return [config_text(trial["config"]) for trial in measured[:count]]


def config_text(config: dict) -> str:
    parts = {"batch": config["batch"], "precision": config["precision"], "layout": config["layout"]}
    parts |= {name: int(value) for name, value in config.get("execution", {}).items()}
    return ",".join(f"{name}={value}" for name, value in parts.items())


def summary(sweep: dict, search: dict, arguments: argparse.Namespace) -> str:
    """What each spent and found; the search's seconds as a share of the sweep's."""
    lines = [
        f"`live_search.py`, batches {arguments.batch}, effort {arguments.effort}, seed"
        f" {arguments.seed}; `{sweep['search']['searcher']}` against"
        f" `{search['search']['searcher']}`",
        "",
        "| searcher | configurations | seconds of search | pick | J/unit there |",
        "|---|---|---|---|---|",
    ]
    for tuned in (sweep, search):
        best = tuned["best"]
        joules = best["measurement"]["joules_per_unit"]
        lines.append(
            f"| {tuned['search']['searcher']} | {tuned['spent']['trials']} |"
            f" {tuned['search']['seconds']:.0f} | `{config_text(best['config'])}` |"
            f" {joules:.5g} |"
        )
    share = search["search"]["seconds"] / sweep["search"]["seconds"]
    lines += ["", f"The search took {share:.0%} of the sweep's seconds (races apart).", ""]
    return "\n".join(lines)


def run_race(arguments: argparse.Namespace, model_options: list[str], configs: list[str]) -> str:
    command = [arguments.bin / "autotune_race", arguments.model, *model_options]
    command += [
        "--rounds",
        arguments.rounds,
        "--seed",
        arguments.seed,
        "--effort",
        arguments.effort,
    ]
    return subprocess.run(
        [*command, *configs], stdout=subprocess.PIPE, check=True, text=True
    ).stdout


if __name__ == "__main__":
    sys.exit(main())
