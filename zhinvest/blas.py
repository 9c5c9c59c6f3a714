"""`zhinvest.openblas.v1`: matrix products through numpy's OpenBLAS instead of blis.

thinc's CPU backend multiplies with blis, which on the x86-64 machines measured reaches a third of
OpenBLAS's speed at our layer sizes; the results agree to rounding. The setting concerns the
models of one pipeline only, nothing global.
"""

from collections.abc import Callable

from spacy.language import Language
from spacy.util import registry
from thinc.api import Model, NumpyOps


def use_openblas(nlp: Language) -> Language:
    """Have the models of `nlp` that run on the CPU use OpenBLAS; return `nlp`."""
    ops = NumpyOps(use_blis=False)
    for _, component in nlp.components:
        model = getattr(component, "model", None)
        for node in model.walk() if isinstance(model, Model) else ():
            if isinstance(node.ops, NumpyOps):
                node.ops = ops
    return nlp


@registry.callbacks("zhinvest.openblas.v1")
def make_openblas() -> Callable[[Language], Language]:
    """Return the callback for the `after_pipeline_creation` setting of a config."""
    return use_openblas
