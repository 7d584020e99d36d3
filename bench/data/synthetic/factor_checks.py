"""Factors of scenes that an experiment moves: refused where they cannot be drawn from."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from bench.data.synthetic.factors import FACTOR_LIMITS, Domain
from bench.problem import Problem
from models.registry import unknown_name

Factors = tuple[tuple[str, float | tuple[float, ...]], ...]


def checked_factors(
    domain: Domain, factors: Iterable[tuple[str, float | tuple[float, ...]]]
) -> Factors:
    """Return the ``factors`` that differ from those of ``domain``, by name and in order of names.

    So the same scenes are always described by the same words.

    Raises:
        Problem: an unknown factor, or a value of the wrong shape or out of its range.
    """
    own = vars(domain.factors)
    moved = {}
    for name, value in factors:
        if name not in own:
            raise Problem(unknown_name("factor of scenes", name, own))
        moved[name] = _checked(name, value, own[name])
    return tuple((name, moved[name]) for name in sorted(moved) if moved[name] != own[name])


def moved(domain: Domain, factors: Factors) -> Domain:
    """Return ``domain`` with the ``factors`` that were checked."""
    changes: dict[str, Any] = dict(factors)
    return replace(domain, factors=replace(domain.factors, **changes))


def _checked(
    name: str, value: float | tuple[float, ...], own: float | tuple[float, ...]
) -> float | tuple[float, ...]:
    """Return ``value`` in the type of the domain's ``own``."""
    pair = isinstance(own, tuple)
    numbers = value if isinstance(value, tuple) else (value,)
    whole = isinstance(own[0] if isinstance(own, tuple) else own, int)
    fits = isinstance(value, tuple) == pair and len(numbers) == (2 if pair else 1)
    if not fits or not all(_is_number(number, whole) for number in numbers):
        wanted = {
            (False, False): "a number",
            (False, True): "a whole number",
            (True, False): "a pair of numbers",
            (True, True): "a pair of whole numbers",
        }[pair, whole]
        raise Problem(f"factor '{name}' is {value!r}; give {wanted}, for example {own}")
    low, high = FACTOR_LIMITS[name]
    if not all(low <= number <= high for number in numbers):
        raise Problem(f"factor '{name}' is {value}; give at least {low:g} and at most {high:g}")
    if numbers[0] > numbers[-1]:
        raise Problem(f"factor '{name}' is {value}; the first number may not exceed the second")
    typed = tuple(int(number) if whole else float(number) for number in numbers)
    return typed if pair else typed[0]


def _is_number(value: object, whole: bool) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return not whole or float(value).is_integer()
