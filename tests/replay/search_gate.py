"""The gate on search quality: the default searcher's hit rate on a few recorded tables.

    python tests/replay/search_gate.py build/core/bin/autotune_replay [--record]

Fixed seeds, so the figure moves only when the search, the tables or the noise do. Fails when the
share of runs within 1 % of the optimum falls more than 5 points below the one in search_gate.json,
over all runs or in one set of tables. `--record` writes what it finds there.
"""

import argparse
import concurrent.futures
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
RECORD = pathlib.Path(__file__).with_name("search_gate.json")
ALLOWED_FALL = 0.05
HIT = 0.01


def tables(part: dict) -> list[pathlib.Path]:
    found = sorted((ROOT / "profiles/recorded" / part["set"]).glob("*.csv"))[::part["every"]]
    if not found:
        raise SystemExit(f"search_gate: no tables in profiles/recorded/{part['set']}")
    return found


def runs(program: str, part: dict, table: pathlib.Path) -> list[dict]:
    command = [program, str(table), "--windows", str(part["windows"]), "--seed", "1",
               "--repeats", str(part["seeds"])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"search_gate: {' '.join(command)}: {done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def is_hit(run: dict) -> bool:
    return run["regret"] is not None and run["regret"] <= HIT


def share(found: list[dict]) -> float:
    return sum(map(is_hit, found)) / len(found)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--record", action="store_true")
    arguments = parser.parse_args()
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    jobs = [(part, table) for part in record["parts"] for table in tables(part)]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda job: runs(arguments.program, *job), jobs))
    everything = [run for some in found for run in some]
    now = {"all": share(everything)}
    for part in record["parts"]:
        now[part["set"]] = share([run for (of, _), some in zip(jobs, found) if of is part
                                  for run in some])
    now = {name: round(value, 4) for name, value in now.items()}
    if arguments.record:
        record |= {"searcher": everything[0]["searcher"], "hit_rate": now}
        RECORD.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
        return 0
    return verdict(record, now, everything)


def verdict(record: dict, now: dict, everything: list[dict]) -> int:
    fallen = [name for name, value in now.items()
              if value < record["hit_rate"][name] - ALLOWED_FALL]
    for name, value in now.items():
        print(f"{name}: {value:.1%} within 1 % ({record['hit_rate'][name]:.1%} recorded)"
              f"{', fallen' if name in fallen else ''}")
    searcher = everything[0]["searcher"]
    if searcher != record["searcher"]:
        print(f"recorded with {record['searcher']}, the default is {searcher}: --record it")
        return 1
    return 1 if fallen else 0


if __name__ == "__main__":
    sys.exit(main())
