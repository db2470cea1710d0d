"""Our arms beside those of another engine's adapter, in one run.

    python benchmarks/engines.py WORKER --ours build/models/minilm_variants --ours build/models/minilm.pt
        --inputs build/models/minilm_inputs.pt --units-from-mask 1 --exec "COMMAND" [--rounds 9]

COMMAND is an adapter's, as `autotune tune --exec` takes it. Every arm has a process of its own. A
round takes a window of every one at every batch, in a new random order; figures are medians of the
rounds, over the other engine's first arm (FP32 with all threads). Prints Markdown. Run it alone.
"""

import argparse
import shlex

from interleaved import interleaved, print_table
from worker_process import Arm, Worker


def main() -> None:
    arguments = parse()
    runners: dict[str, Arm] = {}
    engine = shlex.split(arguments.exec)
    for arm in arms_of(Worker(engine, "", None, execution={})):
        worker = Worker(engine, "", None, execution=arm["execution"])
        runners[f"{arguments.name} {named(arm)}"] = Arm(worker, arm["precision"], arm["layout"])
    for model in arguments.ours:
        ours = (arguments.worker, model, arguments.inputs, arguments.units_from_mask)
        for arm in arms_of(Worker(*ours)):
            runners[f"autotune {named(arm)}"] = Arm(Worker(*ours), arm["precision"], arm["layout"])
    taken = interleaved(runners, arguments.rounds, arguments.seconds, arguments.seed)
    print(
        f"`engines.py`, {arguments.rounds} rounds of {arguments.seconds} s windows, seed "
        f"{arguments.seed}; microseconds per unit, speed over {next(iter(runners))}\n"
    )
    print_table(runners, taken, next(iter(runners)))


def arms_of(worker: Worker) -> list[dict]:
    """What it can prepare; the process has told all it is wanted for."""
    worker.process.kill()
    return worker.arms


def named(arm: dict) -> str:
    threads = arm["execution"].get("threads")
    return f"{arm['precision']} {arm['layout']}" + (f" threads {threads}" if threads else "")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("worker", help="autotune-worker")
    parser.add_argument("--ours", action="append", default=[], help="a variant set or TorchScript")
    parser.add_argument("--inputs", required=True)
    parser.add_argument("--units-from-mask")
    parser.add_argument("--exec", required=True, help="the adapter's command")
    parser.add_argument("--name", default="onnxruntime", help="of the other engine")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=1.0, help="of a window")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
