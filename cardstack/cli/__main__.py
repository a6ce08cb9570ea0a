"""`python -m cardstack.cli`."""

from cardstack.cli import main

main()
