"""`python -m ressq_runtime` is `ressq-infer`."""

from ressq_runtime.infer import run

run()
