"""A PC/SC service of our own: what libpcsclite's clients find through PCSCLITE_CSOCK_NAME.

`wire` is the message layout, `reader` one virtual reader and its rules of sharing, `pinpad` what SCardControl answers,
`session` one client's conversation, `service` the socket and the list of readers.
"""
