"""Packages run with the threads that the process is told to use."""

import time
import zipfile

import pytest
import torch

from autotune.export import export


class Gates(torch.nn.Module):
    """Loops that Inductor writes itself, long enough to be worth several threads."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(x) * torch.tanh(x + 0.5) * torch.exp(-x * x)


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    folder = tmp_path_factory.mktemp("threads") / "set"
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # What the exporter's own process uses must not matter.
    try:
        export(Gates(), folder, inputs=torch.randn(64, 20_000), precision=[], batch=(1, 64))
    finally:
        torch.set_num_threads(before)
    return folder / "fp32.pt2"


def cpus_used(package, threads: int) -> float:
    """CPU seconds per second of a loop of calls."""
    run = torch._inductor.aoti_load_package(str(package))
    x = torch.randn(64, 20_000)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        run(x)
        began, used = time.monotonic(), time.process_time()
        while time.monotonic() - began < 1:
            run(x)
        return (time.process_time() - used) / (time.monotonic() - began)
    finally:
        torch.set_num_threads(before)


def test_no_number_of_threads_is_written_into_the_code(package):
    with zipfile.ZipFile(package) as archive:
        sources = [name for name in archive.namelist() if name.endswith(".cpp")]
        assert sources
        code = "".join(archive.read(name).decode() for name in sources)
    assert "#pragma omp parallel" in code
    assert "num_threads(" not in code


def test_one_thread_uses_one_cpu(package):
    assert cpus_used(package, threads=1) < 1.1
