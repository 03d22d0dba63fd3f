"""The nouns: values that every room of the house may hold."""
