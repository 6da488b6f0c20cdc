"""The four algorithms: two architectures with two objectives."""

COMBINATIONS = (
    ("skip-gram", "negative-sampling"),
    ("skip-gram", "hierarchical-softmax"),
    ("cbow", "negative-sampling"),
    ("cbow", "hierarchical-softmax"),
)


def combination_name(architecture: str, objective: str) -> str:
    """The name of an architecture with an objective in a table."""
    return f"{architecture}, {objective.replace('-', ' ')}"
