from os import PathLike

__version__: str
has_worker: bool

class TuneRequest:
    model: PathLike[str] | str
    inputs: PathLike[str] | str | None
    input_specs: list[str]
    name: str
    unit: str
    units_per_item: float
    units_from_mask: str | None
    batch_dims: list[str]
    device: str
    seed: int
    hot_inputs: bool
    copy_inputs: bool
    pipeline: int
    max_latency_ms: float | None
    max_memory_bytes: int | None
    min_cosine: float
    max_relative_l2: float | None
    min_coverage: float
    meter: str
    effort: str
    searcher: str
    batch: tuple[int, int] | None
    precision: list[str]
    layout: list[str]
    threads: list[int]
    baseline: str | None
    budget_seconds: float | None
    budget_joules: float | None
    command: list[str]
    resume: bool
    save: bool
    def __init__(self) -> None: ...

class Answer:
    @property
    def config(self) -> str | None: ...
    @property
    def advice(self) -> str: ...
    @property
    def warnings(self) -> list[str]: ...

class Report:
    @property
    def json(self) -> str: ...
    @property
    def table(self) -> str: ...

class SearchRequest:
    searcher: str
    arms: list[tuple[str, list[int]]]
    seed: int
    windows: int | None
    seconds: float | None
    joules: float | None
    max_latency_ms: float | None
    max_memory_bytes: int | None
    incumbent: tuple[str, int] | None
    units_per_row: float
    prior_edges: list[int]
    prior_promising: list[tuple[str, int]]
    def __init__(self) -> None: ...

class Outcome:
    latency_ms: float | None
    latency_p99_ms: float | None
    joules_per_unit: float | None
    peak_memory_bytes: int | None
    seconds: float
    joules: float
    def __init__(self) -> None: ...

class Search:
    def __init__(self, request: SearchRequest) -> None: ...
    def ask(self) -> tuple[int, str, str, int, int, float] | None: ...
    def tell(
        self, step: tuple[int, str, str, int, int, float], status: str, outcome: Outcome
    ) -> None: ...
    def best(
        self,
    ) -> (
        tuple[str, int, float, tuple[str, int] | None, tuple[float, float, float] | None] | None
    ): ...
    def closest_miss(
        self,
    ) -> tuple[str, int, float | None, float | None, int | None, float | None] | None: ...
    def finalists(self) -> list[tuple[str, int]]: ...
    def why_ended(self) -> str: ...
    def spent(self) -> tuple[int, int, int, float, float]: ...

def prior_of_profile(json: str) -> tuple[list[int], list[tuple[str, int]]]: ...
def searchers() -> list[tuple[str, str]]: ...
def devices() -> str: ...
def fingerprint(model: PathLike[str] | str) -> str: ...
def parse_config(text: str) -> str: ...
def format_config(json: str) -> str: ...
def best(
    key: str, device: str, max_latency_ms: float | None, max_memory_bytes: int | None
) -> Answer: ...
def tune(request: TuneRequest, on_progress: object) -> Report: ...
