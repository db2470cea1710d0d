"""What threads and a retained heap do to one arm, batch by batch.

    python benchmarks/knob_curve.py WORKER MODEL INPUTS [--precision fp32] [--layout plain]
        [--knobs "" retained_heap=1 threads=1,retained_heap=1] [--batches 1,8,32,64,96,128]

Each set of knobs (as in CONFIG) has a worker of its own. A round takes a window of each at every
batch, in a new random order; the figure is the median over rounds of the speed over the first one in
the same round. Prints Markdown, page faults per iteration below. Run it alone. Speaks the worker's
protocol (docs/worker_protocol.md).
"""

import argparse

from interleaved import interleaved, print_table
from worker_process import Arm, Worker


def main() -> None:
    arguments = parse()
    batches = tuple(int(word) for word in arguments.batches.split(","))
    arms = {}
    for words in arguments.knobs:
        worker = Worker(arguments.worker, arguments.model, arguments.inputs,
                        arguments.units_from_mask, execution_of(words))
        arms[words or "as the process is"] = Arm(worker, arguments.precision, arguments.layout)
    taken = interleaved(arms, arguments.rounds, arguments.seconds, arguments.seed, batches)
    print(f"`knob_curve.py`, {arguments.precision} {arguments.layout}, {arguments.rounds} rounds of"
          f" {arguments.seconds} s windows, seed {arguments.seed}; microseconds per unit, speed over"
          f" the first row (least … most)\n")
    print_table(arms, taken, next(iter(arms)), batches)
    print("\n| page faults per iteration | " + " | ".join(f"batch {b}" for b in batches) + " |")
    print("|" + "---|" * (len(batches) + 1))
    for name, arm in arms.items():
        print(f"| {name} | " + " | ".join(f"{faults(arm, batch):,.0f}" for batch in batches) + " |")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("worker", "model", "inputs"):
        parser.add_argument(name)
    parser.add_argument("--precision", default="fp32")
    parser.add_argument("--layout", default="plain")
    parser.add_argument("--knobs", nargs="+", default=["", "retained_heap=1",
                                                        "threads=1,retained_heap=1"])
    parser.add_argument("--batches", default="1,8,32,64,96,128")
    parser.add_argument("--units-from-mask")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.0, help="of a window")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def execution_of(words: str) -> dict:
    """`threads=1,retained_heap=1` as the protocol has it."""
    execution = {}
    for word in filter(None, words.split(",")):
        knob, value = word.split("=")
        execution[knob] = int(value) if knob == "threads" else value == "1"
    return execution


def faults(arm: Arm, batch: int) -> float:
    """Pages that the kernel had to provide per iteration, once the batch has run before."""
    arm.worker.run(batch, 0.2)
    ran = arm.worker.run(batch, 0.5)
    return ran.get("page_faults", 0) / len(ran["completions_ns"])


if __name__ == "__main__":
    main()
