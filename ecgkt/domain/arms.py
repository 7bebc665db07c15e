"""Arms and controls: what each is trained on, as data. An arm is compared; a control tells why an arm wins or loses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ecgkt.errors import InvalidValue

PARTNERS = ("tables", "ordered", "ecg")
"""What stage 1 aligns the ECG with: the clinical tables, only which of them were filled, or a second view of itself."""


@dataclass(frozen=True)
class Arm:
    """How one arm is trained.

    `align` is stage 1's partner, None without stage 1; `labs` says whether there is a stage 2; `needs_tables` whether
    the tables are read at inference too. `pair` trains two encoders from scratch: as many weights as an arm has that
    keeps an earlier stage's encoder beside another. `strangers` swaps tables and laboratory labels between patients,
    `random_labels` the diagnoses, `shortcut` plants a mark in the ECGs of one target's positives: models of these
    three exist to be found out.
    """

    name: str
    title: str
    align: str | None = None
    labs: bool = False
    needs_tables: bool = False
    tracing_only: bool = False
    pair: bool = False
    strangers: bool = False
    random_labels: bool = False
    shortcut: bool = False

    def __post_init__(self) -> None:
        if self.align not in (None, *PARTNERS):
            raise InvalidValue(f"a partner among {', '.join(PARTNERS)}", repr(self.align), "choose one, or none")
        if self.needs_tables and self.align != "tables":
            raise InvalidValue("an encoder of tables from stage 1", f"none in {self.name}", "align with the tables")

    @property
    def parents(self) -> frozenset[str]:
        """The stages that a finished checkpoint of this arm comes from."""
        return frozenset(stage for stage, had in (("align", self.align is not None), ("labs", self.labs)) if had)

    @property
    def from_scratch(self) -> bool:
        """Whether stage 3 starts from random weights."""
        return not self.parents


_ALL = (
    Arm("baseline", "Baseline: signal only, from scratch"),
    Arm("transferred", "Transferred: ECG that knows the blood", align="tables", labs=True),
    Arm("multimodal", "Multimodal: ECG and tables (the ceiling)", align="tables", labs=True, needs_tables=True),
    Arm("signal_only", "Signal only: what the tracing shows", tracing_only=True),
    Arm("baseline_pair", "Control: two encoders from scratch, the transferred arm's size", pair=True),
    Arm("ecg_only", "Control: ECG-only self-supervision", align="ecg"),
    Arm("ecg_only_labs", "Control: ECG-only self-supervision, then labs", align="ecg", labs=True),
    Arm("no_labs", "Control: aligned, without stage 2", align="tables"),
    Arm("labs_only", "Control: labs, without stage 1", labs=True),
    Arm("ordered", "Control: aligned with what was ordered, not with its results", align="ordered"),
    Arm("strangers", "Control: tables of other patients", align="tables", labs=True, strangers=True),
    Arm("random_labels", "Check: trained on randomised labels", random_labels=True),
    Arm("shortcut", "Check: trained with a planted shortcut", shortcut=True),
)
ARMS: Mapping[str, Arm] = MappingProxyType({arm.name: arm for arm in _ALL})
COMPARED = ("baseline", "transferred", "multimodal")
"""The three arms of the method."""


def arm(name: str) -> Arm:
    """Return an arm by name; raise InvalidValue where there is none."""
    if name not in ARMS:
        raise InvalidValue(f"one of the arms {', '.join(ARMS)}", repr(name), "name the arm")
    return ARMS[name]
