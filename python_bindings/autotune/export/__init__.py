"""Makes a variant set of a Python model: one AOTInductor package per precision, and a manifest.

    python -m autotune export MODEL --out DIR

The set is what `autotune tune DIR` and the C++ library take (docs/variant_sets.md). Its packages
hold machine code: load a set only from where you trust it to be.
"""

from ._export import export

__all__ = ["export"]
