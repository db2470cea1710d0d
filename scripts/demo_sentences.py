"""English sentences of everyday lengths for the demo model, the same at every call."""

SUBJECTS = [
    "The night train to the coast", "A small bakery on the corner", "Our neighbour's old piano",
    "The committee in charge of the budget", "Every volunteer at the river clean-up",
    "The new heat pump in the basement", "A letter from the city archive", "The school orchestra",
]
VERBS = [
    "arrived an hour later than planned", "was sold before anyone could object",
    "needs a little more attention than it gets", "has surprised all of us again",
    "works best when nobody watches it", "will be repaired in the spring",
    "cost less than the estimate had promised", "turned out to be older than we thought",
]
TAILS = [
    "", "because the weather had changed overnight", "although the newspaper said otherwise",
    "and the children talked about it for days, asking who had known and why nobody had told them",
    "while the rest of the street was still asleep",
    "which is why the second meeting, the one with the engineers, was moved to Thursday afternoon",
    "so we kept the receipts", "even though it had rained since early in the morning",
]


def sentences(count: int) -> list[str]:
    """`count` sentences of 7 to 30 words; neighbours differ in subject, verb and length."""
    made = []
    for i in range(count):
        subject = SUBJECTS[i % len(SUBJECTS)]
        verb = VERBS[(i * 3 + i // len(SUBJECTS)) % len(VERBS)]
        tail = TAILS[(i * 5 + i // 11) % len(TAILS)]
        made.append(f"{subject} {verb} {tail}".strip() + ".")
    return made
