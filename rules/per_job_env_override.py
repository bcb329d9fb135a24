"""JOB601: a queued job gets an environment variable of its own, past the configuration file."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator

from jobsafety_lint.context import Context
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
)  # fmt: skip
"""Variables of the machine or the tools, not of the pipeline."""


@RULE.on(Launch)
def override(launch: Launch, context: Context) -> Iterator[Draft]:
    """The variables that are set for the job alone."""
    allowed = (*_ALLOWED, *context.settings.words("allowed-env-overrides"))
    own = [s for s in launch.settings if not any(fnmatch.fnmatchcase(s.name, glob) for glob in allowed)]
    if not own:
        return
    names = ", ".join(f"`{setting.name}`" for setting in own)
    yield RULE.found(
        own[0].place,
        f"{names} is set for this job alone, past the configuration that every other run reads",
        label="pass it as an argument, or set it in the configuration file",
        related=((launch.place, "the job is queued here"),) if launch.place.span != own[0].place.span else (),
        data={"variables": [setting.name for setting in own]},
    )
