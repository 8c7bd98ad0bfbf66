"""The operations of organizations."""
