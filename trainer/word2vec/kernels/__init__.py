"""The compiled part of word2vec: one walk over sessions, in blocks of four centers.

`walk` goes over the sessions of a chunk, finds their centers and cuts them into `blocks`. For each,
`architectures` chooses the rows: those of a center's context against the center's targets
(`skip_gram`), their mean against them (`cbow`), or four centers against their contexts and the
noise that they share (`shared_skip_gram`). `targets` are the center and noise (negative sampling)
or the nodes on the center's path (hierarchical softmax). `gradient` and `logistic` make steps of
scores, `tiles` computes both with the vectors of `simd`. `copies` keeps threads out of each other's
way.

The matrices are flat float32 arrays whose rows are padded with zeros to a multiple of sixteen
floats; padding stays zero because every step is a multiple of a row. Kernels validate nothing.
What other kernels call is compiled by `inner_jit`: such a function allocates nothing.
"""
