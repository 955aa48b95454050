"""Registers a host that wants to be pushed to, as clients of a Hikvision device do: with the list
that the device has, put back with an address in its first place.

Arguments: the device's port and the host's.
"""

import os
import sys
import urllib.request

device, host = sys.argv[1:]
address = f"http://127.0.0.1:{device}/ISAPI/Event/notification/httpHosts"
passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
passwords.add_password(None, address, "admin", os.environ["DEVICE_PASSWORD"])
client = urllib.request.build_opener(urllib.request.HTTPDigestAuthHandler(passwords))

hosts = client.open(address, timeout=10).read().decode()
for before, after in [
    ("<url>/</url>", "<url>/alarm</url>"),
    ("<ipAddress>0.0.0.0<", "<ipAddress>127.0.0.1<"),
    ("<portNo>80<", f"<portNo>{host}<"),
]:
    hosts = hosts.replace(before, after, 1)
client.open(urllib.request.Request(address, hosts.encode(), method="PUT"), timeout=10)
