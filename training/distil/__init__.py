"""Distillation, with PyTorch alone: `python -m training.distil --help`.

An encoder of characters is trained to restore masked characters of unlabelled news (`pretrain`);
taggers over it learn from the public sets and the gold articles (`teach`); the best of them label
the unlabelled news with probabilities (`label`); one of them learns these probabilities together
with the gold articles (`refine`), and so does a small convolutional tagger (`student`). When there
is more gold, a teacher can go on from its weights (`adapt`), and so can the student. Input is the
file of `training.arrays`; `training.assemble` makes pipelines of what comes out.
"""
