"""What a manifest says of a package's file and of this CPU, without the extension.

A set is often made where only a checkout and torch are. Both say what the core says
(`model_fingerprint` in src/platform/archive.cpp, `cpu_device` in src/device/cpu.cpp), which checks them
when a set is read.
"""

import zipfile
from pathlib import Path

# What arithmetic libraries choose their kernels by, in the core's order.
FEATURES = (
    "sse4_2 avx avx2 fma f16c avx_vnni avx512f avx512bw avx512vl avx512_vnni avx512_bf16 avx512_fp16 "
    "amx_tile amx_bf16 amx_int8 amx_fp16 asimd asimdhp asimddp bf16 i8mm sve sve2"
).split()

UTF8_NAME = 0x800  # APPNOTE.TXT 4.4.4: a name without this flag is in code page 437.


def fingerprint(package: Path) -> str:
    """Of the names, sizes and CRC-32s in a zip archive's directory; contents are not read."""
    with zipfile.ZipFile(package) as archive:
        entries = sorted((name_of(e), e.file_size, e.CRC) for e in archive.infolist())
    words = (number(len(name)) + name + number(size) + number(crc) for name, size, crc in entries)
    return f"zip:{fnv1a(b''.join(words)):016x}"


def name_of(entry: zipfile.ZipInfo) -> bytes:
    return entry.orig_filename.encode("utf-8" if entry.flag_bits & UTF8_NAME else "cp437")


def number(value: int) -> bytes:
    return value.to_bytes(8, "little")


def fnv1a(content: bytes) -> int:
    """64 bits, as src/platform/fnv1a.hpp."""
    state = 0xCBF29CE484222325
    for byte in content:
        state = (state ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return state


def cpu_features(cpuinfo: Path = Path("/proc/cpuinfo")) -> list[str]:
    """Those of the first CPU that matter."""
    fields = {}
    for line in cpuinfo.read_text(encoding="utf-8", errors="replace").split("\n\n")[0].splitlines():
        name, _, value = line.partition(":")
        fields[name.strip()] = value.split()
    present = {*fields.get("flags", []), *fields.get("Features", [])}
    return [feature for feature in FEATURES if feature in present]
