"""Rules of what an operator looks into: the audit and its chain, explanations of refusals, and advice.

It waits for nothing and knows neither HTTP nor the command line.
"""
