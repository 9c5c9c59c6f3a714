"""`zhinvest.CharTokenizer.v1`: text to characters, so that no entity is cut by a word boundary."""

import re
from collections.abc import Callable
from typing import Any, Final

from spacy.attrs import NORM, SHAPE
from spacy.language import Language
from spacy.tokens import Doc, Token
from spacy.util import DummyTokenizer, registry
from spacy.vocab import Vocab

from zhinvest.normalise import GLOSS, HAN, MARKUP, normalise, without_markup

_DIGIT: Final = "[0-9０-９]"
_THOUSANDS: Final = rf"{_DIGIT}{{1,3}}(?:,{_DIGIT}{{3}})+(?!{_DIGIT})"
_LIST_NUMBER: Final = rf"(?m:^){_DIGIT}{{1,2}}(?=[.．]{_DIGIT})"
_NUMBER: Final = rf"{_LIST_NUMBER}|(?:{_THOUSANDS}|{_DIGIT}+)(?:[.．]{_DIGIT}+)*"
_CAMEL_HEAD: Final = "[A-Z]?[a-z]{3,}(?=[A-Z])"
_LATIN: Final = rf"{_CAMEL_HEAD}|[A-Za-zＡ-Ｚａ-ｚ\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f]+"

_TOKEN: Final = re.compile(rf"({HAN}(?:{GLOSS})?|{_NUMBER}|{_LATIN}|{MARKUP}|\S)( ?)|\s+")

_ANY_DIGIT: Final = re.compile(r"\d")
_LONG_NUMBER: Final = re.compile("d{5,}")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class CharTokenizer(DummyTokenizer):
    """One token per Han character (with its pinyin gloss), digit run, Latin run, tag and mark.

    Non-destructive: the tokens with their spaces joined give the text back, whatever it is.
    A number at the start of a line is cut at its point, which may be that of a list (`1.3M口罩`).
    Two words written as one are two tokens (`RidleyProject`), units are not (`GWh`, `kWh`).
    `token.norm_` is the reading form (see `reading_form`) and `token.shape_` that form with digits
    masked; the vocabulary computes both once for each distinct token. Those of the tokens that it
    knows already are written anew, for every pipeline that has it: do not share a vocabulary with
    a pipeline that has another tokenizer.
    """

    def __init__(self, vocab: Vocab) -> None:
        self.vocab = vocab
        _override(vocab)

    def __call__(self, text: str) -> Doc:
        """Return a Doc of characters over `text`.

        Raises:
            ValueError: `text` holds a lone surrogate, which no encoding can carry.
        """
        if surrogate := _SURROGATE.search(text):
            raise ValueError(
                f"lone surrogate U+{ord(surrogate[0]):04X} at character {surrogate.start()}: "
                "replace it (for example by U+FFFD) before reading the text"
            )
        words: list[str] = []
        spaces: list[bool] = []
        for match in _TOKEN.finditer(text):
            words.append(match[1] or match[0])
            spaces.append(bool(match[2]))
        return Doc(self.vocab, words=words, spaces=spaces)

    def __reduce__(self) -> tuple[Any, ...]:
        return CharTokenizer, (self.vocab,)


def _override(vocab: Any) -> None:
    """Have `vocab` (untyped: spaCy's stub leaves the getters out) use our norms and shapes."""
    vocab.lex_attr_getters = {**vocab.lex_attr_getters, NORM: reading_form, SHAPE: masked}
    for lexeme in vocab:
        lexeme.norm_, lexeme.shape_ = reading_form(lexeme.orth_), masked(lexeme.orth_)


def reading_form(token: str) -> str:
    """Return the normalised form of a token (see `zhinvest.normalise`): of a tag, a blank.

    What HTML writes by a name or a number is the character that it stands for.
    """
    return normalise(without_markup(token))


def is_blank(token: Token) -> bool:
    """Return whether `token` is read as white space: white space itself, or a tag."""
    return bool(token.norm_.isspace())


def masked(token: str) -> str:
    """Return the reading form with every digit as d, at most four in a row.

    A single character of white space of any kind is a blank.
    """
    form = _LONG_NUMBER.sub("dddd", _ANY_DIGIT.sub("d", reading_form(token)))
    return " " if len(form) == 1 and form.isspace() else form


@registry.tokenizers("zhinvest.CharTokenizer.v1")
def make_char_tokenizer() -> Callable[[Language], CharTokenizer]:
    """Return the function with which spaCy builds the tokenizer of a pipeline."""

    def create(nlp: Language) -> CharTokenizer:
        return CharTokenizer(nlp.vocab)

    return create
