"""How fast it is: one table, one run, against a bare handler on the same server. `python -m bench` runs it.

`__main__` reads the flags, `session` starts what is measured, `measure` does the rounds, `checks` measures what is no
load, `results` writes the table and the file. Servers are driven from outside only, as their callers would.
"""
