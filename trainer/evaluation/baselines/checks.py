"""Refuses settings of baselines that mean nothing."""


def check_shares(settings: object, *names: str) -> None:
    """Refuses values outside 0 to 1.

    Raises:
        ValueError: one of the named attributes is.
    """
    for name in names:
        if not 0 <= getattr(settings, name) <= 1:
            raise ValueError(f"{name} = {getattr(settings, name)}: must be between 0 and 1")


def check_positive(settings: object, *names: str) -> None:
    """Refuses values that are not above 0; None is no value.

    Raises:
        ValueError: one of the named attributes is not.
    """
    for name in names:
        value = getattr(settings, name)
        if value is not None and not value > 0:
            raise ValueError(f"{name} = {value}: must be above 0")
