"""Bureaus: one package for each gateway, all of the same shape.

`provider` declares capabilities and parameters, `gateway` is one account, `wire` builds requests and parses answers,
`codes` maps the bureau's codes, and `errors` says what its refusals mean. Beside the packages are the modules that
every gateway uses: `parameters`, `json_answers` and `pdf_reports`.
"""
