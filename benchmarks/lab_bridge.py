"""Whether a diagnosis' score goes with the lab that truly stands behind it, more than with another lab.

python -m benchmarks.lab_bridge PREPARED --cohort COHORT --models DIR [--keep DIR] [--out FILE]

Of a SIMULATED cohort only: COHORT is its folder of raw tables (for seed and settings), PREPARED what `prepare` made,
and each model has a bridge that `python -m ecgkt bridge` fitted on training and tuning rows. All figures are of
held-out patients, with intervals that resample patients.

- *beats another lab*: over the ECGs whose visit has the code, and over the other labs, how often the erasure of the
  true lab moves the score further (up or down) than the erasure of the other; 0.5 is chance. Labs that define the code
  too, and the same analyte's other side, are no "other lab".
- *first of all labs*, *beyond noise*: how often it moves the score furthest of all, or further than each of 40 erasers
  of labs that were dealt out at random.
- *cause acts*: the same over those of them on whose tracing the simulator's cause acts at all.
- *AUROC*: of the diagnosis, before, without the true lab, without another lab (mean), without noise (mean).
- *lab, fitted anew*: AUROC of a probe that is fitted on held-out rows, before and after the erasure of its lab.
- *fidelity*: share of a score's variance for which the linear stand-in of the SHAP values stands, and boosted trees.
- *additivity*: the largest gap between SHAP values plus base and the score that they explain, in logits.
- *analyte used most*: with `--blood`, how often the value of the true analyte is the largest SHAP value over the real
  inputs of a model that reads the tables, the ECG being one of them.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgkt import checkpoints
from ecgkt.catalogue import all_labels
from ecgkt.data.studies import Study, read_study
from ecgkt.domain.estimates import Estimate
from ecgkt.domain.labels import Kind
from ecgkt.errors import InvalidCheckpoint, InvalidCohort
from ecgkt.evaluation.discrimination import auroc
from ecgkt.evaluation.resampling import percentile_interval, perfect_interval, subject_weights
from ecgkt.explain.blood_inputs import ECG, shap_of_blood
from ecgkt.explain.erasure import enough, fit_erasers, shuffled_erasers
from ecgkt.explain.fit_bridge import Seen, see
from ecgkt.explain.hidden import read_heads
from ecgkt.explain.lab_bridge import LabBridge, read_bridge
from ecgkt.explain.surrogate import AGE, SEX, shap_of_surrogate
from ecgkt.inference import Predictor
from ecgkt.simulation import SimulationSettings
from ecgkt.simulation.electrical import draw_tracing
from ecgkt.simulation.layout import numbers_of
from ecgkt.simulation.patients import Patient, draw_patient
from ecgkt.simulation.plans import recording_hours
from ecgkt.simulation.tracing import Tracing

Acts = Callable[[Tracing, Patient], bool]
RESAMPLES = 1000
EXPLAINED = 200


@dataclass(frozen=True)
class Behind:
    """The lab that stands behind a code in the simulator; `also` define or follow it too. `acts` on the tracing."""

    lab: str
    also: tuple[str, ...] = ()
    acts: Acts | None = None


BEHIND: Mapping[str, Behind] = {
    "e87_hyperkalaemia": Behind("potassium_high", acts=lambda t, p: t.t_peaking > 0),
    "e87_hypokalaemia": Behind("potassium_low", acts=lambda t, p: t.st_sag_mv > 0),
    "e83_hypocalcaemia": Behind("calcium_total_low", ("calcium_ionised",), lambda t, p: t.st_length_ms > 0),
    "e83_hypercalcaemia": Behind("calcium_total_high", ("calcium_ionised",), lambda t, p: t.st_length_ms < 0),
    "i21_acute_myocardial_infarction": Behind(
        "troponin_t_high", ("ck_mb",), lambda t, p: bool(t.injury) or bool(t.ischaemia)
    ),
    "i50_heart_failure": Behind("nt_probnp_high", acts=lambda t, p: p.has("heart_failure")),
    "n17_acute_kidney_failure": Behind("creatinine_high", ("urea_nitrogen",)),
    "n18_chronic_kidney_disease": Behind("creatinine_high", ("urea_nitrogen",)),
    "e87_acidosis": Behind("bicarbonate_low", ("ph", "lactate")),
    "a41_sepsis": Behind("lactate_high", ("crp", "white_cells"), lambda t, p: p.has("sepsis")),
    "d64_anaemia": Behind("haemoglobin_low"),
    "e87_hyponatraemia": Behind("sodium_low", ("chloride",)),
    "e11_type_2_diabetes": Behind("glucose_high"),
    "e03_hypothyroidism": Behind("tsh_high", acts=lambda t, p: p.has("hypothyroidism")),
}
"""Anaemia, diabetes, sodium, acidosis and kidneys leave little of their own on a simulated tracing: rows to lose."""


@dataclass(frozen=True, eq=False)
class Opened:
    """One checkpoint with its bridge and what it sees; `there` are its held-out rows, `changes` (n, labs, codes)."""

    name: str
    predictor: Predictor
    bridge: LabBridge
    seen: Seen
    changes: NDArray[np.float32]
    noise: NDArray[np.float32]
    scores: NDArray[np.float64]


def open_one(name: str, folder: Path, study: Study, keep: Path | None) -> Opened:
    """Open a checkpoint, its bridge, and what it does to the held-out rows of a study."""
    predictor = Predictor.open(folder)
    bridge = read_bridge(folder, predictor.card.id)
    if bridge is None:
        raise InvalidCheckpoint(f"a lab bridge of {name}", "none", "fit it with `python -m ecgkt bridge`")
    if bridge.facts["cohort"] != study.cohort.fingerprint:
        raise InvalidCohort(f"cohort {bridge.facts['cohort']}", study.cohort.fingerprint, "fit the bridge on this one")
    seen = see(predictor, study, keep=keep)
    hidden = seen.hidden[seen.held_out]
    weights, biases = read_heads(predictor)
    places = predictor.card.labels.positions(BEHIND)
    changes, noise = (one.changes(hidden, weights[places]) for one in (bridge.labs, bridge.noise))
    scores = hidden.astype(np.float64) @ weights[places].T + biases[places]
    return Opened(name, predictor, bridge, seen, changes.astype(np.float32), noise.astype(np.float32), scores)


def acting(study: Study, seen: Seen, cohort: Path, wanted: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return (held-out rows, codes) 1 where the cause acts on the tracing, 0 where not, NaN where it has no cause.

    Regenerated from the cohort's seed, for rows that `wanted` (held-out rows,) names; NaN for the others.
    """
    told = json.loads((cohort / "manifest.json").read_text(encoding="utf-8"))
    if not told.get("simulated"):
        raise InvalidCohort("a simulated cohort", "a real one", "name the folder that `simulate` wrote")
    settings, seed = SimulationSettings(**told["settings"]), int(told["seed"])
    held_out = seen.rows[seen.held_out]
    numbers = {numbers_of(one, 1, settings.most_ecgs).subject_id: one for one in range(told["patients"])}
    found = np.full((len(held_out), len(BEHIND)), np.nan, dtype=np.float32)
    for row in np.flatnonzero(wanted):
        record, subject = study.cohort.record_ids[held_out[row]], study.cohort.subject_ids[held_out[row]]
        patient = draw_patient(seed, numbers[int(subject)], settings)
        hours = recording_hours(seed, patient, settings)
        place = numbers_of(numbers[int(subject)], len(hours), settings.most_ecgs).study_ids.index(int(record))
        tracing = draw_tracing(seed, patient, place, settings, hours[place])
        for column, behind in enumerate(BEHIND.values()):
            if behind.acts is not None:
                found[row, column] = behind.acts(tracing, patient)
    return found


def others(bridge: LabBridge, behind: Behind) -> list[int]:
    """Return the places of the labs that are no other name for the true one."""
    labels = all_labels()
    own = {labels[behind.lab].lab, *behind.also}
    return [place for place, name in enumerate(bridge.labs.names) if labels[name].lab not in own]


def wins(one: Opened, code: int, rows: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return (rows, 3): share of other labs that the true one beats, whether it beats them all, and all noise."""
    behind = list(BEHIND.values())[code]
    size = np.abs(one.changes[rows, :, code])
    own = size[:, one.bridge.labs.index(behind.lab)]
    rivals = size[:, others(one.bridge, behind)]
    noise = np.abs(one.noise[rows, :, code])
    return np.stack(
        [
            (own[:, None] > rivals).mean(axis=1),
            (own > rivals.max(axis=1)).astype(float),
            (own > noise.max(axis=1)).astype(float),
        ],
        axis=1,
    )


def mean_estimate(values: NDArray[np.float64], subjects: NDArray[np.int64], seed: int = 0) -> Estimate:
    """Return the mean of (n,) values with an interval that resamples subjects; undefined below 10 subjects."""
    units = len(np.unique(subjects))
    if units < 10:
        return Estimate.undefined(f"{units} subjects", len(values), 0)
    weights = subject_weights(subjects, RESAMPLES, seed)
    drawn = weights @ values / np.maximum(weights.sum(axis=1), 1)
    value = float(values.mean())
    if value in (0, 1):
        return Estimate(value, *perfect_interval(value, units), len(values), 0)
    return Estimate(value, *percentile_interval(value, drawn, units), len(values), 0)


def bridge_table(models: Sequence[Opened], truth: NDArray[np.float32], acts: NDArray[np.float32]) -> Iterator[str]:
    """Yield the main table: a row per code and model."""
    yield "| code | true lab | model | ECGs | beats another lab | first of all labs | beyond noise | cause acts |"
    yield "|---|---|---|---|---|---|---|---|"
    for code, (name, behind) in enumerate(BEHIND.items()):
        for one in models:
            subjects = one.seen.subjects[one.seen.held_out]
            rows = truth[:, code] == 1
            told = [spell(mean_estimate(column, subjects[rows])) for column in wins(one, code, rows).T]
            there = rows & (acts[:, code] == 1)
            more = "no cause of its own" if behind.acts is None else "too few"
            if there.sum() >= 10:
                more = f"{spell(mean_estimate(wins(one, code, there)[:, 0], subjects[there]))} of {there.sum()}"
            yield f"| {name} | {behind.lab} | {one.name} | {rows.sum()} | {' | '.join(told)} | {more} |"


def pooled_table(models: Sequence[Opened], truth: NDArray[np.float32], acts: NDArray[np.float32]) -> Iterator[str]:
    """Yield the share over all codes (each weighing the same) by model, and paired differences to the first model."""
    yield "| model | codes | beats another lab | first of all labs | beyond noise | minus the first model |"
    yield "|---|---|---|---|---|---|"
    causes = [code for code, behind in enumerate(BEHIND.values()) if behind.acts is not None]
    for which, codes, mask in (
        ("all", list(range(len(BEHIND))), truth == 1),
        ("with a cause that acts on the tracing", causes, (truth == 1) & (acts == 1)),
    ):
        first: NDArray[np.float64] | None = None
        for one in models:
            drawn = pooled(one, codes, mask)
            told = [spell_draws(drawn[:, column]) for column in range(3)]
            apart = "" if first is None else spell_draws((drawn - first)[:, 0], signed=True)
            first = drawn if first is None else first
            yield f"| {one.name} | {which} | {' | '.join(told)} | {apart} |"


def pooled(one: Opened, codes: Sequence[int], mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return (1 + draws, 3) means over codes of the mean win, the sample's own first; the same draws for each model."""
    subjects = one.seen.subjects[one.seen.held_out]
    weights = np.concatenate([np.ones((1, len(subjects))), subject_weights(subjects, RESAMPLES, 0)])
    parts = []
    for code in codes:
        rows = mask[:, code]
        if rows.sum() >= 10:
            drawn = weights[:, rows]
            parts.append(drawn @ wins(one, code, rows) / np.maximum(drawn.sum(axis=1), 1)[:, None])
    return np.mean(parts, axis=0)


def auroc_table(models: Sequence[Opened], truth: NDArray[np.float32]) -> Iterator[str]:
    """Yield each diagnosis' AUROC before and after, and the mean change of its logit among those who have the code."""
    yield "| code | model | AUROC | without the true lab | without another lab | without noise | logits, true | other |"
    yield "|---|---|---|---|---|---|---|---|"
    for code, (name, behind) in enumerate(BEHIND.items()):
        for one in models:
            own, rest = one.bridge.labs.index(behind.lab), others(one.bridge, behind)
            score, known = one.scores[:, code], truth[:, code]
            rows = known == 1
            areas = [
                auroc(known, score),
                auroc(known, score + one.changes[:, own, code]),
                float(np.mean([auroc(known, score + one.changes[:, place, code]) for place in rest])),
                float(np.mean([auroc(known, score + one.noise[:, place, code]) for place in range(10)])),
            ]
            sizes = (one.changes[rows, own, code].mean(), np.abs(one.changes[rows][:, rest, code]).mean())
            told = " | ".join(f"{area:.3f}" for area in areas)
            yield f"| {name} | {one.name} | {told} | {sizes[0]:+.2f} | {sizes[1]:.2f} |"


def probe_table(models: Sequence[Opened]) -> Iterator[str]:
    """Yield how well each lab that stands behind a code is read by a probe fitted anew, before and after."""
    yield "| lab | " + " | ".join(f"{one.name}, before | after" for one in models) + " |"
    yield "|---" * (1 + 2 * len(models)) + "|"
    for name in dict.fromkeys(behind.lab for behind in BEHIND.values()):
        yield f"| {name} | " + " | ".join(f"{one.bridge.probes[name][i]}" for one in models for i in (0, 1)) + " |"
    yield "| median of all labs | " + " | ".join(f"{median(one, i):.3f}" for one in models for i in (0, 1)) + " |"


def median(one: Opened, which: int) -> float:
    """Return the median AUROC over labs before (0) or after (1)."""
    return float(np.median([pair[which].value for pair in one.bridge.probes.values() if pair[which].value is not None]))


def surrogate_table(models: Sequence[Opened], trees: bool) -> Iterator[str]:
    """Yield fidelity by family and the additivity of the SHAP values, and what boosted trees would reach."""
    yield "| model | family | fidelity, median | least | below the limit | boosted trees, median | additivity |"
    yield "|---|---|---|---|---|---|---|"
    for one in models:
        found = one.bridge.surrogates
        if found is None:
            continue
        inputs, scores = stand_in_data(one)
        gap = additivity(one, inputs[one.seen.held_out])
        for kind in (Kind.TRACING, Kind.VISIT):
            names = [name for name in found.names if one.predictor.card.labels[name].kind is kind]
            told = found.fidelity[[found.index(name) for name in names]]
            boosted = "not run"
            if trees:
                boosted = f"{np.median([boosted_fidelity(one, inputs, scores, name) for name in names[::6]]):.2f}"
            low = int((told < 0.7).sum())
            ends = f"{np.median(told):.2f} | {told.min():.2f} | {low} of {len(told)}"
            yield f"| {one.name} | {kind} | {ends} | {boosted} | {gap:.1e} |"


def fidelity_table(models: Sequence[Opened]) -> Iterator[str]:
    """Yield the fidelity of every diagnosis' stand-in."""
    shown = [one for one in models if one.bridge.surrogates is not None]
    yield "| diagnosis | " + " | ".join(one.name for one in shown) + " |"
    yield "|---" * (1 + len(shown)) + "|"
    for name in shown[0].bridge.names:
        told = [one.bridge.surrogates for one in shown]
        yield f"| {name} | " + " | ".join(f"{one.fidelity[one.index(name)]:.2f}" for one in told if one) + " |"


def stand_in_data(one: Opened) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the inputs (n, p) and the diagnoses' raw scores (n, m) of all rows."""
    found, labels = one.bridge.surrogates, one.predictor.card.labels
    if found is None:
        raise InvalidCheckpoint("surrogates", "none", "choose a model with lab scores")
    weights, biases = read_heads(one.predictor)
    logits = one.seen.hidden.astype(np.float64) @ weights.T + biases
    labs = [name for name in found.inputs if name not in (AGE, SEX)]
    return (
        np.concatenate([logits[:, labels.positions(labs)], one.seen.people], axis=1),
        logits[:, labels.positions(found.names)],
    )


def additivity(one: Opened, inputs: NDArray[np.float64]) -> float:
    """Return the largest gap of SHAP values over some held-out ECGs, each with another diagnosis."""
    found = one.bridge.surrogates
    if found is None:
        return float("nan")
    rows = inputs[:: max(1, len(inputs) // EXPLAINED)]
    return max(
        abs(shap_of_surrogate(found, row, found.names[place % len(found.names)]).residual)
        for place, row in enumerate(rows)
    )


def boosted_fidelity(one: Opened, inputs: NDArray[np.float64], scores: NDArray[np.float64], name: str) -> float:
    """Return the held-out R2 of boosted trees in the place of the linear stand-in."""
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.metrics import r2_score

    found, seen = one.bridge.surrogates, one.seen
    if found is None:
        return float("nan")
    column = found.index(name)
    trees = HistGradientBoostingRegressor(max_iter=100, max_leaf_nodes=8, early_stopping=False, random_state=0)
    trees.fit(inputs[seen.fitted], scores[seen.fitted, column])
    return float(r2_score(scores[seen.held_out, column], trees.predict(inputs[seen.held_out])))


def tuning_table(models: Sequence[Opened], study: Study, truth: NDArray[np.float32]) -> Iterator[str]:
    """Yield the shares where erasers are fitted on tuning rows alone, on which no head's weights were fitted.

    Heads and erasers that were fitted on the same training rows share their error of estimation too: the code whose
    score orders nothing tells how much that is.
    """
    again = [on_tuning(one, study) for one in models]
    kept = [code for code, behind in enumerate(BEHIND.values()) if behind.lab in again[0].bridge.labs.names]
    yield "| code | " + " | ".join(f"{one.name}, AUROC of the code | beats | first | noise" for one in again) + " |"
    yield "|---" * (1 + 4 * len(again)) + "|"
    for code in kept:
        rows, told = truth[:, code] == 1, []
        for one in again:
            subjects = one.seen.subjects[one.seen.held_out][rows]
            won = [spell(mean_estimate(column, subjects)) for column in wins(one, code, rows).T]
            told += [f"{auroc(truth[:, code], one.scores[:, code]):.3f}", *won]
        yield f"| {list(BEHIND)[code]} | {' | '.join(told)} |"
    for which, codes in (
        ("all of these", kept),
        ("those with a cause on the tracing", [code for code in kept if list(BEHIND.values())[code].acts is not None]),
    ):
        drawn = [pooled(one, codes, truth == 1) for one in again]
        told = [one for part in drawn for one in ("", *(spell_draws(part[:, column]) for column in range(3)))]
        yield f"| {which} | {' | '.join(told)} |"


def on_tuning(one: Opened, study: Study) -> Opened:
    """Return a checkpoint with erasers and noise that were fitted on tuning rows alone."""
    seen, weights = one.seen, read_heads(one.predictor)[0]
    rows = np.isin(seen.rows, study.rows("tuning"))
    there = np.flatnonzero(enough(seen.labs[rows]))
    names = [seen.lab_labels.names[place] for place in there]
    labs = fit_erasers(seen.hidden[rows], seen.labs[rows][:, there], names)
    noise = shuffled_erasers(seen.hidden[rows], seen.labs[rows][:, there], 40, 0)
    read = weights[one.predictor.card.labels.positions(BEHIND)]
    hidden = seen.hidden[seen.held_out]
    changes, beside = (some.changes(hidden, read).astype(np.float32) for some in (labs, noise))
    return replace(one, bridge=replace(one.bridge, labs=labs), changes=changes, noise=beside)


def blood_table(folders: Mapping[str, Path], study: Study, keep: Path | None, count: int) -> Iterator[str]:
    """Yield what the models that read the blood used on held-out ECGs of each code, of up to `count` patients each.

    Only ECGs whose true analyte was measured; one a patient.
    """
    yield "| code | analyte | model | ECGs | analyte used most | its size, logits | the ECG's | additivity |"
    yield "|---|---|---|---|---|---|---|---|"
    for name, folder in folders.items():
        predictor = Predictor.open(folder)
        bridge = read_bridge(folder, predictor.card.id)
        if bridge is None:
            continue
        seen = see(predictor, study, keep=keep)
        values = study.partners.values[:, [study.partners.names.index(one) for one in predictor.card.table_names]]
        for code, behind in BEHIND.items():
            analyte = str(all_labels()[behind.lab].lab)
            known = ~np.isnan(values[seen.rows, predictor.card.table_names.index(analyte)])
            coded = study.labels.column(code)[seen.rows] == 1
            _, first = np.unique(np.where(known & coded & seen.held_out, seen.subjects, -1), return_index=True)
            cases = [row for row in first if known[row] and coded[row] and seen.held_out[row]][:count]
            found = [
                shap_of_blood(predictor, seen.hidden[row], bridge.labs.mean, values[seen.rows[row]], code)
                for row in cases
            ]
            sizes = [{part: abs(size) for part, size in one.parts} for one in found]
            most = np.array([max(one, key=lambda part: one[part]) == analyte for one in sizes], dtype=float)
            gap = max((abs(one.residual) for one in found), default=0.0)
            own, ecg = (np.mean([one.get(part, 0.0) for one in sizes]) for part in (analyte, ECG))
            told = spell(mean_estimate(most, seen.subjects[cases])) if cases else "too few"
            yield f"| {code} | {analyte} | {name} | {len(cases)} | {told} | {own:.2f} | {ecg:.2f} | {gap:.1e} |"


def spell(one: Estimate) -> str:
    """Return an estimate with two digits."""
    return "too few" if one.value is None else f"{one.value:.2f} ({one.low:.2f} to {one.high:.2f})"


def spell_draws(drawn: NDArray[np.float64], signed: bool = False) -> str:
    """Return the sample's own value, the first, with the percentiles of the draws."""
    low, high = percentile_interval(float(drawn[0]), drawn[1:])
    sign = "+" if signed else ""
    return f"{drawn[0]:{sign}.2f} ({low:{sign}.2f} to {high:{sign}.2f})"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lab_bridge")
    parser.add_argument("prepared", type=Path)
    parser.add_argument("--cohort", type=Path, required=True)
    parser.add_argument("--models", type=Path, nargs="+", required=True)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--trees", action="store_true", help="fit boosted trees beside the linear stand-ins")
    parser.add_argument(
        "--blood", type=int, default=0, metavar="N", help="cases a code for the models that read tables"
    )
    parser.add_argument("--tuning", action="store_true", help="only the erasers that tuning rows alone give")
    parser.add_argument("--out", type=Path)
    told = parser.parse_args(arguments)
    folders = {name: folder for root in told.models for name, folder in checkpoints.list_checkpoints(root).items()}
    folders = {name: folder for name, folder in folders.items() if (folder / "bridge.npz").is_file()}
    cards = {name: checkpoints.read_card(folder) for name, folder in folders.items()}
    able = [name for name, card in cards.items() if set(BEHIND) <= set(card.labels.names)]
    kept = [name for name in able if not cards[name].table_names]
    kept.sort(key=lambda name: cards[name].arm != "transferred")
    study = read_study(told.prepared, cards[kept[0]].preprocessing)
    models = [open_one(name, folders[name], study, told.keep) for name in kept]
    seen = models[0].seen
    truth = study.labels.values[seen.rows[seen.held_out]][:, study.labels.labels.positions(BEHIND)]
    acts = acting(study, seen, told.cohort, (truth == 1).any(axis=1))
    sections = {
        "Over all codes": pooled_table(models, truth, acts),
        "By code": bridge_table(models, truth, acts),
        "What the diagnosis loses": auroc_table(models, truth),
        "Does the probe forget the lab?": probe_table(models),
        "The stand-in of the SHAP values": surrogate_table(models, told.trees),
        "Fidelity by diagnosis": fidelity_table(models),
    }
    if told.tuning:
        sections = {"Fitted on tuning rows alone": tuning_table(models, study, truth)}
    if told.blood:
        readers = {name: folders[name] for name in able if cards[name].table_names}
        sections["What the models that read the blood used"] = blood_table(readers, study, told.keep, told.blood)
    out = sys.stdout if told.out is None else told.out.open("w", encoding="utf-8")
    for name, lines in sections.items():
        out.write("\n".join((f"### {name}", "", *lines, "", "")))
        out.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
