# SPDX-License-Identifier: GPL-2.0
"""What a TLS client says first."""

import contextlib
import ssl


def hello(name=None, alpn=(), tls12=False):
    """As OpenSSL says it: one record. It asks for the server of that name, if any."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    if alpn:
        context.set_alpn_protocols(alpn)
    if tls12:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    said = ssl.MemoryBIO()
    tls = context.wrap_bio(ssl.MemoryBIO(), said, server_hostname=name)
    with contextlib.suppress(ssl.SSLWantReadError):
        tls.do_handshake()
    return said.read()
