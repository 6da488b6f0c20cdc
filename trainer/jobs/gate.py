"""The gate of one retraining: guards, a comparison on held-out sessions, and the verdict."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from service.model.artifact import Artifact, Manifest
from service.model.errors import EventLogError, RefusedError
from service.model.store import Store
from service.model.verdict import Check, Verdict
from trainer.artifacts.build import TrainedModel, make_artifact, train_model
from trainer.config.jobs import Config, EvaluationConfig
from trainer.corpus import Dataset, Sessions
from trainer.evaluation.comparison import Evaluation
from trainer.evaluation.holdout import first_tested, split_at
from trainer.events.dataset import clean_dataset
from trainer.events.descriptions import Descriptions
from trainer.events.encoding import Encoded
from trainer.events.ordering import Ordered
from trainer.gate.checks import not_made
from trainer.gate.comparison import Comparison, Trial, end_of_log
from trainer.gate.incumbent import incumbent
from trainer.gate.log_guards import guard_log
from trainer.gate.model_guards import guard_model
from trainer.jobs.succession import Succession
from trainer.jobs.verdicts import Verdicts
from trainer.view.display import Silent
from trainer.view.page.verdict import render_verdict
from trainer.word2vec.checkpoint import Checkpoint

CANDIDATE = "candidate"


class Gate:
    """Judges a retraining step by step; each step may refuse it.

    Args:
        store: where versions are published.
        published: the current version; None if there is none that can be read.
        config: every setting.
        display: where progress is shown.
        force: whether to publish whatever is found, without a comparison.
    """

    def __init__(
        self,
        store: Store,
        published: Artifact | None,
        config: Config,
        display: Silent,
        *,
        force: bool,
    ) -> None:
        self._config = config
        self._display = display
        self._force = force
        self._current, why_alone = incumbent(published, config)
        self._stays = None if published is None else published.manifest.model_version
        self._checks: list[Check] = []
        self._evaluations: dict[str, Evaluation] = {}
        self._verdicts = Verdicts(store)
        self._refusals = self._verdicts.refusals_since(self._current)
        if not config.run.resume:
            self._verdicts.forget_passed()
        if why_alone:
            display.note(f"gate: compared with no other version: {why_alone}")

    def check_log(self, dataset: Dataset) -> None:
        """Checks the log.

        Raises:
            RefusedError: something about it is not as expected.
        """
        self._checks += guard_log(dataset, self._current, self._config.gate, datetime.now(UTC))
        if self.refuses:
            self._refuse(self._verdict(), version=None)

    def judge(
        self,
        log: Encoded,
        descriptions: Descriptions,
        past: Succession,
        checkpoint: Checkpoint,
    ) -> TrainedModel | None:
        """Trains without the newest sessions, and compares the model on them.

        Args:
            log: all sessions.
            descriptions: titles and metadata.
            past: earlier versions; the model is not blended with one that knows those sessions.
            checkpoint: of this training.

        Returns:
            The model that was judged; None if no comparison can be made.
        """
        if self._config.run.resume and not checkpoint.resumes:
            self._checks += self._verdicts.passed()
            return None
        trial = self._trial(log, descriptions, past, checkpoint)
        if trial is None:
            return None
        model, late, item_ids = trial
        candidate = make_artifact(model, CANDIDATE)
        seed = self._config.training.seed
        with self._display.evaluating() as on_cases:
            judged = Comparison(
                Trial(candidate, model.dataset, item_ids, late, seed),
                self._current,
                self._config.gate,
                on_cases,
            ).judge()
        self._checks += judged.checks
        self._evaluations = judged.evaluations
        if self._config.run.checkpoint_every is not None:
            self._verdicts.note_passed(self._verdict())
        return model

    @property
    def compares(self) -> bool:
        """Whether models are compared on held-out sessions."""
        return self._config.gate.checks == "all" and not self._force

    @property
    def refuses(self) -> bool:
        """Whether what was found so far is enough to refuse."""
        return self._verdict().outcome == "refused"

    @property
    def refits(self) -> bool:
        """Whether what is published is to be trained again, with the held-out sessions."""
        return self._config.gate.refit and not self.refuses

    def judged(self, artifact: Artifact) -> Artifact:
        """The artifact with its verdict, after the last checks of it."""
        with self._display.working("checking the model"):
            self._checks += guard_model(artifact, self._current, self._config.gate)
        verdict = self._verdict()
        report = render_verdict(verdict, self._evaluations, artifact.manifest.drift)
        update = {"gate": verdict, "verdict": verdict.sentence}
        manifest = artifact.manifest.model_copy(update=update)
        return replace(artifact, manifest=manifest, report=report)

    def conclude(self, manifest: Manifest) -> None:
        """Shows the verdict on a version.

        Raises:
            RefusedError: it is not to be published.
        """
        self._verdicts.forget_passed()
        verdict = self._verdict()
        if manifest.refused:
            self._refuse(verdict, manifest.model_version)
        self._announce(verdict)

    def _trial(
        self,
        log: Encoded,
        descriptions: Descriptions,
        past: Succession,
        checkpoint: Checkpoint,
    ) -> tuple[TrainedModel, Sessions, list[str]] | None:
        gate, data = self._config.gate, self._config.data
        first, description = self._first_held_out(log.sessions)
        training, late = split_at(log, first)
        sessions = int((late.lengths() > 1).sum())
        if sessions < gate.held_out_sessions:
            newest = f"the newest {gate.held_out_share:.0%} are {sessions:,} sessions"
            why = f"{newest}, too few to compare (from {gate.held_out_sessions:,} on)"
            self._checks.append(not_made("comparison", "comparison", why))
            return None
        try:
            dataset = clean_dataset(training, descriptions, data)
        except EventLogError as error:
            self._checks.append(not_made("comparison", "comparison", str(error)))
            return None
        self._display.note(f"gate: {description}, to judge the model by")
        model = train_model(
            dataset, self._config, self._display, past.known, checkpoint, past.unblended
        )
        return model, late, log.item_ids.to_list()

    def _first_held_out(self, sessions: Ordered) -> tuple[int, str]:
        """The first session to judge by, and how it was chosen.

        Where enough sessions are new to the current version, no more than those are held out: a
        candidate that lacked what the current version has seen would lose for that alone.
        """
        gate = self._config.gate
        first, description = first_tested(
            sessions, EvaluationConfig(test_share=gate.held_out_share)
        )
        end = end_of_log(self._current)
        if end is None or sessions.starts is None:
            return first, description
        new = int(np.searchsorted(sessions.starts, end, side="right"))
        cases = np.count_nonzero(np.diff(sessions.offsets[new:]) > 1)
        if new <= first or cases < gate.held_out_sessions:
            return first, description
        held_out = f"{len(sessions) - new:,} of {len(sessions):,} sessions are held out"
        return new, f"{held_out}: those since the current version"

    def _verdict(self) -> Verdict:
        failed = [check for check in self._checks if check.passed is False]
        by_comparison = bool(failed) and all(check.kind == "comparison" for check in failed)
        refusals = self._refusals + 1 if by_comparison else 0
        overdue = 0 < self._config.gate.publish_after < refusals
        forced = self._force or overdue
        return Verdict(
            outcome="passed" if not failed else "forced" if forced else "refused",
            compared_with=self._current.manifest.model_version if self._current else None,
            checks=self._checks,
            evaluations={name: found.as_dict() for name, found in self._evaluations.items()},
            refusals=refusals,
        )

    def _refuse(self, verdict: Verdict, version: str | None) -> None:
        self._announce(verdict)
        stays = f"version {self._stays} stays" if self._stays else "nothing is published"
        publish = f"models promote {version}" if version else "retrain --force"
        reasons = "; ".join(f"{check.name}: {check.seen_only}" for check in verdict.failed)
        raise RefusedError(
            f"refused: {reasons}; {stays}",
            "`item2vec gate` shows every check with what was expected; mend the log and run again, "
            f"or publish all the same: `item2vec {publish}`",
            version,
        )

    def _announce(self, verdict: Verdict) -> None:
        self._display.verdict(verdict)
        self._verdicts.note_last(verdict)
