"""Time and peak memory of reading the relatives' published tables, on invented rows in their format and number.

    python -m benchmarks.ready_made [--ext-icd ROWS] [--mds-ed ROWS]

MIMIC-IV-ECG-Ext-ICD has 800,035 rows, MDS-ED 129,057 (as its users tell) with 1,428 codes. The files are written to a
temporary folder; each is read in a new process beside the relatives' own way, pandas with `eval` on every row.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from ecgkt.catalogue import mds_ed_labs
from ecgkt.data.ready_made import CODE_LISTS, STATISTICS

READ = {
    "ours": "from ecgkt.data.ready_made import read_{0}; from pathlib import Path; read_{0}(Path(r'{1}'))",
    "pandas": "import pandas as pd; df = pd.read_csv(r'{1}', low_memory=False); {2}",
}
EVAL = f"[df[c].apply(eval) for c in {CODE_LISTS}]"
MEASURE = """
import resource, time
start = time.perf_counter()
{}
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
print(f"{{time.perf_counter() - start:.1f}} | {{peak:.2f}}")
"""


def main() -> None:
    """Write the two files, read each both ways, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ext-icd", type=int, default=800_035)
    parser.add_argument("--mds-ed", type=int, default=20_000)
    arguments = parser.parse_args()
    print("| table | rows | file, MB | read by | s | peak memory, GiB |\n|---|---:|---:|---|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        for name, rows, write in (("ext_icd", arguments.ext_icd, _ext_icd), ("mds_ed", arguments.mds_ed, _mds_ed)):
            path = Path(folder) / f"{name}.csv"
            write(path, rows)
            for way, code in READ.items():
                line = code.format(name, path, EVAL if name == "ext_icd" else "")
                done = subprocess.run([sys.executable, "-c", MEASURE.format(line)], capture_output=True, text=True)
                told = done.stdout.strip() or f"failed: {done.stderr.strip().splitlines()[-1]}"
                print(f"| {name} | {rows} | {path.stat().st_size / 1e6:.0f} | {way} | {told} |", flush=True)
            path.unlink()


def _ext_icd(path: Path, rows: int) -> None:
    rng = np.random.default_rng(0)
    codes = [f"{letter}{number}" for letter in "EIJNRZ" for number in range(100, 999)]
    stays = [
        str([codes[n] for n in rng.choice(len(codes), rng.integers(0, 25), replace=False)]) for _ in range(rows // 3)
    ]
    with path.open("w", encoding="utf-8") as out:
        out.write("file_name,study_id,subject_id,ecg_time,ed_stay_id,ed_hadm_id,hosp_hadm_id,")
        out.write(",".join(CODE_LISTS) + ",gender,age,anchor_year,anchor_age,dod,ecg_no_within_stay,")
        out.write("ecg_taken_in_ed,ecg_taken_in_hosp,ecg_taken_in_ed_or_hosp,fold,strat_fold\n")
        for row, stay in enumerate(rng.integers(0, len(stays), rows)):
            subject = row // 5
            lists = ",".join(f'"{stays[(stay + k) % len(stays)]}"' if k % 2 == 0 else "[]" for k in range(5))
            out.write(
                f"mimic-iv-ecg/files/p{subject}/s{row}/{row},{row},{subject},2150-03-01 10:20:00,{stay}.0,,{stay}.0,"
            )
            out.write(f"{lists},M,61.0,2150,61,,{row % 5},True,True,True,{subject % 20},{subject % 20}\n")


def _mds_ed(path: Path, rows: int) -> None:
    rng = np.random.default_rng(0)
    features = [f"labvalues_{lab.column}_{one}" for lab in mds_ed_labs() for one in STATISTICS]
    features += [f"vitals_{name}_{one}" for name in ("temperature", "heartrate", "resprate") for one in STATISTICS]
    labels = [f"diagnoses_i{n:04d}" for n in range(1428)] + [f"deterioration_{n}" for n in range(15)]
    general = ("study_id", "subject_id", "ecg_time", "ed_stay_id", "ecg_no_within_stay", "strat_fold")
    with path.open("w", encoding="utf-8") as out:
        csv.writer(out, lineterminator="\n").writerow([*(f"general_{one}" for one in general), *features, *labels])
        for row in range(rows):
            measured = rng.random(len(features)) < 0.4
            values = [
                f"{one:.4f}" if there else ""
                for one, there in zip(rng.normal(40, 9, len(features)), measured, strict=True)
            ]
            coded = (rng.random(len(labels)) < 0.01).astype(int).astype(str)
            out.write(f"{row},{row},2150-03-01 10:20:00,{row}.0,0,{row % 20},{','.join(values)},{','.join(coded)}\n")


if __name__ == "__main__":
    main()
