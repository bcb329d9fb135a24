"""Which rules run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from jobsafety_lint.config.errors import UsageError
from jobsafety_lint.config.kinds import nearest
from jobsafety_lint.config.selectors import NOT_NAMED, exactness, is_known
from jobsafety_lint.config.settings import Settings


@dataclass(frozen=True)
class Selection:
    """Which rules run. `by_name` are those that were selected by their own code or name."""

    codes: frozenset[str]
    by_name: frozenset[str]

    @classmethod
    def of(
        cls, catalogue: Mapping[str, str], settings: Settings, cli: Mapping[str, Sequence[str]]
    ) -> Selection:
        """From the settings and the options `select`, `extend-select`, `ignore` of the command line (code -> name).

        With `--select` only what the command line says counts.
        """
        select = cli.get("select") or settings.get("select") or ["ALL"]
        extended = () if cli.get("select") else settings.get("extend-select")
        chosen = [*select, *extended, *cli.get("extend-select", ())]
        ignored = [*(() if cli.get("select") else settings.get("ignore")), *cli.get("ignore", ())]
        codes, by_name = set(), set()
        for code, name in catalogue.items():
            wanted = max((exactness(selector, code, name) for selector in chosen), default=NOT_NAMED)
            unwanted = max((exactness(selector, code, name) for selector in ignored), default=NOT_NAMED)
            if wanted > NOT_NAMED and wanted > unwanted:
                codes.add(code)
                if wanted[0] == 3:
                    by_name.add(code)
        return cls(frozenset(codes), frozenset(by_name))


def check_selectors(selectors: Iterable[str], catalogue: Mapping[str, str], option: str) -> None:
    """The selectors of the command line.

    Raises:
        UsageError: one names no rule.
    """
    for selector in selectors:
        if not is_known(selector, catalogue):
            close = nearest(selector, [*catalogue, *catalogue.values()])
            hint = f"; did you mean `{close}`?" if close else "; `jobsafety-lint rule --all` lists them"
            raise UsageError(f"{option}: there is no rule `{selector}`{hint}")
