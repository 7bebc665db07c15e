"""A model's opinion beside what rules alone say: where both agree, and what each of them adds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ecgkt.domain import Predictions

EVEN = 0.5


@dataclass(frozen=True)
class Added:
    """Targets, by name, that the model or the rules put forward on one ECG; `compared` had an answer of both.

    `both` of them; `model_alone` against the rule; `rules_alone` against the model; `no_rule`: the model, where no
    rule could be applied.
    """

    compared: tuple[str, ...]
    both: tuple[str, ...]
    model_alone: tuple[str, ...]
    rules_alone: tuple[str, ...]
    no_rule: tuple[str, ...]

    @property
    def agreed(self) -> int:
        """How many of the compared targets both answer alike."""
        return len(self.compared) - len(self.model_alone) - len(self.rules_alone)


def model_says(predictions: Predictions, name: str, reference_share: float | None = None, row: int = 0) -> bool | None:
    """Return whether a model puts a target forward on one ECG, None where that cannot be said.

    Where calibrated: in half of such ECGs or more. Elsewhere: where the ECG ranks among as many of the reference set
    as have the target there (`reference_share` of it), so that nothing is put forward that the set does not hold.
    """
    if predictions.abstained[row] is not None:
        return None
    if predictions.calibrated:
        frequency = predictions.frequency(name, row)
        return (predictions.probability(name, row) if frequency is None else frequency.value) >= EVEN
    rank = predictions.rank(name, row)
    if rank is None or reference_share is None:
        return None
    return reference_share > 0 and rank >= 1 - reference_share


def what_was_added(names: Sequence[str], model: Mapping[str, bool | None], rules: Mapping[str, bool | None]) -> Added:
    """Compare what a model and rules say of some targets; a target without an answer (None, or absent) is no answer."""
    compared = tuple(name for name in names if model.get(name) is not None and rules.get(name) is not None)
    return Added(
        compared,
        both=tuple(name for name in compared if model[name] and rules[name]),
        model_alone=tuple(name for name in compared if model[name] and not rules[name]),
        rules_alone=tuple(name for name in compared if rules[name] and not model[name]),
        no_rule=tuple(name for name in names if model.get(name) and rules.get(name) is None),
    )


def added_words(added: Added, titles: Mapping[str, str]) -> str:
    """Return in one or two sentences what the model added to the rules, and the rules to the model."""

    def told(names: Sequence[str]) -> str:
        return ", ".join(titles[name] for name in names)

    if not added.compared and not added.no_rule:
        return "Model and rules have no target in common here."
    parts = [f"Model and rules agree on {added.agreed} of {len(added.compared)} targets"]
    parts += [f"both say {told(added.both)}"] if added.both else []
    parts += [f"against the rules the model says {told(added.model_alone)}"] if added.model_alone else []
    parts += [f"where no rule applies it says {told(added.no_rule)}"] if added.no_rule else []
    parts += [f"the rules alone say {told(added.rules_alone)}"] if added.rules_alone else []
    if not added.model_alone and not added.no_rule:
        parts.append("the model adds nothing that they do not say")
    return "; ".join(parts) + "."
