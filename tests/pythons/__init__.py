"""The Pythons that the product is promised for: where they are, an environment for each, and a smoke to try there."""
