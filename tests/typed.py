"""The run-time type checker of the tests."""

from beartype import BeartypeConf, beartype

# As every static checker has it, a whole number is a float too (PEP 484).
checked = beartype(conf=BeartypeConf(is_pep484_tower=True))
