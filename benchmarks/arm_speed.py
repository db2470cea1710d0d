"""How fast the arms of a model are beside the plain FP32 one, per unit of work.

    python benchmarks/arm_speed.py WORKER MODEL INPUTS [--set SET] [--units-from-mask 1] [--rounds 9]

MODEL is a TorchScript file; with a variant set of the same model its packages run beside it. Each arm
has a worker of its own with a retained heap, and all have the process's threads. A round takes a
window of every arm at every batch, in a new random order; the figure of an arm at a batch is the
median over rounds of its time per unit over that of plain FP32 in the same round. Prints Markdown.
Run it alone. Speaks the worker's protocol (docs/worker_protocol.md).
"""

import argparse

from interleaved import interleaved, print_table
from worker_process import Arm, Worker

REFERENCE = "TorchScript fp32 plain"


def main() -> None:
    arguments = parse()
    arms = start(arguments)
    taken = interleaved(arms, arguments.rounds, arguments.seconds, arguments.seed)
    print(
        f"`arm_speed.py`, {arguments.rounds} rounds of {arguments.seconds} s windows, seed"
        f" {arguments.seed}; microseconds per unit, speed over {REFERENCE} (least … most)\n"
    )
    print_table(arms, taken, REFERENCE)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("worker", "model", "inputs"):
        parser.add_argument(name)
    parser.add_argument("--set", help="a variant set of the same model")
    parser.add_argument("--units-from-mask")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=1.0, help="of a window")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def start(arguments: argparse.Namespace) -> dict[str, Arm]:
    """Every arm that the worker offers for the model, and for the set."""

    def worker(model: str) -> Worker:
        return Worker(arguments.worker, model, arguments.inputs, arguments.units_from_mask)

    arms = {}
    models = [("TorchScript", arguments.model)] + [("package", arguments.set)] * bool(arguments.set)
    for kind, model in models:
        for arm in worker(model).arms:
            name = f"{kind} {arm['precision']} {arm['layout']}".removesuffix(" compiled")
            arms[name] = Arm(worker(model), arm["precision"], arm["layout"])
    return arms


if __name__ == "__main__":
    main()
