"""One frozen dataclass per stage, and the recipe that holds them; unknown or contradictory entries are refused."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from ecgkt.domain.arms import ARMS
from ecgkt.domain.features import Role
from ecgkt.errors import InvalidValue
from ecgkt.nets.objectives import objective
from ecgkt.signals.preprocessing import Preprocessing

Section = TypeVar("Section")
TRANSFERS = ("probe", "fine_tune", "beside")


@dataclass(frozen=True)
class Fit:
    """How any stage is fitted: AdamW under a one-cycle schedule, on crops of `crop_seconds`.

    With `averaging` above 0 the weights kept are the exponential moving average of those of every step, with this
    decay (Polyak, Juditsky 1992, doi 10.1137/0330046). `encoder_rate` multiplies the learning rate of encoders that
    come from the stage before; 0 keeps them as they are (a linear probe).
    """

    epochs: int = 10
    batch: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 0.01
    crop_seconds: float = 10.0
    averaging: float = 0.0
    seed: int = 0
    augmentation: bool = True
    encoder_rate: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.averaging < 1:
            raise InvalidValue("averaging from 0 to below 1", f"{self.averaging}", "use 0, or about 0.998")
        if self.epochs < 1 or self.batch < 2:
            raise InvalidValue("epochs >= 1 and batch >= 2", f"epochs {self.epochs}, batch {self.batch}", "raise them")
        if not 0 < self.learning_rate < 1:
            raise InvalidValue("a learning_rate between 0 and 1", f"{self.learning_rate}", "use about 0.002")
        if not 0 <= self.encoder_rate <= 10:
            raise InvalidValue("an encoder_rate from 0 to 10", f"{self.encoder_rate}", "use 1, or about 0.1")
        if self.crop_seconds < 1:
            raise InvalidValue("crop_seconds >= 1", f"{self.crop_seconds}", "use 5 or 10")


@dataclass(frozen=True)
class PretrainSettings(Fit):
    """Stage 1: an objective of `nets.objectives` with its settings, through projectors of `projector` dimensions.

    With `second_view` above 0, two augmented views of each ECG are drawn together as well, with this weight beside
    the ECG and its tables; without tables (ECG-only self-supervision) that is all there is.
    """

    objective: str = "vicreg"
    objective_settings: Mapping[str, Any] = field(default_factory=dict)
    projector: int = 256
    second_view: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        objective(self.objective, self.objective_settings)
        if self.second_view < 0:
            raise InvalidValue("second_view of 0 or more", f"{self.second_view}", "use 0 or 1")


@dataclass(frozen=True)
class LabsSettings(Fit):
    """Stage 2: every lab low and high from the ECG; beside them, with `value_weight`, all values of the tables.

    The values (alignment partners, in training deviations) are regressed by a head that is left behind: they tell more
    than the flags do, and ECGs without a lab have vital signs, age and sex.
    """

    value_weight: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.value_weight < 0:
            raise InvalidValue("value_weight of 0 or more", f"{self.value_weight}", "use 0 or about 0.5")


@dataclass(frozen=True)
class DiagnosesSettings(Fit):
    """Stage 3: both kinds of diagnosis; the lab heads stay in training with weight `lab_weight`.

    `transfer` says what arms with an earlier stage do with its encoder: "probe" reads it as it is; "fine_tune" goes on
    from such a probe and trains everything, the encoders with `encoder_rate` of the learning rate (Kumar 2022, arXiv
    2202.10054); "beside" keeps it as it is beside the baseline's encoder of the same budget and seed (`nets.beside`),
    and all heads are probes of both embeddings.
    With a budget b of the diagnoses, epochs are multiplied by b to the power -`stretch`: few labels are seen often.
    With `unlabelled` those multiplied epochs become rounds over the ECGs within the budget, while in the plain number
    of epochs every ECG with a lab outside it takes part for its labs alone, in arms with a lab head of stage 2.
    `tables` names the role of the values that the multimodal arm reads.
    """

    lab_weight: float = 1.0
    transfer: str = "fine_tune"
    stretch: float = 0.5
    unlabelled: bool = False
    tables: Role = Role.ALIGNMENT_PARTNER

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "tables", _role(self.tables))
        if self.transfer not in TRANSFERS:
            raise InvalidValue(f"transfer among {', '.join(TRANSFERS)}", repr(self.transfer), "choose one")
        if not 0 <= self.stretch <= 1 or self.lab_weight < 0:
            got = f"{self.stretch} and {self.lab_weight}"
            raise InvalidValue("stretch in [0, 1] and lab_weight >= 0", got, "correct them")

    def for_budget(self, budget: float, with_labs: bool = False) -> DiagnosesSettings:
        """Return the settings with the epochs that a budget of the diagnosis labels calls for."""
        if self.unlabelled and with_labs:
            return self
        return replace(self, epochs=round(self.epochs * self.rounds(budget)))

    def rounds(self, budget: float) -> float:
        """Return how much more often the ECGs within a budget are seen than they would be within a budget of 1."""
        return float(budget**-self.stretch)


def _role(name: str) -> Role:
    allowed = (Role.ALIGNMENT_PARTNER, Role.INPUT)
    if name not in allowed:
        raise InvalidValue(f"tables among {', '.join(allowed)}", repr(name), "choose one")
    return Role(name)


@dataclass(frozen=True)
class Recipe:
    """A whole run: the cohort's size and seed, the preprocessing, the encoder, the stages, and the arms and controls.

    Each arm is trained with each of the `budgets` (shares of the training patients whose diagnoses are seen) and each
    of the `seeds` (initial weights, order, who is in the budget). `shared_strength` is the simulated cohort's.
    """

    name: str
    patients: int
    arms: tuple[str, ...] = ("transferred", "baseline")
    budgets: tuple[float, ...] = (1.0,)
    seeds: tuple[int, ...] = (0,)
    cohort_seed: int = 0
    shared_strength: float = 1.0
    split_seed: int = 0
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    encoder: Mapping[str, Any] = field(default_factory=dict)
    pretrain: PretrainSettings = field(default_factory=PretrainSettings)
    labs: LabsSettings = field(default_factory=LabsSettings)
    diagnoses: DiagnosesSettings = field(default_factory=DiagnosesSettings)

    def __post_init__(self) -> None:
        if self.patients < 20:
            raise InvalidValue("at least 20 patients", f"{self.patients}", "raise patients, or nothing can be split")
        for name in ("arms", "budgets", "seeds"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if not self.arms or not set(self.arms) <= set(ARMS):
            raise InvalidValue(f"arms among {', '.join(ARMS)}", ", ".join(self.arms) or "none", "correct the recipe")
        if not self.seeds or not self.budgets or not all(0 < budget <= 1 for budget in self.budgets):
            raise InvalidValue("seeds, and budgets in (0, 1]", f"{self.seeds}, {self.budgets}", "correct the recipe")
        longest = self.preprocessing.seconds
        for stage in (self.pretrain, self.labs, self.diagnoses):
            if stage.crop_seconds > longest:
                raise InvalidValue(
                    f"crop_seconds up to the preprocessing's {longest:g}", f"{stage.crop_seconds:g}", "shorten the crop"
                )

    def seeded(self, seed: int) -> Recipe:
        """Return the recipe with every stage's random numbers from `seed`."""
        stages = {name: replace(getattr(self, name), seed=seed) for name in ("pretrain", "labs", "diagnoses")}
        return replace(self, **stages)

    @classmethod
    def from_toml(cls, path: Path) -> Recipe:
        """Read a recipe file; raise InvalidValue on an entry that does not exist, in the spelling of the file.

        A recipe `like` another file of its folder has that one's entries where it has none of its own.
        """
        data = _entries(path)
        sections = {
            "preprocessing": Preprocessing,
            "pretrain": PretrainSettings,
            "labs": LabsSettings,
            "diagnoses": DiagnosesSettings,
        }
        for name, kind in sections.items():
            if name in data:
                data[name] = _section(kind, data[name], name)
        return _section(cls, {"name": path.stem, **data}, "the recipe")


def _entries(path: Path, seen: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the entries of a recipe file over those of the recipe it is like."""
    try:
        own = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidValue("a recipe file", f"none at {path.name}", "name one of configs/") from error
    except tomllib.TOMLDecodeError as error:
        raise InvalidValue("a recipe in TOML", f"{error}", "mend that line") from error
    other = own.pop("like", None)
    if other is None:
        return own
    if other in (*seen, path.name):
        raise InvalidValue("a recipe like another", f"{path.name}, like itself in the end", "correct `like`")
    before = _entries(path.with_name(other), (*seen, path.name))
    for name, entry in own.items():
        both = isinstance(entry, dict) and isinstance(before.get(name), dict)
        before[name] = {**before[name], **entry} if both else entry
    return before


def _section(kind: type[Section], data: Mapping[str, Any], name: str) -> Section:
    known = [item.name for item in fields(kind)]  # type: ignore[arg-type]
    unknown = [key for key in data if key not in known]
    if unknown:
        raise InvalidValue(f"entries of {name} among {', '.join(known)}", ", ".join(unknown), "correct the spelling")
    return kind(**data)
