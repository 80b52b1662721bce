"""The contract in OpenAPI 3.1, made from the models, the routes, the pages and the classes of errors."""
