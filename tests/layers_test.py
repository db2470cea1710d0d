"""Checks the house: includes agree with the USES of autotune_layer, and no file grows too long.

    python tests/layers_test.py

Run by ctest as `layers`. A layer may include its own folder, the folders its USES name and the
public headers; the core has no torch and no CUDA include.
"""

import dataclasses
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
MAX_LINES = 400
LAYER = re.compile(r"autotune_layer\(\s*(\w+)(.*?)\)", re.DOTALL)
USES = re.compile(r"\bUSES\b(.*?)(?:\bSOURCES\b|\bLIBRARIES\b|$)", re.DOTALL)
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
FOREIGN = re.compile(r"^(torch|ATen|c10|caffe2|cuda\w*|nvml)(/|\.h)")
SOURCES = ("*.cpp", "*.hpp", "*.cu", "*.cuh", "*.h", "*.py")
TORCH_ROOMS = {"mode": (), "inputs": (), "arms": ("mode",), "models": ("arms", "inputs", "mode")}
CODE_FOLDERS = ("include", "src", "search", "examples", "python_bindings", "tests", "benchmarks",
                "scripts")


@dataclasses.dataclass
class Layer:
    name: str
    folder: pathlib.Path
    uses: set[str]


def layers() -> dict[str, Layer]:
    """Every autotune_layer(...) of the source tree by its name."""
    found = {}
    for file in [*ROOT.glob("src/*/CMakeLists.txt"), ROOT / "search/CMakeLists.txt"]:
        text = re.sub(r"#.*", "", file.read_text(encoding="utf-8"))
        for name, arguments in LAYER.findall(text):
            uses = USES.search(arguments)
            found[name] = Layer(name, file.parent, set(uses.group(1).split()) if uses else set())
    return found


def includes(file: pathlib.Path) -> list[tuple[str, str]]:
    """(bracket, path) of every include, in order."""
    return INCLUDE.findall(file.read_text(encoding="utf-8"))


def code_files(folder: pathlib.Path) -> list[pathlib.Path]:
    return sorted(path for pattern in SOURCES for path in folder.rglob(pattern))


def wrong_includes(layer: Layer, known: dict[str, Layer]) -> list[str]:
    allowed = {layer.name} | layer.uses
    problems = []
    for file in code_files(layer.folder):
        for bracket, path in includes(file):
            head = path.split("/")[0]
            if FOREIGN.match(path) or path.startswith("autotune/torch/"):
                problems.append(f"{short(file)} includes {path}: the core knows no torch and no CUDA")
            elif bracket == '"' and head in known and "/" in path and head not in allowed:
                problems.append(f"{short(file)} includes {path}: add {head} to the USES of layer "
                                f"{layer.name}, if the arrow may point there (docs/architecture.md)")
    return problems


def unknown_uses(known: dict[str, Layer]) -> list[str]:
    return [f"layer {layer.name} uses {name}, which is no layer"
            for layer in known.values() for name in sorted(layer.uses - known.keys())]


def cycles(known: dict[str, Layer]) -> list[str]:
    """Arrows point inward: no layer reaches itself."""
    return [f"layer {name} uses itself by way of others" for name in known
            if name in reachable(name, known)]


def reachable(name: str, known: dict[str, Layer]) -> set[str]:
    """What `name` uses, and what these use, and so on."""
    seen, open_ends = set(), [name]
    while open_ends:
        for used in known[open_ends.pop()].uses & known.keys() - seen:
            seen.add(used)
            open_ends.append(used)
    return seen


def public_header_includes() -> list[str]:
    """The core's public headers include the standard library and each other, nothing else."""
    problems = []
    for file in sorted((ROOT / "include/autotune").glob("*.hpp")):
        for bracket, path in includes(file):
            ours = bracket == '"' and re.fullmatch(r"autotune/\w+\.hpp", path)
            standard = bracket == "<" and re.fullmatch(r"[a-z_]+", path)
            if not ours and not standard:
                problems.append(f"{short(file)} includes {path}: public headers include the "
                                "standard library only")
    return problems


def wrong_torch_includes() -> list[str]:
    """The rooms of the LibTorch component: what each may include of the others."""
    problems = []
    for room, allowed in TORCH_ROOMS.items():
        for file in code_files(ROOT / "src/torch" / room):
            for bracket, path in includes(file):
                other = re.match(r"torch/(\w+)/", path) if bracket == '"' else None
                if other and other.group(1) not in (room, *allowed):
                    problems.append(f"{short(file)} includes {path}: {room} may know "
                                    f"{', '.join(allowed) or 'no other room'}")
    return problems


def long_files() -> list[str]:
    return [f"{short(file)} has {lines} lines, {MAX_LINES} at most: split it by subject"
            for folder in CODE_FOLDERS for file in code_files(ROOT / folder)
            if (lines := len(file.read_text(encoding="utf-8").splitlines())) > MAX_LINES]


def short(path: pathlib.Path) -> str:
    return str(path.relative_to(ROOT))


def main() -> int:
    known = layers()
    if len(known) < 2:
        print("no autotune_layer(...) lines found under src/")
        return 1
    problems = unknown_uses(known) + cycles(known) + public_header_includes() + long_files()
    problems += wrong_torch_includes()
    for layer in known.values():
        problems += wrong_includes(layer, known)
    print("\n".join(problems) or f"{len(known)} layers agree with their USES")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
