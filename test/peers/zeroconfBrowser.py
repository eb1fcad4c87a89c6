"""Looks for Wyoming services as Home Assistant does, on loopback, and prints a line for each change.

usage: zeroconfBrowser.py     (needs zeroconf of PyPI, or Debian's python3-zeroconf)
"""

import time

from zeroconf import ServiceBrowser, ServiceListener, Zeroconf

TYPE = "_wyoming._tcp.local."


class Listener(ServiceListener):
    def add_service(self, zc, type_, name):
        info = zc.get_service_info(type_, name)
        if info:
            print("added", name.removesuffix("." + TYPE), info.port, info.parsed_addresses()[0], flush=True)

    def update_service(self, zc, type_, name):
        pass

    def remove_service(self, zc, type_, name):
        print("removed", name.removesuffix("." + TYPE), flush=True)


with Zeroconf(interfaces=["127.0.0.1"]) as zeroconf:
    ServiceBrowser(zeroconf, TYPE, Listener())
    print("ready", flush=True)
    while True:
        time.sleep(1)
