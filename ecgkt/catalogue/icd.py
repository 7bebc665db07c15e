"""ICD codes: ICD-9-CM to ICD-10-CM by the public-domain General Equivalence Mappings, and a code's ancestors.

The GEMs (CMS and NCHS, 2018) give several targets to one in five ICD-9 codes. One is kept: the last of the file, as the
package icd-mappings does and with it the published tables MIMIC-IV-ECG-Ext-ICD and MDS-ED, except for the few codes of
`icd9.toml`. Why, and what it changes: docs/decisions/0008-icd.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from types import MappingProxyType

from ecgkt.catalogue.files import read
from ecgkt.errors import InvalidValue

NO_TARGET = "NoDx"
LONGEST, SHORTEST = 5, 3


@cache
def gem() -> Mapping[str, str]:
    """Return ICD-10-CM by ICD-9-CM, both without dots; a code that ICD-10 has no word for is left out.

    Read on the first call, not on import. To map a table, map its unique codes and join.
    """
    from icdmappings.mappers import ICD9toICD10

    mapping = {code: target for code, target in ICD9toICD10().icd9_to_icd10.items() if target != NO_TARGET}
    for target, codes in read("icd9")["targets"].items():
        mapping.update(dict.fromkeys(codes, target))
    return MappingProxyType(mapping)


@lru_cache(maxsize=200_000)
def icd10_of(code: str, version: int) -> str | None:
    """Return a code of ICD `version` 9 or 10 as ICD-10-CM, upper case without dots; None where there is no target.

    An ICD-10 code comes back as it is, known or not. Dots, spaces and case do not matter; an empty code is None. Any
    other version raises InvalidValue: the same text means different things in the two ("E875").
    """
    if version not in (9, 10):
        raise InvalidValue("ICD version 9 or 10", f"{version}", "read icd_version beside icd_code")
    plain = _plain(code)
    return (plain or None) if version == 10 else gem().get(plain)


def expand(codes: Iterable[str]) -> tuple[str, ...]:
    """Return ICD-10 codes with their ancestors, sorted, each once: "I21.09" gives I21, I210, I2109.

    A code is cut to five characters, loses the placeholders X at its end, and brings every prefix from three characters
    on; what is shorter vanishes. Other letters stay (C7A, O99A): the code of MDS-ED that means to drop them acts on the
    list and not on its codes, so that the published labels have them too (AI4HealthUOL/ECG-MIMIC,
    src/mimic_ecg_preprocessing.py; AI4HealthUOL/MDS-ED, src/full_preprocessing.py).
    """
    return tuple(sorted({ancestor for code in codes for ancestor in _ancestors(code)}))


@lru_cache(maxsize=200_000)
def _ancestors(code: str) -> tuple[str, ...]:
    cut = _plain(code)[:LONGEST].rstrip("X")
    return tuple(cut[:length] for length in range(SHORTEST, len(cut) + 1))


def _plain(code: str) -> str:
    return "".join(code.split()).replace(".", "").upper()
