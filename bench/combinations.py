"""The four algorithms: what predicts, against what."""

COMBINATIONS = (
    ("skip-gram", "negative-sampling"),
    ("skip-gram", "hierarchical-softmax"),
    ("cbow", "negative-sampling"),
    ("cbow", "hierarchical-softmax"),
)


def combination_name(architecture: str, objective: str) -> str:
    """What a table calls an architecture with an objective."""
    return f"{architecture}, {objective.replace('-', ' ')}"
