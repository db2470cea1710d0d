"""The model itself as the reference: its own outputs in FP32, against which each package is judged.

A set whose packages are compared with each other only would not show what they have in common: rows
read in another order, a state that was dropped, a shape taken from one batch size.
"""

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
import torch._inductor
from torch.utils._python_dispatch import TorchDispatchMode

from .._errors import ModelError
from ._gate import agree_where_not_finite, difference, in_doubles, leaves_of, relative_l2
from ._operators import without_chance
from ._recipes import Flat
from ._rows import gathered, row_count

FILE = "reference.pt"
MOST_ROWS = 128
MOST_BYTES = 64 * 2**20  # Of the file.
MOST_COMPARED_BYTES = 512 * 2**20  # Of the outputs of one call.
MOST_SECONDS = 30.0  # Of one call of the model.
CALLS = 3  # Of a package in a row: a state that it keeps, or loses, shows in the second.
SAME = 1e-5  # Relative L2 of two calls of a model with the same rows.


class Reference:
    """Outputs of a model, run in Python, at several batch sizes.

    Raises:
        ModelError: If the model does not run at a size, or does not repeat its outputs.
    """

    def __init__(
        self,
        model: Flat,
        tensors: list[torch.Tensor],
        batch: tuple[int, int],
        device: str,
        say: Callable[[str], None],
    ) -> None:
        self.model, self.tensors, self.batch, self.device = model, tensors, batch, device
        self.say = say
        self.outputs: dict[int, list[torch.Tensor]] = {}
        before = held(model)
        self.run_at_all_sizes()
        smallest = min(self.outputs)
        repeated = same(self.outputs[smallest], self.run(smallest))
        changed = [name for name, (_, value) in before.items() if not same_buffer(model, name, value)]
        put_back(model, before)
        if not repeated:
            raise ModelError(not_repeated(changed, drawn(lambda: self.run(smallest))))
        if changed:
            say(
                f"the model writes into {listed(changed)}, which no output showed: a package does "
                "not keep what is written."
            )

    def run(self, rows: int, first: int = 0) -> list[torch.Tensor]:
        inputs = [t.to(self.device) for t in gathered(self.tensors, rows, first)]
        with torch.no_grad():
            return [leaf.detach().cpu().clone() for leaf in leaves_of(self.model(*inputs))]

    def run_at_all_sizes(self) -> None:
        failed: dict[int, Exception] = {}
        seconds_per_row = bytes_per_row = 0.0
        for rows in sizes(self.batch, row_count(self.tensors)):
            if rows * seconds_per_row > MOST_SECONDS or rows * bytes_per_row > MOST_COMPARED_BYTES:
                self.say(
                    f"not compared with the model at a batch of {rows}: it would take "
                    f"{rows * seconds_per_row:.0f} s and {rows * bytes_per_row / 2**20:.0f} MiB of outputs."
                )
                continue
            started = time.monotonic()
            try:
                self.outputs[rows] = self.run(rows)
            except Exception as error:  # A model may raise anything.
                failed[rows] = error
                continue
            seconds_per_row = (time.monotonic() - started) / rows
            bytes_per_row = sum(leaf.nbytes for leaf in self.outputs[rows]) / rows
        if failed:
            raise ModelError(not_run(failed, list(self.outputs)))
        if not next(iter(self.outputs.values())):
            raise ModelError("the model gives no tensor: there is nothing to judge a package by.")

    def check(self, precision: str, package: Path) -> None:
        """Runs a package, loaded anew, with the rows the model had.

        Raises:
            ModelError: If an output is not the model's, in shape, type or value.
        """
        loaded = torch._inductor.aoti_load_package(str(package))
        for rows, want in self.outputs.items():
            inputs = [t.to(self.device) for t in gathered(self.tensors, rows)]
            for call in range(1, (CALLS if rows == min(self.outputs) else 1) + 1):
                wrong = difference(precision, want, leaves_of(loaded(*inputs)), rows)
                if wrong:
                    raise ModelError(self.not_the_model(rows, call, wrong))

    def not_the_model(self, rows: int, call: int, wrong: str) -> str:
        again = f", call {call}" if call > 1 else ""
        first, last = self.batch
        only_there = (
            f" If the model computes something else at that size, leave it out: --batch {first + 1}:{last}."
            if rows == first < last
            else ""
        )
        return (
            f"the package does not compute what the model does: at a batch of {rows}{again}, {wrong}."
            + only_there
        )

    def write(self, folder: Path) -> str | None:
        """Writes the outputs of the first rows; the name of the file, or None if there is none."""
        some = self.outputs[min(self.outputs)]
        rows = min(MOST_ROWS, row_count(self.tensors))
        if not all(by_row(leaf, n) for n, leaves in self.outputs.items() for leaf in leaves):
            return None
        step = max(min(rows, self.batch[1]), self.batch[0])
        if sum(leaf.nbytes for leaf in some) / min(self.outputs) * rows > MOST_BYTES:
            return None
        parts = [self.run(step, first) for first in range(0, rows, step)]
        whole = tuple(torch.cat(leaves)[:rows].contiguous() for leaves in zip(*parts))
        torch.save(whole, folder / FILE)
        return FILE


def by_row(leaf: torch.Tensor, rows: int) -> bool:
    return leaf.dim() > 0 and len(leaf) == rows


def sizes(batch: tuple[int, int], have: int) -> list[int]:
    """The first, two, an odd one, one more than there are rows, the last."""
    first, last = batch
    wanted = {first, 2, max(first, 6) | 1, have + 1, last}
    return sorted(size for size in wanted if first <= size <= last)


def same(a: list[torch.Tensor], b: list[torch.Tensor]) -> bool:
    if [(t.shape, t.dtype) for t in a] != [(t.shape, t.dtype) for t in b]:
        return False
    pairs = [(in_doubles(one), in_doubles(other)) for one, other in zip(a, b)]
    return all(
        agree_where_not_finite(one, other)
        and relative_l2(one.nan_to_num(0, 0, 0), other.nan_to_num(0, 0, 0)) < SAME
        for one, other in pairs
    )


class Draws(TorchDispatchMode):
    """Names of the operations that draw random numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if torch.Tag.nondeterministic_seeded in func.tags and not without_chance(func, args):
            self.names.add(func.name().partition(".")[0].replace("::", "."))
        return func(*args, **(kwargs or {}))


def drawn(run: Callable[[], object]) -> set[str]:
    draws = Draws()
    with contextlib.suppress(Exception), draws:  # Torch's loops refuse to be watched.
        run()
    return draws.names


def held(model: torch.nn.Module) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """Each buffer and a copy of what it holds."""
    return {name: (buffer, buffer.detach().clone()) for name, buffer in model.named_buffers()}


def same_buffer(model: torch.nn.Module, name: str, value: torch.Tensor) -> bool:
    now = dict(model.named_buffers()).get(name)
    return now is not None and now.shape == value.shape and same([now], [value])


@contextlib.contextmanager
def buffers_kept(model: torch.nn.Module) -> Iterator[None]:
    before = held(model)
    try:
        yield
    finally:
        put_back(model, before)


def put_back(
    model: torch.nn.Module, before: dict[str, tuple[torch.Tensor, torch.Tensor]]
) -> None:
    for name, (buffer, value) in before.items():
        owner, _, last = name.rpartition(".")
        with torch.no_grad():
            buffer.copy_(value)
        model.get_submodule(owner)._buffers[last] = buffer


def listed(names: Any) -> str:
    return ", ".join(sorted(name.removeprefix("model.") for name in names))


def not_repeated(changed: list[str], draws: set[str]) -> str:
    gives = "the model gives other outputs when it is called again with the same rows: "
    if changed:
        return gives + (
            f"it keeps a state in {listed(changed)}, which a package cannot keep. Give the state to "
            "forward as an input and return it as an output."
        )
    if draws:
        return gives + (
            f"it draws random numbers ({listed(draws)}), which a package would draw otherwise. Switch "
            "dropout off in evaluation mode, or take the random numbers as an input."
        )
    return gives + (
        "it keeps a state in attributes, or depends on something outside, which a package cannot. "
        "Give it to forward as an input."
    )


def not_run(failed: dict[int, Exception], ran: list[int]) -> str:
    rows, error = next(iter(failed.items()))
    reason = f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]
    if not ran:
        return (
            f"the model does not run on its example inputs, in Python, at a batch of {rows}: {reason}. "
            "Give inputs as its forward takes them."
        )
    if max(failed) < min(ran):
        return (
            f"the model itself does not run at a batch of {rows}: {reason}. It ran at {min(ran)}: "
            f"leave smaller batches out with --batch {min(ran)}:LAST."
        )
    return (
        f"the model itself does not run at a batch of {rows}: {reason}. It ran at "
        f"{', '.join(map(str, ran))}: give the range in which it runs as --batch FIRST:LAST."
    )
