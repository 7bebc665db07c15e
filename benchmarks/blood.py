"""The simulated laboratory beside the MIMIC-IV demo's: marginals, abnormal shares, missingness, times, correlations.

python -m benchmarks.blood <folder with mimic-iv-demo-2.2/> [--patients 1500] [--seed 77] [--cohort DIR] [--out FILE]

Simulates a cohort (or reads --cohort) and prints the tables of docs/blood.md, between whose markers --out writes them.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import ks_2samp, wasserstein_distance

from ecgkt.catalogue import Lab, lab_labels, lab_panel
from ecgkt.parallel import usual_workers
from ecgkt.simulation import simulate_cohort

COLUMNS = [
    *("subject_id", "hadm_id", "specimen_id", "itemid", "charttime", "storetime", "value", "valuenum", "valueuom"),
    *("ref_range_lower", "ref_range_upper", "priority", "comments"),
]
BOUND = re.compile(r"^\s*(<|>|LESS THAN|GREATER THAN)\s*=?\s*(\d+(?:\.\d+)?)", re.IGNORECASE)
WITHIN, NEAR_MINUTES = "within a draw", 90
PAIRS = {
    WITHIN: (
        *(("potassium", "creatinine"), ("creatinine", "urea_nitrogen"), ("sodium", "chloride")),
        *(("bicarbonate", "chloride"), ("bicarbonate", "creatinine"), ("potassium", "phosphate")),
        *(("creatinine", "phosphate"), ("creatinine", "magnesium"), ("haemoglobin", "rdw")),
        *(("haemoglobin", "creatinine"), ("haemoglobin", "albumin"), ("calcium_total", "albumin"), ("inr", 51274)),
        *(("haemoglobin", 51221), (50861, 50878), ("inr", "bilirubin_total"), ("inr", "albumin")),
        *(("platelets", "bilirubin_total"), ("platelets", "rdw"), ("haemoglobin", "platelets")),
        *((51256, 51244), ("sodium", "potassium"), (50910, "ck_mb")),
    ),
    "within 24 h": (
        *(("lactate", "bicarbonate"), ("lactate", "ph"), ("ph", "bicarbonate"), ("ph", 50818)),
        *((50818, "bicarbonate"), ("calcium_ionised", "calcium_total"), ("haemoglobin", 50924)),
        *(("troponin_t", "ck_mb"), ("troponin_t", "creatinine")),
    ),
}
NAMES = {
    51274: "PT",
    51221: "haematocrit",
    50861: "ALT",
    50878: "AST",
    51256: "neutrophils %",
    51244: "lymphocytes %",
    50910: "CK",
    50818: "pCO2",
    50924: "ferritin",
}
MARKERS = ("<!-- measured: begin -->", "<!-- measured: end -->")


@dataclass(frozen=True)
class Tables:
    """`rows`: every lab row with `number` (bounds as their bound), `bound` and `spoilt`; `ecgs`: subject and time."""

    rows: pd.DataFrame
    ecgs: pd.DataFrame
    items: dict[int, pd.DataFrame]

    def of(self, what: str | int) -> pd.DataFrame:
        """Return the usable rows of an analyte of the panel or of one item."""
        itemids = (what,) if isinstance(what, int) else next(a.item_ids for a in lab_panel() if a.name == what)
        found = pd.concat([self.items[itemid] for itemid in itemids if itemid in self.items] or [self.rows.iloc[:0]])
        return found[found["number"].notna() & ~found["spoilt"]]


def read(labevents: Path, ecgs: Path) -> Tables:
    """Read lab rows and ECG times of one source."""
    rows = pd.read_csv(labevents, usecols=COLUMNS, low_memory=False, parse_dates=["charttime", "storetime"])
    words = rows["comments"].fillna("").astype(str)
    told = words.where(words.str.match(BOUND), rows["value"].fillna("").astype(str)).str.extract(BOUND)
    rows["bound"] = rows["valuenum"].isna() & told[1].notna()
    rows["number"] = rows["valuenum"].fillna(pd.to_numeric(told[1]))
    burst = words.str.contains("HEMOLY", case=False) & ~words.str.contains(r"NOT? HEMOLY", case=False)
    rows["spoilt"] = burst
    listed = pd.read_csv(ecgs, usecols=["subject_id", "ecg_time"], parse_dates=["ecg_time"])
    return Tables(rows, listed, dict(tuple(rows.groupby("itemid"))))


def marginals(real: Tables, ours: Tables) -> Iterator[str]:
    """Yield one Markdown row per analyte: counts per ECG, quartiles, distances."""
    yield "| analyte | rows/ECG real | sim. | quartiles real | simulated | KS | W1/IQR |"
    yield "|---|---:|---:|---|---|---:|---:|"
    distances = []
    for analyte in lab_panel():
        a, b = (tables.of(analyte.name)["number"].to_numpy(float) for tables in (real, ours))
        spread = float(np.subtract(*np.quantile(a, [0.75, 0.25])))
        distance = ks_2samp(a, b).statistic, wasserstein_distance(a, b) / max(spread, 1e-9)
        distances.append(distance)
        counts = [len(x) / len(t.ecgs) for x, t in ((a, real), (b, ours))]
        yield (
            f"| {analyte.name} | {counts[0]:.2f} | {counts[1]:.2f} | {_quartiles(a)} | {_quartiles(b)} "
            f"| {distance[0]:.2f} | {distance[1]:.2f} |"
        )
    ks, moved = np.median(np.array(distances), axis=0)
    yield f"| **median of {len(distances)}** | | | | | **{ks:.2f}** | **{moved:.2f}** |"


def _quartiles(values: np.ndarray) -> str:
    return " / ".join(f"{value:.3g}" for value in np.quantile(values, [0.25, 0.5, 0.75]))


def shares(real: Tables, ours: Tables) -> Iterator[str]:
    """Yield one row per analyte: % low and high by the catalogue, censored, ECGs with a value, minutes to result."""
    yield (
        "| analyte | low % real | sim. | high % real | sim. | bound % real | sim. | ECGs with one % real | sim. "
        "| min. to result real | sim. |"
    )
    yield "|---|" + "---:|" * 10
    for analyte in lab_panel():
        cells = [_abnormal(tables, analyte, side) for side in ("low", "high") for tables in (real, ours)]
        found = [tables.of(analyte.name) for tables in (real, ours)]
        cells += [f"{100 * rows['bound'].mean():.1f}" for rows in found]
        cells += [f"{100 * _available(tables, rows):.0f}" for tables, rows in zip((real, ours), found, strict=True)]
        minutes = [(rows["storetime"] - rows["charttime"]).dt.total_seconds().median() / 60 for rows in found]
        cells += [f"{value:.0f}" for value in minutes]
        yield f"| {analyte.name} | " + " | ".join(cells) + " |"


def _abnormal(tables: Tables, analyte: Lab, side: str) -> str:
    if side not in analyte.directions:
        return ""
    rows = tables.of(analyte.name)
    threshold = lab_labels()[f"{analyte.name}_{side}"].threshold
    limit = rows["ref_range_lower" if side == "low" else "ref_range_upper"] if threshold is None else threshold
    beyond = rows["number"] < limit if side == "low" else rows["number"] > limit
    known = pd.notna(limit) if threshold is None else True
    return f"{100 * beyond[known].mean():.0f}" if threshold is None else f"{100 * beyond.mean():.0f}"


def _available(tables: Tables, rows: pd.DataFrame) -> float:
    """Return the share of ECGs with a value drawn within 90 minutes of them."""
    ecgs = tables.ecgs.assign(ecg=np.arange(len(tables.ecgs))).merge(rows[["subject_id", "charttime"]], on="subject_id")
    near = (ecgs["charttime"] - ecgs["ecg_time"]).abs() <= pd.Timedelta(minutes=NEAR_MINUTES)
    return ecgs.loc[near, "ecg"].nunique() / len(tables.ecgs)


def correlations(real: Tables, ours: Tables) -> Iterator[str]:
    """Yield Spearman's rank correlation of each pair, with the number of pairs."""
    yield "| pair | real | pairs | simulated | pairs |"
    yield "|---|---:|---:|---:|---:|"
    for how, pairs in PAIRS.items():
        for a, b in pairs:
            cells = []
            for tables in (real, ours):
                both = _joined(tables.of(a), tables.of(b), how)
                cells += [f"{both['number_x'].corr(both['number_y'], method='spearman'):.2f}", f"{len(both)}"]
            yield f"| {NAMES.get(a, a)}, {NAMES.get(b, b)} ({how}) | " + " | ".join(cells) + " |"


def _joined(a: pd.DataFrame, b: pd.DataFrame, how: str) -> pd.DataFrame:
    keys = ["subject_id", "charttime", "number"]
    a, b = a[keys].sort_values("charttime"), b[keys].sort_values("charttime")
    if how == WITHIN:
        first = ["subject_id", "charttime"]
        return a.drop_duplicates(first).merge(b.drop_duplicates(first), on=first)
    joined = pd.merge_asof(a, b, on="charttime", by="subject_id", direction="nearest", tolerance=pd.Timedelta("24h"))
    return joined.dropna()


def whole(real: Tables, ours: Tables) -> Iterator[str]:
    """Yield what holds for the table as a whole."""
    yield "| all rows | real | simulated |"
    yield "|---|---:|---:|"
    for name, value in {
        "rows": lambda t: f"{len(t.rows):,}",
        "ECGs": lambda t: f"{len(t.ecgs):,}",
        "rows per ECG": lambda t: f"{len(t.rows) / len(t.ecgs):.0f}",
        "rows per patient, quartiles": lambda t: _quartiles(t.rows.groupby("subject_id").size().to_numpy()),
        "rows per specimen": lambda t: f"{len(t.rows) / t.rows['specimen_id'].nunique():.1f}",
        "without hadm_id, %": lambda t: f"{100 * t.rows['hadm_id'].isna().mean():.1f}",
        "without upper limit, %": lambda t: f"{100 * t.rows['ref_range_upper'].isna().mean():.1f}",
        "without result time, %": lambda t: f"{100 * t.rows['storetime'].isna().mean():.2f}",
        "without number, %": lambda t: f"{100 * t.rows['valuenum'].isna().mean():.1f}",
        "without priority, %": lambda t: f"{100 * t.rows['priority'].isna().mean():.1f}",
        "with a comment, %": lambda t: f"{100 * t.rows['comments'].notna().mean():.1f}",
        "potassium rows (50971) that speak of haemolysis, %": lambda t: f"{100 * _spoken(t):.1f}",
        "potassium rows with the range 3.5 to 5.4, %": lambda t: f"{100 * _newer(t):.1f}",
        "troponin T rows without a number, %": lambda t: f"{100 * t.items[51003]['valuenum'].isna().mean():.0f}",
    }.items():
        yield f"| {name} | {value(real)} | {value(ours)} |"


def _spoken(tables: Tables) -> float:
    return float(tables.items[50971]["comments"].str.contains("HEMOLY", case=False, na=False).mean())


def _newer(tables: Tables) -> float:
    return float((tables.items[50971]["ref_range_upper"] == 5.4).mean())


def report(real: Tables, ours: Tables) -> str:
    """Return all tables as Markdown."""
    parts = [part(real, ours) for part in (whole, marginals, shares, correlations)]
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"


def write(text: str, out: Path) -> None:
    """Put the tables between the markers of a document."""
    before, rest = out.read_text(encoding="utf-8").split(MARKERS[0])
    after = rest.split(MARKERS[1])[1]
    out.write_text(f"{before}{MARKERS[0]}\n\n{text}\n{MARKERS[1]}{after}", encoding="utf-8")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--patients", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=77)
    parser.add_argument("--cohort", type=Path)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    demo, listed = "mimic-iv-demo-2.2/hosp/labevents.csv.gz", "mimic-iv-ecg-measurements/demo_patients_659.csv"
    real = read(arguments.data / demo, arguments.data / listed)
    with tempfile.TemporaryDirectory() as folder:
        cohort = arguments.cohort or Path(folder)
        if arguments.cohort is None:
            simulate_cohort(cohort, arguments.patients, arguments.seed, workers=usual_workers())
        ours = read(cohort / "hosp/labevents.csv.gz", cohort / "record_list.csv")
    text = report(real, ours)
    print(text)
    if arguments.out is not None:
        write(text, arguments.out)


if __name__ == "__main__":
    main()
