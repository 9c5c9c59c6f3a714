"""Amounts of money and capacities as numbers: `read_figure`, and the component that uses it."""

from zhinvest.figures.reading import Figure, read_figure

__all__ = ["Figure", "read_figure"]
