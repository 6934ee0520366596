"""SOAP 1.1 with a Konnektor: one small function per operation that builds the request and reads the answer.

The only place where lxml lives. Element and namespace spelling is that of the official schemas (api-telematik OPB5).
"""
