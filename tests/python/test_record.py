"""scripts/record: what gpu_check brought back becomes tables and a page, which say what they are."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, os.fspath(ROOT / "scripts"))

from evidence import Evidence  # noqa: E402

HEAD = "model,arm,batch,latency_ms,joules_per_unit,status,peak_memory_bytes,flags\n"
EDGES = "model,arm,edge,batch,round,latency_ms,joules_per_unit,status,peak_memory_bytes,flags\n"
MODEL = {
    "arms": ["bf16_plain", "fp32_plain"],
    "unsupported": [{"precision": "int8", "layout": "prepacked", "reason": "no such kernel here"}],
    "inputs": "int64[batch,128]",
    "meter": {"source": "modelled", "scope": "cpu_package", "claimable": False, "note": ""},
}
VERSIONS = {
    "device": {"kind": "cpu", "name": "Some (R) CPU", "conditions": {"driver": "580.1"},
               "memory_bytes": 1 << 30, "record": {"host": "secret"}},
    "torch": {"torch": "2.11.0"},
    "library": "autotune 0.1.0",
    "commit": "abc",
    "calls": [{"begun": "2026-11-28T10:00:00Z", "gpu": None}],
    "tests": {"passed": 3, "failed": 0, "skipped": 9, "unfinished": []},
    "models": {"encoder": MODEL},
    "steps": {"gpu tests": {"status": "complete"}, "latencies encoder": {"status": "cut short"}},
}


def came_back(folder: Path, *, claimable: bool = False) -> Path:
    out = folder / "out"
    out.mkdir()
    meter = MODEL["meter"] | {"claimable": claimable}
    versions = VERSIONS | {"models": {"encoder": MODEL | {"meter": meter}}}
    (out / "versions.json").write_text(json.dumps(versions))
    rows = ["encoder,bf16_plain,64,10,0.1,ok,5,", "encoder,bf16_plain,128,15,0.12,ok,5,foreign_load",
            "encoder,fp32_plain,64,20,0.4,ok,5,", "encoder,fp32_plain,512,,,out_of_memory,0,",
            "encoder,fp32_plain,1,2,,ok,5,", "encoder,fp32_plain,128,3"]
    (out / "recorded.csv").write_text(HEAD + "\n".join(rows))
    (out / "recorded_latency.csv").write_text(
        "model,arm,batch,latency_ms,status,peak_memory_bytes,flags\nencoder,bf16_plain,7,3.5,ok,5,\n"
    )
    windows = [(63, 0, 0.1), (64, 0, 0.1), (65, 0, 0.12), (63, 1, 0.1), (64, 1, 0.11), (65, 1, 0.12)]
    edges = [f"encoder,bf16_plain,64,{b},{r},10,{j},ok,5,\n" for b, r, j in windows]
    (out / "edges.csv").write_text(EDGES + "".join(edges))
    return out


def record(out: Path, *words) -> subprocess.CompletedProcess:
    command = [ROOT / "scripts" / "record", out, *words]
    environment = os.environ | {"PYTHON": sys.executable}
    return subprocess.run(list(map(str, command)), env=environment, capture_output=True, text=True)


def test_what_no_meter_measured_goes_only_where_it_is_told(tmp_path):
    before = sorted((ROOT / "profiles" / "recorded").iterdir())
    done = record(came_back(tmp_path), "--no-figures")
    assert done.returncode == 2
    assert "`modelled`" in done.stderr and "--to DIR" in done.stderr
    assert sorted((ROOT / "profiles" / "recorded").iterdir()) == before


def test_tables_and_page_of_modelled_energy_say_so(tmp_path):
    done = record(came_back(tmp_path), "--to", tmp_path / "to", "--no-figures")
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "to" / "evidence.md").read_text()
    assert "**Modelled.** No joule on this page was read from a meter" in page
    readme = (tmp_path / "to" / "some_r_cpu" / "README.md").read_text()
    assert "**Modelled: no joule here was read from a meter**" in readme
    assert "Left out, since their\n  energy could not be read: 1." in readme


def test_measured_energy_is_not_called_modelled(tmp_path):
    record(came_back(tmp_path, claimable=True), "--to", tmp_path / "to", "--no-figures")
    assert "**Modelled" not in (tmp_path / "to" / "evidence.md").read_text()
    assert "**Measured**" in (tmp_path / "to" / "some_r_cpu" / "README.md").read_text()


def test_a_table_is_one_that_the_replay_reads(tmp_path):
    record(came_back(tmp_path), "--to", tmp_path / "to", "--no-figures")
    lines = (tmp_path / "to" / "some_r_cpu" / "encoder.csv").read_text().splitlines()
    assert lines[0] == "arm,batch,latency_ms,joules_per_unit,status,peak_memory_bytes"
    assert lines[1:] == ["bf16_plain,64,10,0.1,ok,5", "bf16_plain,128,15,0.12,ok,5",
                         "fp32_plain,64,20,0.4,ok,5", "fp32_plain,512,,,out_of_memory,0"]
    tables = json.loads((tmp_path / "to" / "some_r_cpu" / "tables.json").read_text())
    assert tables == {"encoder": {"units_per_row": 128, "device_memory_mib": 1024}}


def test_the_page_tells_where_cheapest_and_fastest_part_and_what_did_not_run(tmp_path):
    record(came_back(tmp_path), "--to", tmp_path / "to", "--no-figures")
    page = (tmp_path / "to" / "evidence.md").read_text()
    assert "| encoder | `bf16_plain` × 64 | `bf16_plain` × 128 | 20.0% | 25.0% |" in page
    assert "0.7812 mJ/token" in page
    assert "| encoder | `bf16_plain` | 64 → 65 | +14.3% | +0.0% | 2 |" in page
    assert "- encoder, `int8_prepacked`: no such kernel here" in page
    assert "- latencies encoder: cut short" in page
    assert "3 passed, 0 failed, 9 skipped" in page


def test_noise_is_the_scatter_of_the_windows_of_one_configuration(tmp_path):
    noise = Evidence(came_back(tmp_path)).noise()
    assert noise["degrees_of_freedom"] == 3
    # One of three pairs differs: ln(1.1)² / 2 over three degrees of freedom.
    assert noise["of_a_window"] == pytest.approx((0.0953102**2 / 2 / 3) ** 0.5, rel=1e-4)


def test_what_names_the_machine_stays_behind(tmp_path):
    record(came_back(tmp_path), "--to", tmp_path / "to", "--no-figures")
    assert "secret" not in (tmp_path / "to" / "some_r_cpu" / "evidence.json").read_text()


def test_every_figure_has_its_command_beside_it(tmp_path):
    pytest.importorskip("matplotlib")
    done = record(came_back(tmp_path), "--to", tmp_path / "to")
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "to" / "evidence.md").read_text()
    figures = sorted(path.name for path in (tmp_path / "to" / "evidence").iterdir())
    assert figures == ["cheapest_and_fastest.svg", "edges.svg", "energy_by_batch.svg"]
    for name in figures:
        after = page.split(f"](evidence/{name})")[1]
        assert after.startswith("\n\nMade by `scripts/gpu_check OUT`, then `scripts/record OUT`.")


def test_an_empty_folder_is_named(tmp_path):
    (tmp_path / "out").mkdir()
    done = record(tmp_path / "out")
    assert done.returncode == 1
    assert "has no recorded.csv" in done.stderr
