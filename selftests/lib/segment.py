# SPDX-License-Identifier: GPL-2.0
"""TCP segments whose source is of our choice.

    send_segment(pod, source, to, flags)	one of IPv4, from there; source and to are
		pairs of an address and a port
"""

import socket
import struct

from l7 import in_pod

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xffff)
    return ~(total + (total >> 16)) & 0xffff


def send_segment(pod, source, to, flags=SYN):
    tcp = struct.pack("!HHIIBBHHH", source[1], to[1], 1, 0, 5 << 4, flags, 1024, 0, 0)
    addresses = socket.inet_aton(source[0]) + socket.inet_aton(to[0])
    pseudo = addresses + struct.pack("!BBH", 0, 6, len(tcp))
    tcp = tcp[:16] + struct.pack("!H", checksum(pseudo + tcp)) + tcp[18:]
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 40, 1, 0, 64, 6, 0) + addresses
    with in_pod(pod), socket.socket(socket.AF_INET, socket.SOCK_RAW,
                                    socket.IPPROTO_RAW) as s:
        s.sendto(ip + tcp, (to[0], 0))
