"""The compiled part of word2vec: one walk over sessions, one gradient.

`walk` goes over the centers of the sessions. At each, `hidden` says which rows are scored: those of
the context (skip-gram) or their mean (CBOW). `targets` says which output rows they are scored
against: the center and noise (negative sampling) or the nodes on the center's path (hierarchical
softmax). `gradient` takes the step, with the loss of `logistic`; both compute with the vectors of
`simd`.

The matrices are flat float32 arrays whose rows are padded with zeros to a multiple of sixteen
floats; padding stays zero because every step is a multiple of a row. Kernels validate nothing.
"""
