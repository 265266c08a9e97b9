"""`python -m ressq_runtime` is `ressq-infer`."""

from ressq_runtime.commands.infer import run

run()
