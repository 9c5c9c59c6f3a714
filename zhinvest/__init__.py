"""zhinvest: a spaCy pipeline package that reads Chinese industrial-investment news.

Importing the package costs nothing; its modules import what they need.
"""

from importlib.metadata import version

from zhinvest.labels import LABELS

__version__ = version("zhinvest")
__all__ = ["LABELS", "__version__"]
