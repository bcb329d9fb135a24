"""Environment variables of the machine, the tools or the login, which no pipeline is configured by."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable

MACHINE_VARIABLES = (
    "PATH", "HOME", "USER", "SHELL", "TERM", "LANG", "TZ", "TMPDIR", "DISPLAY", "EDITOR", "NO_COLOR", "FORCE_COLOR", "DEBUG",
    "LC_*", "PYTHON*", "UV_*", "PIP_*", "VIRTUAL_ENV", "CONDA_*", "MISE_*", "CUDA_*", "NVIDIA_*", "ROCR_*", "HIP_*",
    "OMP_*", "MKL_*", "OPENBLAS_*", "NUMEXPR_*", "VECLIB_*", "POLARS_MAX_THREADS", "RAYON_NUM_THREADS", "TOKENIZERS_PARALLELISM",
    "MALLOC_*", "LD_*", "XDG_*", "SSH_*", "GIT_*", "PUEUE_*", "SLURM_*", "JAX_PLATFORMS", "TF_*", "NCCL_*", "RUST_*", "CARGO_*",
    "*_NUM_THREADS", "*_PROXY", "*_proxy", "TORCH_*", "PYTORCH_*", "XLA_*", "NODE_*", "GOMAXPROCS", "COLUMNS", "KUBECONFIG", "HF_HOME",
    "HF_HUB_*", "TRANSFORMERS_OFFLINE", "NIXPKGS_*", "DEBIAN_FRONTEND", "_*",
)  # fmt: skip
"""Globs of their names."""
_SECRET = re.compile(r"TOKEN|SECRET|PASSW|CREDENTIAL|API_?KEY|ACCESS_KEY|PROFILE$")


def is_of_the_machine(name: str, more: Iterable[str] = ()) -> bool:
    """Whether a variable is one of these, or of those that the settings add (globs)."""
    return any(fnmatch.fnmatchcase(name, glob) for glob in (*MACHINE_VARIABLES, *more))


def is_login(name: str) -> bool:
    """Whether a variable holds a key or names an account."""
    return _SECRET.search(name.upper()) is not None
