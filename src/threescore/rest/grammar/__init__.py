"""The grammars of REST Core's paths and query strings: text in, plain values out.

Nothing here knows a model. Every function takes any text and raises nothing but `BadRequest`.
"""
