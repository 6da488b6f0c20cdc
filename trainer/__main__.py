"""`python -m trainer` is `item2vec`."""

from trainer.cli import main

main()
