"""zhinvest: a spaCy pipeline package that reads Chinese industrial-investment news."""

from importlib.metadata import version

from zhinvest.documents import CorpusError, Document, read_documents, write_documents
from zhinvest.labels import LABELS

__version__ = version("zhinvest")
__all__ = ["LABELS", "CorpusError", "Document", "__version__", "read_documents", "write_documents"]
