"""What rules alone say of an ECG: published criteria on measured intervals, axes and voltages, with age and sex."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ecgkt.domain.records import LEADS, listed
from ecgkt.signals.adults import under_age
from ecgkt.signals.measurements import WIDE_QRS_MS, Measurements
from ecgkt.signals.rhythm import RhythmKind

VERY_LONG_QTC_MS = 500.0
_NO_WAVE_MV = 0.1
_LIMB = LEADS[:6]
_CHEST = LEADS[6:]
_NEIGHBOURS = (
    *(("aVL", "I"), ("II", "aVF"), ("aVF", "III")),
    *(("V1", "V2"), ("V2", "V3"), ("V3", "V4"), ("V4", "V5"), ("V5", "V6")),
)
"""Neighbouring leads: by anatomy in the frontal plane (aVL, I, -aVR, II, aVF, III), in order on the chest."""


@dataclass(frozen=True)
class RuleSaid:
    """What the rule of one label says: `met` is None where it cannot be applied; `why` is a clause with the numbers."""

    met: bool | None
    why: str

    @property
    def answer(self) -> str:
        """What it says in a word."""
        return "cannot say" if self.met is None else "yes" if self.met else "no"


@dataclass(frozen=True)
class _Facts:
    """Measurements as plain numbers (None where refused), with what the criteria ask of the patient."""

    found: Measurements
    age: float | None
    sex: str | None

    def value(self, name: str) -> float | None:
        return self.found.values[name].value

    def lead(self, name: str, lead: str) -> float | None:
        return self.found.leads[name][lead].value

    @property
    def wide(self) -> bool:
        qrs = self.value("qrs")
        return qrs is not None and qrs >= WIDE_QRS_MS

    @property
    def paced(self) -> bool:
        return self.found.rhythm.kind is RhythmKind.VENTRICULAR_PACING

    @property
    def sinus(self) -> bool | None:
        """Whether P waves upright in II and inverted in aVR lead the rhythm; None where that cannot be told."""
        axis = self.value("p_axis")
        if self.found.rhythm.kind is RhythmKind.UNKNOWN:
            return None
        return self.found.rhythm.has_pr and (axis is None or -30 < axis < 120)


def state_rules(found: Measurements, age: float | None = None, sex: str | None = None) -> dict[str, RuleSaid]:
    """Return label name -> what its rule says, for the tracing labels that measurements can decide.

    Criteria are those of the catalogue's `rule`, for adults. Nothing is returned under 18 years. Where sex or age is
    not known the stricter limit counts, and the clause says so. Labels without an entry have no rule here (infarction,
    ectopy, incomplete right bundle-branch block, atrial enlargement, whose P must be notched).
    """
    if under_age(age) is not None:
        return {}
    facts = _Facts(found, age, sex)
    return {name: rule(facts) for name, rule in _RULES.items()}


def _rhythm(kind: RhythmKind) -> Callable[[_Facts], RuleSaid]:
    def rule(facts: _Facts) -> RuleSaid:
        said = facts.found.rhythm.kind
        if said is RhythmKind.UNKNOWN:
            return RuleSaid(None, "too few beats")
        return RuleSaid(said is kind, str(said))

    return rule


def _sinus(facts: _Facts) -> RuleSaid:
    axis = facts.value("p_axis")
    told = str(facts.found.rhythm.kind)
    return RuleSaid(facts.sinus, told if axis is None else f"{told}, P axis {axis:.0f}\N{DEGREE SIGN}")


def _sinus_rate(low: float, high: float) -> Callable[[_Facts], RuleSaid]:
    def rule(facts: _Facts) -> RuleSaid:
        rate = facts.value("heart_rate")
        if rate is None or facts.sinus is None:
            return RuleSaid(None, "no rate" if rate is None else "too few beats")
        return RuleSaid(facts.sinus and low < rate < high, f"rate {rate:.0f}/min")

    return rule


def _sinus_arrhythmia(facts: _Facts) -> RuleSaid:
    d = facts.found.delineation
    if d is None or facts.sinus is None:
        return RuleSaid(None, "too few beats")
    plain = d.rr_ms[(d.shape[1:] == 0) & (d.shape[:-1] == 0)]
    if len(plain) < 3:
        return RuleSaid(None, "too few beats of one shape")
    spread = float(plain.max() - plain.min())
    return RuleSaid(facts.sinus and spread > 120, f"RR varies by {spread:.0f} ms")


def _interval(name: str, title: str, above: float) -> Callable[[_Facts], RuleSaid]:
    def rule(facts: _Facts) -> RuleSaid:
        value = facts.value(name)
        if value is None:
            return RuleSaid(None, f"{title} refused")
        return RuleSaid(value > above, f"{title} {value:.0f} ms, limit {above:.0f}")

    return rule


def _right_block(facts: _Facts) -> RuleSaid:
    qrs, ends = facts.value("qrs"), [_terminal(facts, lead) for lead in ("V1", "I", "V6")]
    if qrs is None or any(end is None for end in ends):
        return RuleSaid(None, "QRS refused")
    first, *lateral = [end for end in ends if end is not None]
    met = qrs >= WIDE_QRS_MS and first > 0 and max(lateral) < 0 and not facts.paced
    return RuleSaid(met, f"QRS {qrs:.0f} ms, its end points {'up' if first > 0 else 'down'} in V1")


def _left_block(facts: _Facts) -> RuleSaid:
    qrs, below = facts.value("qrs"), facts.lead("s", "I")
    if qrs is None or below is None:
        return RuleSaid(None, "QRS refused")
    alone = below <= _NO_WAVE_MV and _dominant(facts, "I") > 0
    met = qrs >= WIDE_QRS_MS and alone and _dominant(facts, "V1") < 0 and not facts.paced
    return RuleSaid(met, f"QRS {qrs:.0f} ms, {'R alone' if alone else 'not R alone'} in I")


def _delay(facts: _Facts) -> RuleSaid:
    qrs = facts.value("qrs")
    if qrs is None:
        return RuleSaid(None, "QRS refused")
    other = facts.paced or bool(_right_block(facts).met or _left_block(facts).met)
    return RuleSaid(qrs > 110 and not other, f"QRS {qrs:.0f} ms, limit 110" + (", another block" if other else ""))


def _pre_excitation(facts: _Facts) -> RuleSaid:
    pr, qrs = facts.value("pr"), facts.value("qrs")
    if pr is None or qrs is None:
        return RuleSaid(None, "PR refused" if pr is None else "QRS refused")
    return RuleSaid(pr < 120 and qrs > 110, f"PR {pr:.0f} ms, QRS {qrs:.0f} ms")


def _axis(low: float, high: float, narrow: bool = False) -> Callable[[_Facts], RuleSaid]:
    def rule(facts: _Facts) -> RuleSaid:
        axis = facts.value("qrs_axis")
        if axis is None:
            return RuleSaid(None, "QRS axis refused")
        told = f"QRS axis {axis:.0f}\N{DEGREE SIGN}".replace("-", "\N{MINUS SIGN}")
        if low <= axis <= high and narrow and (facts.wide or facts.paced):
            return RuleSaid(False, f"{told}, but QRS is wide or paced")
        return RuleSaid(low <= axis <= high, told)

    return rule


def _st(sign: int) -> Callable[[_Facts], RuleSaid]:
    def rule(facts: _Facts) -> RuleSaid:
        if facts.wide or facts.paced:
            return RuleSaid(None, "QRS is wide or paced, so ST limits do not hold")
        over = {}
        for lead in LEADS:
            level = facts.lead("st", lead)
            limit = _st_limit(lead, facts) if sign > 0 else 0.05
            if lead != "aVR" and level is not None and sign * level >= limit:
                over[lead] = level
        pair = next((pair for pair in _NEIGHBOURS if all(lead in over for lead in pair)), None)
        if pair is None and (unread := _unread(facts)):
            return RuleSaid(None, f"{unread} cannot be read")
        if pair is None:
            return RuleSaid(False, "within limits in neighbouring leads")
        told = ", ".join(f"{lead} {over[lead]:+.2f} mV" for lead in LEADS if lead in over)
        return RuleSaid(True, f"J point {told}".replace("-", "\N{MINUS SIGN}"))

    return rule


def _unread(facts: _Facts) -> str:
    """Return the leads without a level of ST, in which a deviation would not be seen; aVR is not asked for."""
    return listed([lead for lead in LEADS if lead != "aVR" and facts.lead("st", lead) is None])


def _st_limit(lead: str, facts: _Facts) -> float:
    """Return the limit of ST elevation in mV (Thygesen 2018); that of young men in V2-V3 where sex is not known."""
    if lead not in ("V2", "V3"):
        return 0.1
    if facts.sex == "female":
        return 0.15
    return 0.2 if facts.sex == "male" and facts.age is not None and facts.age >= 40 else 0.25


def _t_inversion(facts: _Facts) -> RuleSaid:
    if facts.wide or facts.paced:
        return RuleSaid(None, "QRS is wide or paced, so T follows it")
    down = {}
    for lead in LEADS:
        t, r, s = (facts.lead(name, lead) for name in ("t", "r", "s"))
        if lead != "aVR" and t is not None and r is not None and s is not None and t <= -0.1 and r > s:
            down[lead] = t
    pair = next((pair for pair in _NEIGHBOURS if all(lead in down for lead in pair)), None)
    if pair is None and (unread := _unread(facts)):
        return RuleSaid(None, f"{unread} cannot be read")
    if pair is None:
        return RuleSaid(False, "none in neighbouring leads with a dominant R")
    return RuleSaid(True, f"T down in {', '.join(lead for lead in LEADS if lead in down)}")


def _long_qt(facts: _Facts) -> RuleSaid:
    qtc = facts.value("qtc_fridericia")
    if qtc is None:
        return RuleSaid(None, "QT refused")
    if facts.wide or facts.paced:
        return RuleSaid(None, f"QTc {qtc:.0f} ms with a wide QRS: read JTc")
    limit = 450 if facts.sex == "male" else 460
    return RuleSaid(qtc > limit, f"QTc {qtc:.0f} ms, limit {limit}" + ("" if facts.sex else " (sex not known)"))


def _left_hypertrophy(facts: _Facts) -> RuleSaid:
    if facts.wide or facts.paced:
        return RuleSaid(None, "QRS is wide or paced, so voltages do not tell")
    s1, s3, avl = facts.lead("s", "V1"), facts.lead("s", "V3"), facts.lead("r", "aVL")
    lateral = [r for lead in ("V5", "V6") if (r := facts.lead("r", lead)) is not None]
    if s1 is None or s3 is None or avl is None or not lateral:
        return RuleSaid(None, "a lead cannot be read")
    sokolow, cornell = s1 + max(lateral), avl + s3
    limit = 2.0 if facts.sex == "female" else 2.8
    told = f"Sokolow-Lyon {sokolow:.1f} mV, limit 3.5; Cornell {cornell:.1f} mV, limit {limit:.1f}"
    return RuleSaid(sokolow >= 3.5 or cornell > limit, told + ("" if facts.sex else " (sex not known)"))


def _right_hypertrophy(facts: _Facts) -> RuleSaid:
    r, s, axis = facts.lead("r", "V1"), facts.lead("s", "V1"), facts.value("qrs_axis")
    if r is None or s is None or axis is None:
        return RuleSaid(None, "V1 or the axis cannot be read")
    block = _right_block(facts).met
    return RuleSaid(
        (r > 0.6 or r > s) and axis >= 90 and not block, f"R in V1 {r:.1f} mV, axis {axis:.0f}\N{DEGREE SIGN}"
    )


def _low_voltage(facts: _Facts) -> RuleSaid:
    def highest(leads: tuple[str, ...]) -> float | None:
        sizes = [(facts.lead("r", lead), facts.lead("s", lead)) for lead in leads]
        known = [r + s for r, s in sizes if r is not None and s is not None]
        return max(known) if len(known) == len(leads) else None

    limb, chest = highest(_LIMB), highest(_CHEST)
    if limb is None or chest is None:
        return RuleSaid(None, "a lead cannot be read")
    return RuleSaid(limb < 0.5 or chest < 1.0, f"at most {limb:.1f} mV in limb leads, {chest:.1f} in chest leads")


def _terminal(facts: _Facts, lead: str) -> float | None:
    """Return the mean of the last 40 ms of the QRS complex in one lead of the median beat, mV."""
    beats, qrs = facts.found.beats, facts.value("qrs")
    if beats is None or qrs is None or not beats.qrs[1] > beats.qrs[0]:
        return None
    value = float(beats.level(max(beats.qrs[0], beats.qrs[1] - 40), beats.qrs[1])[LEADS.index(lead)])
    return None if value != value else value


def _dominant(facts: _Facts, lead: str) -> float:
    """Return R minus S in one lead in mV, 0 where it cannot be read."""
    r, s = facts.lead("r", lead), facts.lead("s", lead)
    return 0.0 if r is None or s is None else r - s


_RULES: dict[str, Callable[[_Facts], RuleSaid]] = {
    "sinus_rhythm": _sinus,
    "sinus_tachycardia": _sinus_rate(100, 400),
    "sinus_bradycardia": _sinus_rate(0, 60),
    "sinus_arrhythmia": _sinus_arrhythmia,
    "atrial_fibrillation": _rhythm(RhythmKind.FIBRILLATION),
    "atrial_flutter": _rhythm(RhythmKind.FLUTTER),
    "paced_rhythm": _rhythm(RhythmKind.VENTRICULAR_PACING),
    "complete_av_block": _rhythm(RhythmKind.COMPLETE_BLOCK),
    "first_degree_av_block": _interval("pr", "PR", 200),
    "right_bundle_branch_block": _right_block,
    "left_bundle_branch_block": _left_block,
    "left_anterior_fascicular_block": _axis(-90, -45, narrow=True),
    "intraventricular_conduction_delay": _delay,
    "pre_excitation": _pre_excitation,
    "st_elevation": _st(+1),
    "st_depression": _st(-1),
    "t_wave_inversion": _t_inversion,
    "long_qt": _long_qt,
    "left_ventricular_hypertrophy": _left_hypertrophy,
    "right_ventricular_hypertrophy": _right_hypertrophy,
    "low_qrs_voltage": _low_voltage,
    "left_axis_deviation": _axis(-90, -30),
    "right_axis_deviation": _axis(90, 180),
}
