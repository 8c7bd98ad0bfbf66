"""The API's reference is held to the server: the document, its page, and what is really answered."""
