"""The API's reference: the OpenAPI document, made from the routes that are served, and the page that shows it."""
