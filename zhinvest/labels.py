"""The four labels of every gold set and model, and the colours that displaCy gives them."""

from typing import Final

LABELS: Final = ("ORG", "PLACE", "MONEY", "CAPACITY")

COLOURS: Final = {
    "ORG": "#9ecbff",
    "PLACE": "#a8e6b0",
    "MONEY": "#ffd58a",
    "CAPACITY": "#f3b0c3",
}
