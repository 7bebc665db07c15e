"""Fitting the lab bridge of a checkpoint on a cohort, and checking it on the held-out patients."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain.estimates import Estimate
from ecgkt.domain.labels import Kind, LabelSet
from ecgkt.errors import InvalidCohort
from ecgkt.evaluation.discrimination import auroc_estimate
from ecgkt.explain.erasure import FEWEST, Erasers, enough, fit_erasers, shuffled_erasers
from ecgkt.explain.hidden import Progress, hidden_of_rows, read_heads
from ecgkt.explain.lab_bridge import LabBridge
from ecgkt.explain.surrogate import AGE, SEX, Surrogates, fit_surrogates
from ecgkt.inference import Predictor

if TYPE_CHECKING:
    from ecgkt.data.studies import Study

NOISE, SEED = 40, 0
RESAMPLES = 200
_PRIOR, _FLOOR, _BEYOND = 0.003, 0.02, 5.0


@dataclass(frozen=True, eq=False)
class Seen:
    """Rows of a study as a checkpoint sees them, in the study's order.

    `fitted` and `held_out` (n,) tell them apart: training rows with a known lab and tuning rows, and held-out ones.
    `hidden` (n, d), `labs` (n, k) 1, 0 or NaN, `people` (n, 2) age and sex (1 male), NaN where not known.
    """

    rows: NDArray[np.intp]
    fitted: NDArray[np.bool_]
    held_out: NDArray[np.bool_]
    subjects: NDArray[np.int64]
    hidden: NDArray[np.float32]
    lab_labels: LabelSet
    labs: NDArray[np.float32]
    people: NDArray[np.float32]


def bridge_rows(study: Study) -> NDArray[np.intp]:
    """Return the rows that a bridge needs: training rows with a known lab, tuning rows, held-out rows."""
    known = np.isfinite(study.labels.of_kind(Kind.LAB).values).sum(axis=1) > 0
    train = study.rows("train")
    return np.sort(np.concatenate([train[known[train]], study.rows("tuning"), study.rows("held_out")]))


def see(predictor: Predictor, study: Study, *, keep: Path | None = None, progress: Progress = iter) -> Seen:
    """Return what a checkpoint makes of the rows of a study that a bridge needs; `keep` as in `hidden_of_rows`."""
    rows = bridge_rows(study)
    held_out = np.isin(rows, study.rows("held_out"))
    labs = study.labels.of_kind(Kind.LAB)
    names = study.partners.names
    people = np.full((len(rows), 2), np.nan, dtype=np.float32)
    for place, name in enumerate(("age", "sex_male")):
        if name in names:
            people[:, place] = study.partners.values[rows][:, names.index(name)]
    return Seen(
        rows=rows,
        fitted=~held_out,
        held_out=held_out,
        subjects=study.cohort.subject_ids[rows],
        hidden=hidden_of_rows(predictor, study, rows, keep=keep, progress=progress),
        lab_labels=labs.labels,
        labs=labs.values[rows],
        people=people,
    )


def fit_bridge(predictor: Predictor, study: Study, seen: Seen, command: str, *, fewest: int = FEWEST) -> LabBridge:
    """Fit erasers and surrogates on the rows `seen.fitted`, check them on `seen.held_out`, and say how.

    Raises InvalidCohort where no lab has enough known values, or no row is held out.
    """
    wanted = np.flatnonzero(enough(seen.labs[seen.fitted], fewest))
    if not len(wanted) or not seen.held_out.any():
        raise InvalidCohort("known labs and held-out patients to fit and check a lab bridge", "too few", "take more")
    names = [seen.lab_labels.names[place] for place in wanted]
    labs = fit_erasers(seen.hidden[seen.fitted], seen.labs[seen.fitted][:, wanted], names)
    noise = shuffled_erasers(seen.hidden[seen.fitted], seen.labs[seen.fitted][:, wanted], NOISE, SEED)
    labels, (weights, _) = predictor.card.labels, read_heads(predictor)
    diagnoses = labels.positions([label.name for label in labels if label.kind is not Kind.LAB])
    there = seen.hidden[seen.held_out]
    changes = labs.changes(there, weights[diagnoses])
    known = [labels.names[place] for place in diagnoses]
    truth = study.labels.values[seen.rows[seen.held_out]][:, study.labels.labels.positions(known)]
    lowered = [
        changes[truth[:, m] == 1, :, m].mean(axis=0) if (truth[:, m] == 1).any() else np.full(len(names), np.nan)
        for m in range(len(known))
    ]
    return LabBridge(
        checkpoint_id=predictor.card.id,
        labs=labs,
        noise=noise,
        names=tuple(known),
        moved=np.abs(changes).mean(axis=0),
        noise_moved=np.abs(noise.changes(there, weights[diagnoses])).mean(axis=(0, 1)),
        lowered=np.stack(lowered, axis=1),
        probes={name: probe_before_and_after(seen, labs, name) for name in names},
        surrogates=_surrogates(predictor, seen),
        facts={
            "cohort": study.cohort.fingerprint,
            "domain": str(study.cohort.domain),
            "fitted": int(seen.fitted.sum()),
            "held_out": int(seen.held_out.sum()),
            "held_out_subjects": len(np.unique(seen.subjects[seen.held_out])),
            "command": command,
        },
    )


def probe_before_and_after(seen: Seen, labs: Erasers, name: str) -> tuple[Estimate, Estimate]:
    """Return the AUROC of a linear probe for a lab, fitted anew on held-out rows, before and after its erasure.

    Scikit-learn's ridge logistic regression, fitted on one half of the held-out patients and read on the other, and
    the other way round: rows that the eraser has not seen. Each half is ranked within itself.
    """
    truth = seen.labs[seen.held_out][:, seen.lab_labels.index(name)]
    known = ~np.isnan(truth)
    hidden, subjects = seen.hidden[seen.held_out][known], seen.subjects[seen.held_out][known]
    erased = labs.erase(hidden, name)
    first, second = (_cross_fitted(one, truth[known], subjects) for one in (hidden.astype(np.float64), erased))
    told = [auroc_estimate(truth[known], one, subjects, resamples=RESAMPLES) for one in (first, second)]
    return told[0], told[1]


def _cross_fitted(
    hidden: NDArray[np.float64], truth: NDArray[np.float32], subjects: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return probe scores (n,) as ranks within each half of the subjects, NaN where a half has one class alone."""
    from scipy.stats import rankdata
    from sklearn.linear_model import LogisticRegression

    _, place = np.unique(subjects, return_inverse=True)
    half = np.random.default_rng(SEED).permutation(place.max() + 1)[place] % 2 == 0
    scores = np.full(len(truth), np.nan)
    for here in (half, ~half):
        there = ~here
        if len(np.unique(truth[here])) < 2 or not there.any():
            continue
        mean, spread = hidden[here].mean(axis=0), hidden[here].std(axis=0) + _FLOOR
        scaled = np.clip((hidden - mean) / spread, -_BEYOND, _BEYOND)
        probe = LogisticRegression(C=_PRIOR, max_iter=500).fit(scaled[here], truth[here])
        scores[there] = rankdata(probe.decision_function(scaled[there])) / there.sum()
    return scores


def _surrogates(predictor: Predictor, seen: Seen) -> Surrogates | None:
    """Return stand-ins for the diagnoses' scores, None for a model that has no lab scores or reads the labs."""
    labels = predictor.card.labels
    labs = [label.name for label in labels if label.kind is Kind.LAB]
    if not labs or predictor.needs_tables:
        return None
    diagnoses = [label.name for label in labels if label.kind is not Kind.LAB]
    weights, biases = read_heads(predictor)
    logits = seen.hidden.astype(np.float64) @ weights.T + biases
    inputs = np.concatenate([logits[:, labels.positions(labs)], seen.people], axis=1)
    scores = logits[:, labels.positions(diagnoses)]
    there = (inputs[seen.held_out], scores[seen.held_out])
    return fit_surrogates(inputs[seen.fitted], scores[seen.fitted], there, diagnoses, [*labs, AGE, SEX])
