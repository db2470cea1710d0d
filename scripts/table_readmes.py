"""What each set of recorded tables is and is not: the README.md that lies beside its tables."""

FORMAT = """
`tables.json` has, per table, the units of a row (where edges lie) and the device's memory. Format
and use: docs/search.md#recorded-tables. Made by `{command}`; do not edit.
"""

VIDUR = """# vidur: measured latencies of transformer layers, assumed power

- Source: [microsoft/vidur](https://github.com/microsoft/vidur) at 7d47513,
  `data/profiling/compute/{a40,a100}/*/*/mlp.csv`. Licence: MIT, © Microsoft Corporation.
- One space per GPU and model; an arm is a tensor-parallel degree (`tp4`: four GPUs), the batch is
  tokens, in the source's steps (1, 2, 4, then 8 apart) up to 1,024; three tables per space.
- **Measured**: the latency, the sum of the medians of one layer's modules under PyTorch.
- **Assumed**, once, before any search was scored on them:
  - Energy: `degree × watts(tokens) × kernel × latency / tokens`, with `watts(tokens) = idle + (full
    − idle) × (0.35 + 0.60 × tokens / (tokens + 96))`; idle and full 30 and 300 W (A40), 60 and
    400 W (A100). `kernel` is a factor N(1, 0.02) that holds for a stretch of batches, 64 tokens on
    average, since kernels differ in power; all seeds are fixed.
  - Memory: a limit in rows per table, one in each third of 48 … 1,024 (logarithmic); an arm's own
    limit lies within 15 % of it. Peak memory is a line in the batch that is full at the limit, with
    weights of 30 to 70 % of the device and up to 1 % of rounding. Rows beyond are `out_of_memory`.
- **It is not** a measurement of energy: no joule here was read from a meter. It says how well a
  search copes with the latency curves of real kernels, whose jumps make the optimum.
"""

GEMM_STACKS = """# gemm_stacks: stacks of measured matrix products with recorded power

- Source: [ai-dynamo/aiconfigurator](https://github.com/ai-dynamo/aiconfigurator) at 095f58a,
  `systems/data/gb200/gemm/trtllm/1.3.0rc17/gemm_perf.parquet`. Licence: Apache-2.0, © NVIDIA
  CORPORATION & AFFILIATES. Changed: summed, cleaned and limited as said here.
- One space per model size (`h4096`: hidden size); an arm is a data type (bfloat16, fp8, fp8_block,
  nvfp4), the batch is tokens, at 74 values from 1 to 32,768 with the "+1" points beside powers of
  two; three tables per space. Latency and energy are sums over the products of a transformer layer.
- **Measured**: latency and power of each product on a GB200 under TensorRT-LLM.
- **Cleaned**: the power column has a low regime, since the power window was too short for short
  kernels. Readings below the running maximum over neighbouring sizes were dropped and an isotonic
  fit in the batch put in their place: 15 to 25 % of them. So power rises smoothly in the batch here
  and the jumps are those of latency.
- **Assumed**: the memory, as in `vidur`, with limits in the thirds of 256 … 32,768 rows.
- **It is not** a whole model (no attention, no launch gaps), and all arms count as accurate.
"""

ZEUS = """# zeus: measured energy of training, sparse

- Source: [ml-energy/zeus](https://github.com/ml-energy/zeus) at 75a8b93,
  `examples/research_reproducibility/zeus_nsdi23/trace/summary_power_*.csv`. Licence: Apache-2.0.
- One table per GPU, data set, network and optimiser; an arm is a power limit (`150w`), the batch one
  of the 5 to 11 that were trained, some of them no power of two.
- **Measured**: seconds per epoch and mean power. Latency and joules per sample follow from them and
  the nominal number of samples in an epoch (`EPOCH_SAMPLES` in `scripts/convert_tables.py`), which
  scales a table as a whole.
- **It is not** a search of any difficulty: 24 to 117 configurations, no batch next to another, and
  a power limit is no arm of ours. It is here because its energy was read from a meter. Batches that
  did not fit were left out by the authors: there are no failures.
"""

DENSE = """# dense: simulated tables with every batch

- Source: `scripts/simulate_tables.py`, our own; licence as the rest of the project. **Simulated: no
  value was measured.** The seed is fixed and was chosen before any search was scored on them.
- 24 tables: a transformer-like stack of matrix products on an invented GPU; ten arms (fp32, tf32,
  bf16, fp16, int8 × plain, prepacked), every batch from 1 to 128 … 512, 1 to 64 units per row.
- The simulator runs each product as a library would: it picks one of a handful of tile shapes by an
  imperfect rule, counts the waves of tiles over the SMs, moves the bytes that miss the L2 cache,
  and takes the longer of arithmetic and memory; then element-wise passes, quantisation where the
  layout does not hold it, and launches. Energy is static power × time plus so much per operation
  (padding included) and per byte; above the power limit the clock falls. Kernels differ in
  efficiency by a few per cent, by tile shape. So jumps lie where tiles and waves end, with SM
  counts and tile sides that are mostly no powers of two.
- Memory: weights by precision, activations by row, workspace by kernel; beyond the device's it is
  `out_of_memory`. In most tables int8 (in some fp16) is `inaccurate`, with or without values, or tf32
  `unsupported`.
- It shares no code and no feature with a surrogate of `search/`; those know no SM, wave, cache or
  tile choice.
"""

PLANTED = """# planted: simulated tables with a known edge

- Source: `scripts/simulate_tables.py`, our own; licence as the rest of the project. **Simulated: no
  value was measured.**
- 24 tables, three arms, batches 1 to 96 … 256. In the best arm latency stays the same over a last
  plateau and jumps by 12 to 60 % one batch after it; the plateau's last batch is the table's exact
  optimum, and no other configuration comes within 0.4 % of it, except on the plateau itself, where
  energy per unit falls as 1/batch. In a third of the tables the edge is a multiple of 64 units, in
  a third one of 64 units with 3 to 20 units per row, in a third anywhere.
- They ask one thing: does a search find the exact last batch before an edge? They say nothing about
  how often real curves look so.
"""

_CONVERT = "python scripts/convert_tables.py SOURCE_FOLDER"
_SIMULATE = "python scripts/simulate_tables.py"
READMES = {
    name: text + FORMAT.format(command=command)
    for name, text, command in (("vidur", VIDUR, _CONVERT), ("gemm_stacks", GEMM_STACKS, _CONVERT),
                                ("zeus", ZEUS, _CONVERT), ("dense", DENSE, _SIMULATE),
                                ("planted", PLANTED, _SIMULATE))}
