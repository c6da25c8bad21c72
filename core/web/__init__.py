"""What pages and API share: routes as data, one middleware, errors, lists, the OpenAPI document."""
