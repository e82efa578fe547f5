"""The base of every error of this package."""


class ContractError(Exception):
    """Something does not keep to the contracts. The text says what was wrong, with which input, and what to do."""
