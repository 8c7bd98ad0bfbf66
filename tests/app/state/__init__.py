"""The operations of state kept between requests."""
