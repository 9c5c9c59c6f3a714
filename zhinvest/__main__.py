"""`python -m zhinvest`: the command line."""

from zhinvest.cli import app

app(prog_name="zhinvest")
