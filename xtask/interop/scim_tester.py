"""Runs scim2-tester against the example server; any error of the suite fails the run."""

import argparse

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

from example_server import ExampleServer

TENANT = "acme"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True)
    arguments = parser.parse_args()
    with ExampleServer(arguments.server) as server:
        server.command("tenant", "create", "--id", TENANT, "--profile", "standard")
        token = server.command("token", "issue", "--tenant", TENANT)
        headers = {"Authorization": f"Bearer {token}"}
        with Client(base_url=f"{server.url}/scim/v2", headers=headers, timeout=30) as http:
            results = check_server(SyncSCIMClient(http))
    counts = {status: sum(result.status == status for result in results) for status in Status}
    for result in results:
        if result.status in (Status.CRITICAL, Status.ERROR, Status.DEVIATION):
            print(f"   {result.status.name.lower()}: {result.title}: {result.reason}")
    print("   " + ", ".join(f"{status.name.lower()} {count}" for status, count in counts.items()))
    if not results or not counts[Status.SUCCESS]:
        raise SystemExit("the suite ran no check")
    if counts[Status.ERROR] or counts[Status.CRITICAL]:
        raise SystemExit(f"{counts[Status.ERROR]} errors, {counts[Status.CRITICAL]} critical")


main()
