"""Moving everything from one database to another, of whichever engine, and into a file and back.

`copying.copy` is the one way rows travel; `backup` makes and checks files of it, `restore` puts them back.
"""
