"""When sessions run: one thread does the work, the newest state counts, and what is outdated is given up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from jobsafety_lint.server.documents import Document
from jobsafety_lint.server.recollection import Interrupted
from jobsafety_lint.server.session import Outcome, Session

Result = TypeVar("Result")

SHORTEST, LONGEST = 0.03, 0.3
"""How long it waits for the next keystroke (seconds): half as long as the last run has taken, within these bounds."""


class Worker:
    """The one thread that runs sessions (it changes the working directory). `urgent` counts who waits for a document."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="engine")
        self.urgent = 0
        self.closed = False

    async def run(self, work: Callable[[], Result]) -> Result:
        """Does something in the thread, after all that was asked for before."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def close(self) -> None:
        """Gives up what is running."""
        self.closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)


@dataclass
class _Newest:
    """What is known of one question: the last answer, for which state it is, and the run that is under way."""

    outcome: Outcome = field(default_factory=Outcome)
    state: int = 0
    run: asyncio.Task[None] | None = None


class Checker:
    """Asks one session, for the newest state of its documents. Lives in the protocol's thread."""

    def __init__(
        self, session: Session, worker: Worker, documents: Callable[[], dict[Path, Document]]
    ) -> None:
        self.session = session
        self.pause = SHORTEST
        self._worker, self._documents = worker, documents
        self._state = 1
        self._open, self._all = _Newest(), _Newest()
        self._before: list[Callable[[], None]] = []

    # --- what has changed ---------------------------------------------------------------------------------------------

    def changed(self) -> None:
        """A document has changed: what is running is outdated."""
        self._state += 1

    def files_changed(self) -> None:
        """Files may have changed on disk."""
        self._before.append(self.session.files_changed)
        self.changed()

    def configuration_changed(self) -> None:
        """Settings may have changed."""
        self._before.append(self.session.configuration_changed)
        self.changed()

    # --- asking -------------------------------------------------------------------------------------------------------

    async def fresh(self) -> Outcome:
        """What holds for the open documents as they are now. Those who ask at the same time share a run."""
        while self._open.state != self._state:
            if self._open.run is None:
                self._open.run = asyncio.create_task(self._answer(self._open, urgent=True))
            await asyncio.shield(self._open.run)
        return self._open.outcome

    async def fresh_for_all(self) -> Outcome:
        """What holds for all files of the folder. Gives way to those who wait for a document."""
        while self._all.state != self._state:
            await self.fresh()
            if self._all.run is None:
                self._all.run = asyncio.create_task(self._answer(self._all, urgent=False))
            await asyncio.shield(self._all.run)
        return self._all.outcome

    async def ask(self, question: Callable[[dict[Path, Document]], Result]) -> Result:
        """Asks the session something about the documents as they are now, in the worker's thread."""
        documents = self._documents()
        return await self._urgently(lambda: question(documents))

    async def _urgently(self, work: Callable[[], Result]) -> Result:
        self._worker.urgent += 1
        try:
            return await self._worker.run(work)
        finally:
            self._worker.urgent -= 1

    async def _answer(self, question: _Newest, *, urgent: bool) -> None:
        """Runs the session for the state at hand. Without an answer if something newer comes up."""
        state, documents, before = self._state, self._documents(), self._before
        self._before = []
        started = time.monotonic()

        def stop() -> bool:
            return self._state != state or self._worker.closed or (not urgent and self._worker.urgent > 0)

        def work() -> Outcome:
            for change in before:
                change()
            return self.session.check(documents, everything=not urgent, stop=stop)

        try:
            question.outcome = await (self._urgently(work) if urgent else self._worker.run(work))
            question.state = state
        except Interrupted:
            return
        except Exception:
            question.state = state  # not again until something changes
            raise
        finally:
            question.run = None
        if urgent:
            self.pause = min(max((time.monotonic() - started) / 2, SHORTEST), LONGEST)
