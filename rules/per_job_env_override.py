"""JOB601: a queued job gets an environment variable of its own, past the configuration file."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.execution import Setting
from jobsafety_lint.meaning.queue import Launch
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB601",
    "per-job-env-override",
    "`pueue add -- env K=V …`: a value that bypasses the configuration file",
    Severity.WARNING,
    Confidence.MEDIUM,
    references=("INV-5",),
)

_ALLOWED = (
    "PATH", "HOME", "USER", "SHELL", "TERM", "LANG", "TZ", "TMPDIR", "DISPLAY", "EDITOR", "NO_COLOR", "FORCE_COLOR", "DEBUG",
    "LC_*", "PYTHON*", "UV_*", "PIP_*", "VIRTUAL_ENV", "CONDA_*", "MISE_*", "CUDA_*", "NVIDIA_*", "ROCR_*", "HIP_*",
    "OMP_*", "MKL_*", "OPENBLAS_*", "NUMEXPR_*", "VECLIB_*", "POLARS_MAX_THREADS", "RAYON_NUM_THREADS", "TOKENIZERS_PARALLELISM",
    "MALLOC_*", "LD_*", "XDG_*", "SSH_*", "GIT_*", "PUEUE_*", "SLURM_*", "JAX_PLATFORMS", "TF_*", "NCCL_*", "RUST_*", "CARGO_*",
    "*_NUM_THREADS", "*_PROXY", "*_proxy", "TORCH_*", "PYTORCH_*", "XLA_*", "NODE_*", "GOMAXPROCS", "COLUMNS", "KUBECONFIG", "HF_HOME",
    "HF_HUB_*", "TRANSFORMERS_OFFLINE", "NIXPKGS_*", "DEBIAN_FRONTEND", "_*",
)  # fmt: skip
"""Variables of the machine or the tools, not of the pipeline."""


@RULE.on(Launch)
def override(launch: Launch, context: Context) -> Iterator[Draft]:
    """The variables that are set for the job alone."""
    if context.role == "test" or launch.call.unknown:
        return
    allowed = (*_ALLOWED, *context.settings.words("allowed-env-overrides"))
    own = [s for s in launch.settings if not _is_allowed(s, allowed) and not _hands_on(s)]
    if not own:
        return
    names = ", ".join(dict.fromkeys(f"`{setting.name}`" for setting in own))
    verb = "is" if names.count("`") == 2 else "are"
    yield RULE.found(
        own[0].place,
        f"{names} {verb} set for this job alone, past the configuration that every other run reads",
        label="pass it as an argument, or set it in the configuration file",
        related=((launch.place, "the job is queued here"),) if launch.place.span != own[0].place.span else (),
        data={"variables": [setting.name for setting in own]},
    )


def _is_allowed(setting: Setting, allowed: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(setting.name, glob) for glob in allowed)


def _hands_on(setting: Setting) -> bool:
    """Whether the variable gets the value that it has (`env TOKEN="$TOKEN"`), or is built from it (`PATH=x:$PATH`)."""
    return any(
        setting.name in hole.names or re.search(rf"\b{setting.name}\b", hole.text)
        for hole in setting.value.holes
    )
