"""How much of each lab and visit label the ECG can tell at best, beside what the models read off it.

python -m benchmarks.lab_ceiling COHORT PREPARED [--models DIR ...] [--further N] [--workers 1] [--out FILE]

Of a SIMULATED cohort only: COHORT is its folder of raw tables (for seed and settings), PREPARED what `prepare` made.

The tables reach the ECG through the numbers of its `Tracing` alone; beat times, torso and artefacts are drawn from
those, or from nothing. Hence no reader of the waveform can know more of a label than they do.

- *causes, exact*: gradient boosting on these numbers, regenerated noise-free from the seed. What no wave shows (the PR
  interval of a rhythm without one) is left out. For a lab it regresses the logarithm of the true value of every ECG,
  measured or not, which orders held-out ECGs better than a classifier of the few measured labels; for a code it
  classifies, the mean with a logistic regression. Fitted on the training subjects and on `--further` patients of
  another seed. The best possible lies above it by what the fit misses, and below it by what artefacts hide. Where the
  causes tell how widely a value spreads but not its mean (low glucose, by diabetes), it falls below 0.5.
- *causes, as shown*: the same on these numbers with an error each of the size that a good reader has (`BLUR`, our own
  choice: 5 ms, 0.02 mV, a tenth of a gain). The exact numbers tell more than a wave can: a peaking of the T wave that
  is not zero says that potassium is above 5.1, however little it is. Read the models beside this column.
- *patient*: the same from the true blood at the ECG's hour (a lab: that analyte and sex), conditions, age, sex and
  body-mass index. What is missing to 1 is the label's own noise: assay, time from draw to ECG, range, coder.
- each model's AUROC, and how far it comes from 0.5 to the causes as shown.

All on held-out subjects, with intervals that resample subjects.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgkt.catalogue import all_labels
from ecgkt.data.studies import Study, read_study
from ecgkt.domain.estimates import Estimate
from ecgkt.domain.labels import Kind
from ecgkt.evaluation.discrimination import auroc_estimate
from ecgkt.inference import Predictor
from ecgkt.parallel import in_shards
from ecgkt.reports import refuse_other_split
from ecgkt.signals.preprocessing import Preprocessing
from ecgkt.simulation import SimulationSettings
from ecgkt.simulation.arrays import printed
from ecgkt.simulation.coding import lab_truth, visit_truth
from ecgkt.simulation.course import course
from ecgkt.simulation.electrical import draw_tracing
from ecgkt.simulation.layout import numbers_of
from ecgkt.simulation.patients import ANALYTES, Patient, draw_patient
from ecgkt.simulation.plans import recording_hours
from ecgkt.simulation.tracing import FIBRILLATION, FLUTTER, SINUS, TRACKED, Tracing
from ecgkt.simulation.visits import draw_visit

KINDS = (Kind.LAB, Kind.VISIT)
SHARD = 500
OTHER_SEED = 7_000_003

SEX = 1
"""The column of `Known.patient` that says whether the patient is a man."""
BOOSTING: dict[str, Any] = {
    "learning_rate": 0.03,
    "max_iter": 150,
    "max_leaf_nodes": 6,
    "min_samples_leaf": 60,
    "l2_regularization": 10.0,
    "max_features": 0.5,
    "early_stopping": False,
    "random_state": 0,
}

Matrix = NDArray[np.float32]
Scores = NDArray[np.float64]
Lines = Iterator[str]


@dataclass(frozen=True, eq=False)
class Known:
    """What is known of ECGs, row by row: `causes` (n, c) numbers of the tracing, `patient` (n, p), by study number."""

    study_ids: NDArray[np.int64]
    causes: Matrix
    patient: Matrix
    labels: Matrix

    def as_shown(self, seed: int) -> Known:
        """Return the same with each number of the tracing as a good reader would tell it."""
        sizes = np.zeros(self.causes.shape[1], np.float32)
        sizes[: len(NUMBERS)] = [BLUR.get(name, 0.0) for name in NUMBERS][: len(sizes)]
        noise = np.random.default_rng(seed).standard_normal(self.causes.shape, np.float32)
        return replace(self, causes=self.causes + sizes * noise)

    def take(self, rows: NDArray[np.intp]) -> Known:
        """Return these rows."""
        return Known(self.study_ids[rows], self.causes[rows], self.patient[rows], self.labels[rows])


def joined(parts: Sequence[Known]) -> Known:
    """Return all rows of all parts."""
    return Known(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Known)))


RHYTHMS = (SINUS, FIBRILLATION, FLUTTER, "paced", "complete_block", "second_degree_block")
RHYTHMS += ("supraventricular_tachycardia", "junctional", "ectopic_atrial")
PLACES = ("inferior", "anterior", "lateral", "posterior", "diffuse", "right")
WORDS = {
    "rhythm": RHYTHMS,
    "conduction": ("normal", "lbbb", "rbbb", "irbbb", "ivcd", "pre_excitation"),
    **dict.fromkeys(("scar", "injury", "ischaemia", "t_inversion"), PLACES),
}
NUMBERS = tuple(field.name for field in fields(Tracing) if field.name not in WORDS)
_GAIN, _MS, _MV = 0.1, 5.0, 0.02
BLUR = {
    "breathing_rate": 2.0,
    "sinus_variation": 0.005,
    "premature_atrial": 0.02,
    "premature_ventricular": 0.02,
    **dict.fromkeys(("qrs_ms", "pr_ms", "p_ms", "qtc_ms", "st_length_ms", "axis_turn"), _MS),
    **dict.fromkeys(("injury_mv", "ischaemia_mv", "normal_st_mv", "st_sag_mv", "u_mv", "osborn_mv"), _MV),
    **dict.fromkeys(("pericarditis", "early_repolarisation", "scoop"), _MV),
    **dict.fromkeys(("p_gain", "voltage", "left_mass", "right_mass", "left_atrium", "fragmentation"), _GAIN),
    **dict.fromkeys(("scar_size", "scar_age", "injury_age", "t_gain", "t_width", "t_peaking", "t_biphasic"), _GAIN),
    **dict.fromkeys(("t_inversion_size", "strain", "sine_wave"), _GAIN),
}
"""The standard error with which a good reader would tell each number; rates and words are told exactly."""
CONDITIONS = (
    *("hypertension", "diabetes", "coronary_disease", "old_infarction", "st_elevation_infarction"),
    *("non_st_elevation_infarction", "ckd", "dialysis", "dilated_cardiomyopathy", "hypertrophic_cardiomyopathy"),
    *("heart_failure", "atrial_fibrillation", "copd", "pulmonary_hypertension", "cirrhosis", "sepsis"),
    *("respiratory_failure", "acute_kidney_injury", "anaemia", "hypothyroidism", "thyrotoxicosis"),
    *("pulmonary_embolism", "hyperkalaemia", "hypokalaemia", "hypocalcaemia", "hypercalcaemia", "hyponatraemia"),
    *("acidosis", "pericarditis", "qt_drug", "digoxin", "warfarin", "beta_blocker", "pacemaker", "pre_excitation"),
    "hypothermia",
)


def causes(t: Tracing) -> list[float]:
    """Return the tracing's numbers, NaN where no wave shows them, its words one by one, and the ventricular rate."""
    hidden = set()
    if t.rhythm not in TRACKED:
        hidden |= {"pr_ms"}
    if t.rhythm in (FIBRILLATION, FLUTTER):
        hidden |= {"p_ms", "p_gain", "left_atrium", "premature_atrial"}
    if t.rhythm != SINUS:
        hidden |= {"sinus_variation"}
    row = [float("nan") if name in hidden else float(getattr(t, name)) for name in NUMBERS]
    row += [float(getattr(t, name) == word) for name, words in WORDS.items() for word in words]
    return [*row, t.rate / t.ventricular_divisor]


def patient_row(patient: Patient, hours: float) -> list[float]:
    """Return age, sex, body-mass index, conditions and the true blood at an hour."""
    blood = course(patient, patient.latents, patient.wander, hours)
    conditions = [float(patient.has(name)) for name in CONDITIONS]
    reduced = float(patient.conditions.get("heart_failure") == "reduced")
    return [patient.age, float(patient.male), patient.bmi, reduced, *conditions, *(blood[name] for name in ANALYTES)]


def known_of(seed: int, first: int, last: int, settings: SimulationSettings, labelled: bool) -> Known:
    """Return every ECG of patients `first` to `last`; with `labelled` only the first of each, with its labels."""
    names = all_labels().of_kind(*KINDS).names
    ids, rows, people, truth = [], [], [], []
    for number in range(first, last):
        patient = draw_patient(seed, number, settings)
        hours = recording_hours(seed, patient, settings)
        study_ids = numbers_of(number, len(hours), settings.most_ecgs).study_ids
        for place, hour in enumerate(hours[:1] if labelled else hours):
            tracing = draw_tracing(seed, patient, place, settings, hour)
            ids.append(study_ids[place])
            rows.append(causes(tracing))
            people.append(patient_row(patient, hour))
            found: dict[str, float] = {}
            if labelled:
                visit = draw_visit(seed, patient, tracing, settings)
                found = {**visit_truth(visit.present_codes), **lab_truth(printed(visit))}
            truth.append([found.get(name, float("nan")) for name in names])
    return Known(
        np.array(ids, np.int64),
        *(
            (
                np.array(part, np.float32).reshape(len(ids), width)
                for part, width in (
                    (rows, len(causes(Tracing()))),
                    (people, 4 + len(CONDITIONS) + len(ANALYTES)),
                    (truth, len(names)),
                )
            )
        ),
    )


def known_in_shards(seed: int, patients: int, settings: SimulationSettings, labelled: bool, workers: int) -> Known:
    """Return `known_of` patients 0 to `patients`."""
    shards = [(seed, first, min(first + SHARD, patients), settings, labelled) for first in range(0, patients, SHARD)]
    parts = dict(in_shards(known_of, shards, workers))
    return joined([known_of(seed, 0, 0, settings, labelled), *(parts[place] for place in sorted(parts))])


def known_of_study(study: Study, raw: Path, workers: int) -> tuple[Known, SimulationSettings]:
    """Return what is known of a study's rows, in its order, with its labels; and the cohort's settings."""
    told = json.loads((raw / "manifest.json").read_text(encoding="utf-8"))
    settings = SimulationSettings(**told["settings"])
    known = known_in_shards(told["seed"], told["patients"], settings, False, workers)
    place = {int(study_id): row for row, study_id in enumerate(known.study_ids)}
    rows = np.array([place[int(study_id)] for study_id in study.cohort.record_ids], dtype=np.intp)
    labels = np.asarray(study.labels.of_kind(*KINDS).values, dtype=np.float32)
    found = known.take(rows)
    return Known(found.study_ids, found.causes, found.patient, labels), settings


def lab_scores(known: Known, further: Known, train: NDArray[np.intp], test: NDArray[np.intp], lab: str) -> Scores:
    """Return the expected logarithm of an analyte's true value given the causes (m,)."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    place = known.patient.shape[1] - len(ANALYTES) + ANALYTES.index(lab)
    value = np.concatenate([known.patient[train, place], further.patient[:, place]])
    model = HistGradientBoostingRegressor(**BOOSTING)
    model.fit(np.concatenate([known.causes[train], further.causes]), np.log(np.maximum(value, 1e-3)))
    scores: Scores = model.predict(known.causes[test])
    return scores


def class_scores(x: Matrix, y: Matrix, test: Matrix) -> Scores:
    """Return scores (m,) of `test` by classifiers of the known labels y (n,); NaN with fewer than 10 of a class."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    known = ~np.isnan(y)
    if min(y[known].sum(), (1 - y[known]).sum()) < 10:
        return np.full(len(test), np.nan)
    linear = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression(C=0.01, max_iter=300))
    total = np.zeros(len(test))
    for model in (HistGradientBoostingClassifier(**BOOSTING), linear):
        model.fit(x[known], y[known])
        score = model.decision_function(test)
        total += score / max(float(score.std()), 1e-9)
    return total


def ceilings(known: Known, further: Known, train: NDArray[np.intp], test: NDArray[np.intp]) -> dict[str, list[Scores]]:
    """Return by label the scores (m,) from the causes exact, as shown, and from the patient."""
    found = {}
    cache: dict[str, list[Scores]] = {}
    pairs = ((known, further), (known.as_shown(1), further.as_shown(2)))
    for column, label in enumerate(all_labels().of_kind(*KINDS)):
        y = known.labels[:, column]
        if label.kind is Kind.LAB and label.lab is not None:
            if label.lab not in cache:
                cache[label.lab] = [lab_scores(mine, others, train, test, label.lab) for mine, others in pairs]
            place = known.patient.shape[1] - len(ANALYTES) + ANALYTES.index(label.lab)
            own = known.patient[:, [place, SEX]]
            ours = [scores * (1 if label.direction == "high" else -1) for scores in cache[label.lab]]
        else:
            told = np.concatenate([y[train], further.labels[:, column]])
            ours = [
                class_scores(np.concatenate([mine.causes[train], others.causes]), told, mine.causes[test])
                for mine, others in pairs
            ]
            own = known.patient
        found[label.name] = [*ours, class_scores(own[train], y[train], own[test])]
    return found


def table(study: Study, known: Known, scores: dict[str, list[Scores]], models: dict[str, dict[str, Scores]]) -> Lines:
    """Yield Markdown: one table per family, the macro of the labels that every column has last."""
    test = study.rows("held_out")
    subjects = study.cohort.subject_ids[test]
    names = all_labels().of_kind(*KINDS).names
    for kind in KINDS:
        heads = ["causes, exact", "causes, as shown", "patient", *models]
        yield f"| {kind} label | positives of known | {' | '.join(heads)} | share reached |"
        yield "|---|---:|" + "---:|" * (len(heads) + 1)
        defined = []
        for name in all_labels().of_kind(kind).names:
            truth = known.labels[test, names.index(name)].astype(np.float64)
            columns = [*scores[name], *(model[name] for model in models.values())]
            found = [_estimate(truth, column, subjects) for column in columns]
            yield f"| {name} | {found[0].positives} of {found[0].n} | {_cells(found)} |"
            if all(one.defined for one in found):
                defined.append([one.value for one in found])
        if defined:
            means = np.mean(np.array(defined, dtype=np.float64), axis=0)
            share = " / ".join(f"{(mean - 0.5) / (means[1] - 0.5):.2f}" for mean in means[3:]) or "-"
            yield f"| **macro** of {len(defined)} | | {' | '.join(f'**{mean:.3f}**' for mean in means)} | {share} |"
        yield ""


def _estimate(truth: Scores, scores: Scores, subjects: NDArray[np.int64]) -> Estimate:
    if np.isnan(scores).all():
        known = ~np.isnan(truth)
        return Estimate.undefined("too few to fit", int(known.sum()), int(np.nansum(truth)))
    return auroc_estimate(truth, scores, subjects)


def _cells(found: Sequence[Estimate]) -> str:
    cells = [str(one) if one.defined else "-" for one in found]
    best = found[1].value
    told = [(one.value - 0.5) / (best - 0.5) for one in found[3:] if one.value is not None and best and best > 0.55]
    return " | ".join([*cells, " / ".join(f"{share:.2f}" for share in told) or "-"])


def model_scores(folders: Sequence[Path], study: Study) -> dict[str, dict[str, Scores]]:
    """Return by model and label the logits of the held-out rows."""
    found = {}
    for folder in folders:
        predictor = Predictor.open(folder)
        refuse_other_split(predictor.card, study)
        logits = predictor.logits([study.signals[row] for row in study.rows("held_out")])
        found[folder.name] = dict(zip(predictor.card.labels.names, logits.T, strict=True))
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cohort", type=Path)
    parser.add_argument("prepared", type=Path)
    parser.add_argument("--models", type=Path, nargs="*", default=[Path("models/baseline"), Path("models/transferred")])
    parser.add_argument("--further", type=int, default=0, metavar="N", help="patients simulated for the fit alone")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    study = read_study(arguments.prepared, Preprocessing())
    known, settings = known_of_study(study, arguments.cohort, arguments.workers)
    further = known_in_shards(OTHER_SEED, arguments.further, settings, True, arguments.workers)
    scores = ceilings(known, further, study.rows("train"), study.rows("held_out"))
    lines = [f"SIMULATED cohort {study.cohort.fingerprint}, shared strength {settings.shared_strength:g}: AUROC on"]
    lines[0] += f" {len(study.rows('held_out'))} held-out ECGs; fitted on {len(study.rows('train'))} training ECGs"
    lines[0] += f" and {arguments.further} further patients.\n"
    lines += table(study, known, scores, model_scores(arguments.models, study))
    text = "\n".join(lines) + "\n"
    print(text)
    if arguments.out:
        arguments.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
