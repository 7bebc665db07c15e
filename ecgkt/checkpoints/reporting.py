"""What a reader of a model must be told, item by item: answered from its card, or with the reason why it is not.

The items are those of TRIPOD+AI (Collins 2024, doi 10.1136/bmj-2023-078378) and of Article 13(3) of Regulation (EU)
2024/1689, as far as they are about a model. To name them claims no conformity with either.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ecgkt import NOTICE
from ecgkt.checkpoints.cards import UNREVIEWED, Card
from ecgkt.domain.labels import Kind
from ecgkt.domain.records import Domain

Told = Callable[[Card], str]


@dataclass(frozen=True)
class Item:
    """One item: its place in a reader's order, its numbers in both standards, and the card's fields that answer it.

    `told` returns the answer, empty where the card has none; then `missing` is the reason.
    """

    section: str
    title: str
    tripod: str
    act: str
    fields: str
    told: Told
    missing: str = "the card has no field for it"

    def answer(self, card: Card) -> str:
        """Return what a reader is told; "Not reported: ..." where the card does not say it."""
        return self.told(card) or f"Not reported: {self.missing}."


WHAT, REVIEW, TRAINED, GOOD = "What it is", "Who has reviewed it", "On whom it was trained", "How good it is"
CALIBRATED, GROUPS, LIMITS = "Calibration", "Groups of patients", "Limits and risks"
OUTPUTS, INPUTS, OVERSIGHT = "How to read its outputs", "What it reads", "Human oversight"
COST, MADE, BEHIND = "What it costs to run", "How it was made", "Who stands behind it"
SECTIONS = (
    WHAT, REVIEW, TRAINED, GOOD, CALIBRATED, GROUPS, LIMITS, OUTPUTS, INPUTS, OVERSIGHT, COST, MADE, BEHIND,
)  # fmt: skip
_NOUNS = {
    Kind.TRACING: "findings on the tracing",
    Kind.VISIT: "diagnoses coded at the visit (ICD-10)",
    Kind.LAB: "laboratory abnormalities",
}


def _nothing(card: Card) -> str:
    return ""


def _purpose(card: Card) -> str:
    counts = ", ".join(f"{len(card.labels.of_kind(kind))} {_NOUNS[kind]}" for kind in card.labels.kinds)
    beside = " and the clinical values known by then" if card.table_names else ""
    return (
        f"Gives {len(card.labels)} scores from a 12-lead ECG{beside}: {counts}. Made to study and to show such models."
    )


def _not_for(card: Card) -> str:
    return f"{NOTICE}. No score may decide about a person."


def _domain(card: Card) -> str:
    return {Domain.SIMULATED: "SIMULATED patients, no real one", Domain.REAL: "Real patients"}.get(
        card.training_domain, "Patients of no known kind"
    )


def _trained(card: Card) -> str:
    facts = card.training
    size = [
        f"{int(facts[key]):,} {word}"
        for key, word in (("recordings", "ECGs"), ("subjects", "patients"))
        if key in facts
    ]
    where = f", cohort {facts['cohort']}" if "cohort" in facts else ""
    return f"{_domain(card)}{': ' if size else ''}{' of '.join(size)}{where}."


def _split(card: Card) -> str:
    rule = card.training.get("split")
    return f"Patients were split by the rule {rule}; each is in one part only." if rule else ""


def _settings(card: Card) -> str:
    settings = card.training_facts.get("settings", "")
    recipe = card.training.get("recipe")
    return f"Recipe {recipe}. {settings[:1].upper()}{settings[1:]}." if recipe else ""


def _events(card: Card) -> str:
    return "With every AUROC below: positives, and of how many." if card.estimates else ""


def _sets(card: Card) -> str:
    return (
        f"AUROC with 95% intervals by resampling patients, on: {'; '.join(card.estimates)}." if card.estimates else ""
    )


def _shift(card: Card) -> str:
    if card.training_domain is not Domain.SIMULATED:
        return ""
    real = [where.removeprefix("real, ") for where in card.estimates if where.startswith("real")]
    beside = f"Real ECGs it was measured on: {', '.join(real)}." if real else "It was measured on no real ECG."
    return f"Trained on SIMULATED patients. {beside}"


def _calibration(card: Card) -> str:
    one = card.calibration
    return (
        f"Platt scaling per target on {one.rows:,} tuning ECGs, {one.domain}. Elsewhere: uncalibrated." if one else ""
    )


def _limits(card: Card) -> str:
    return " ".join(card.limits)


def _outputs(card: Card) -> str:
    said = []
    if card.calibration is not None:
        said.append(
            f"On {card.calibration.domain} ECGs a frequency (1 in 3 such ECGs); a laboratory target's, among patients "
            "who had the test."
        )
    if card.reference is not None:
        said.append(
            f"On every other ECG the rank of the score among {card.reference.records} real ECGs "
            f"({card.reference.name}). {card.reference.source} A rank is no probability."
        )
    return " ".join(said)


def _explained(card: Card) -> str:
    return "A map of each score on the ECG (integrated gradients), with what it misses. No map is a cause."


def _input(card: Card) -> str:
    tables = f" Clinical values beside it: {', '.join(card.table_names)}." if card.table_names else ""
    return (
        f"12 leads by name; {card.preprocessing.description} (preprocessing {card.preprocessing.fingerprint}).{tables}"
    )


def _abstains(card: Card) -> str:
    return "It abstains, with the reason, where an ECG cannot be read; gaps are not filled in."


def _targets(card: Card) -> str:
    return "Each target has a rule, codes and a source in the card; a target without information is masked."


def _oversight(card: Card) -> str:
    return "A person reads the ECG first; nothing acts on a score, and no threshold is set."


def _made(card: Card) -> str:
    return "\n".join(f"{what}: {command}" for what, command in card.commands.items())


def _specification(card: Card) -> str:
    told = ", ".join(f"{key} {value}" for key, value in card.architecture.items() if key != "tables")
    return f"{told[:1].upper()}{told[1:]}; weights in one file (SHA-256 {card.weights_sha256[:12]})." if told else ""


def _code(card: Card) -> str:
    return f"ecgkt {card.code_version}, Apache-2.0." if card.code_version else ""


def _provenance(card: Card) -> str:
    parents = ", ".join(f"{stage} {parent}" for stage, parent in card.parents.items()) or "no earlier stage"
    return f"Checkpoint {card.id}, arm {card.arm}; from {parents}; labels {card.labels.fingerprint}."


def _ethics(card: Card) -> str:
    return "No patient took part in training." if card.training_domain is Domain.SIMULATED else ""


def _data(card: Card) -> str:
    weights = card.commands.get("weights")
    return f"The simulated cohort is made anew by {weights}." if weights and not _is_real(card) else ""


def _is_real(card: Card) -> bool:
    return card.training_domain is not Domain.SIMULATED


def _logs(card: Card) -> str:
    return "None: the app keeps no case, score or identifier after a session."


ITEMS = (
    Item(WHAT, "Purpose", "1, 3b, 4", "(b)(i)", "labels, architecture", _purpose),
    Item(WHAT, "Not for", "3b, 27b", "(b)(i), (b)(iii)", "the notice of the software", _not_for),
    Item(REVIEW, "Review", "27c", "(b)(ii)", "statement", lambda card: UNREVIEWED),
    Item(TRAINED, "Training data", "5a, 20b", "(b)(vi)", "training, training_domain", _trained),
    Item(TRAINED, "Who was eligible, who was left out", "6b, 20a", "(b)(vi)", "training.cohort",
         lambda card: "Page Cohort, where it shows the cohort named here." if "cohort" in card.training else ""),
    Item(TRAINED, "Places, dates, treatments", "5b, 6a, 6c", "(b)(vi)", "training_domain",
         lambda card: "" if _is_real(card) else "None: simulated patients have no hospital and no calendar."),
    Item(TRAINED, "Parts", "12a", "(b)(vi)", "training.split", _split),
    Item(TRAINED, "Targets and their rules", "8a to 8c", "(b)(vi)", "labels", _targets),
    Item(TRAINED, "Sample size", "10", "", "", _nothing, "no calculation was made"),
    Item(TRAINED, "Class imbalance", "13", "", "", _nothing, "nothing was rebalanced that the card knows of"),
    Item(GOOD, "Measures and sets", "12e, 23a", "(b)(ii)", "estimates", _sets),
    Item(GOOD, "Positives of each target", "21", "(b)(ii)", "estimates", _events),
    Item(GOOD, "From training to real ECGs", "16, 20c", "(b)(ii)", "training_domain, estimates", _shift),
    Item(GOOD, "Robustness, cybersecurity", "", "(b)(ii)", "", _nothing,
         "no figure of artefacts, of other devices or of attacks stands in the card"),
    Item(CALIBRATED, "How it was calibrated", "12g, 23a", "(b)(ii)", "calibration", _calibration),
    Item(GROUPS, "Performance by group", "14, 23a", "(b)(v)", "", _nothing,
         "the card holds no figure by group; by age, sex and setting: page Compare, The whole cohort"),
    Item(GROUPS, "Differences between places", "12d, 23b", "(b)(v)", "", _nothing,
         "the card knows one source of patients"),
    Item(GROUPS, "Health inequalities", "3c, 14", "(b)(v)", "", _nothing,
         "no study was made that the card knows of"),
    Item(LIMITS, "Known limits", "26", "(b)(iii)", "limits", _limits),
    Item(LIMITS, "Risks in foreseeable use", "26", "(b)(iii)", "", _nothing, "no risk analysis stands in the card"),
    Item(OUTPUTS, "What a figure means", "15, 12g", "(b)(vii)", "calibration, reference", _outputs),
    Item(OUTPUTS, "Where it comes from", "25", "(b)(iv)", "the software", _explained),
    Item(INPUTS, "Input", "7, 9a to 9c", "(b)(vi)", "preprocessing, architecture.tables", _input),
    Item(INPUTS, "Missing or poor input", "11, 27a", "(b)(vi)", "the software", _abstains),
    Item(OVERSIGHT, "Human oversight", "27b", "(d)", "the software", _oversight),
    Item(COST, "Lifetime, maintenance, updates", "24", "(c), (e)", "", _nothing,
         "none is promised, no change is planned"),
    Item(MADE, "Commands", "12c", "", "commands", _made),
    Item(MADE, "Settings", "12b, 12c", "", "training.recipe, training.settings", _settings),
    Item(MADE, "Architecture", "12c, 22", "(b)(iv)", "architecture, weights_sha256", _specification),
    Item(MADE, "Provenance", "22", "", "id, parents, labels_fingerprint", _provenance),
    Item(MADE, "Code", "18f", "(e)", "code_version", _code),
    Item(MADE, "Data", "18e", "(b)(vi)", "commands.weights", _data, "the card names no way to get them"),
    Item(BEHIND, "Provider", "", "(a)", "", _nothing, "the card names none, and nobody vouches for it"),
    Item(BEHIND, "Ethics", "17", "", "training_domain", _ethics),
    Item(BEHIND, "Funding, conflicts, protocol, registration", "18a to 18d", "", "", _nothing),
    Item(BEHIND, "Patients and public", "19", "", "", _nothing, "none took part that the card knows of"),
    Item(BEHIND, "Logs", "", "(f)", "the software", _logs),
)  # fmt: skip


def of_section(section: str) -> tuple[Item, ...]:
    """Return the items of one section in their order."""
    return tuple(item for item in ITEMS if item.section == section)
