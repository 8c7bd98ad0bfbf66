"""Customers in files: columns, CSV and JSON lines, what is wrong in a row, the import and its dry run.

Everything that is written goes through the package of customers.
"""
